/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-cancel.h"
#include "core/orf-memory.h"
#include "core/orf-queue.h"
#include "rpc/orf-call-meta.h"

G_BEGIN_DECLS

/*
 * A thread that reads large texts of calls, one after the other, so that the main context never
 * does: JSON of a MiB takes it 40 ms.  What was given first comes back first.  It also writes large
 * answers, which go before texts: a MiB takes 4 ms.
 */
typedef struct _OrfRpcReader OrfRpcReader;
typedef struct _OrfRpcReading OrfRpcReading;

/* One text, and what becomes of it; the first member of a struct of whoever wants it read. */
struct _OrfRpcReading {
  OrfJob job; /* the reader's, as all but the functions and `owner` is */
  OrfMemory *memory;
  OrfCancel *gone; /* nobody waits any more: it is not read, nor is that told */
  GBytes *text;
  gsize length;
  OrfCallMeta meta;                      /* what came beside it */
  gpointer owner;                        /* for `done` */
  void (*read) (OrfRpcReading *reading); /* in the thread */
  void (*done) (OrfRpcReading *reading); /* in the main context; the text is gone then */
  void (*free) (OrfRpcReading *reading); /* itself, and all but the reader's */
};

/* Texts from min_bytes on are read; memory outlives it. */
OrfRpcReader *orf_rpc_reader_new (gsize min_bytes, OrfMemory *memory, GError **error);
/* Ends the thread; what it has read is still told. */
void orf_rpc_reader_free (OrfRpcReader *reader);

/* Whether a text of that length is read, or made of a result of that size, there; never where
 * reader is NULL. */
gboolean orf_rpc_reader_wants (const OrfRpcReader *reader, gsize length);
/* A copy for that.  NULL: too much waits already. */
GBytes *orf_rpc_reader_copy (OrfRpcReader *reader, const char *text, gsize length, GError **error);
/* Takes a reference to text, and copies meta, which may be NULL.  FALSE: too much waits already
 * ([memory] rpc_bytes), and reading is freed. */
gboolean orf_rpc_reader_push (OrfRpcReader *reader,
                              OrfRpcReading *reading,
                              GBytes *text,
                              const OrfCallMeta *meta,
                              GError **error);
/* An answer to be written, however much waits: it is held in any case.  Sets job->reply. */
void orf_rpc_reader_write (OrfRpcReader *reader, OrfJob *job);
/* `done` is not called any more. */
void orf_rpc_reading_abandon (OrfRpcReading *reading);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRpcReader, orf_rpc_reader_free)

G_END_DECLS
