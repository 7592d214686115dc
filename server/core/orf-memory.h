/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * What each part of the daemon holds, against what it may hold, and whether the whole is so short
 * that samples from outside are refused.  A part counts what it holds where it holds it; nothing
 * here measures or guesses.  Main context only, but for orf_memory_add().  Where an OrfMemory is
 * taken, NULL is one without bounds.
 */
typedef struct _OrfMemory OrfMemory;

typedef enum {
  ORF_MEMORY_REGISTRY, /* series, their names and labels, and what is told of them to Prometheus */
  ORF_MEMORY_OPEN_CHUNKS, /* the last minutes of samples */
  ORF_MEMORY_SQLITE,      /* page caches, statements: the whole process's */
  ORF_MEMORY_WRITES,      /* what waits to be written */
  ORF_MEMORY_CONNECTIONS, /* HTTP and Unix socket: what came, and what is not sent yet */
  ORF_MEMORY_RPC,         /* calls in flight: parameters, answers that wait for others */
  ORF_MEMORY_QUERIES,     /* points that queries gather */
  ORF_MEMORY_STREAMS,     /* subscribers' queues */
  ORF_MEMORY_INGEST,      /* OTLP: bodies, what is made of them, which series they mean */
  ORF_MEMORY_ALERTS,      /* rules, the points in their windows, alerts that are not over */
  ORF_MEMORY_FORECASTS,   /* what forecasters have learnt, forecasts that wait for their time */
  ORF_MEMORY_CACHE,       /* the cache's first level; beside the whole, which it does not share */
  ORF_MEMORY_ANOMALIES,   /* what is learnt of series that are watched */
  ORF_N_MEMORY_PARTS,
} OrfMemoryPart;

typedef struct {
  gint64 used_bytes;
  gint64 budget_bytes;
} OrfMemoryUse;

/* What a part that is full still takes: the small things by which all else goes on. */
#define ORF_MEMORY_SMALL_BYTES (64 * 1024)

/* config outlives it, and is looked at each time, so that a reload takes hold. */
OrfMemory *orf_memory_new (const OrfConfig *config);
void orf_memory_free (OrfMemory *memory);

/* For a part that is counted here: bytes more, or fewer.  Any thread. */
void orf_memory_add (OrfMemory *memory, OrfMemoryPart part, gint64 bytes);
/* For a part that counts by itself: get_used_bytes is asked at every use, so it has to be cheap.
 * NULL: no more, its owner goes. */
void orf_memory_report (OrfMemory *memory,
                        OrfMemoryPart part,
                        gint64 (*get_used_bytes) (gpointer user_data),
                        gpointer user_data);
/* What the kernel counts for the process; parts that grow later are added to it. */
void orf_memory_note_resident (OrfMemory *memory, gint64 rss_bytes);

OrfMemoryUse orf_memory_get_use (OrfMemory *memory, OrfMemoryPart part);
OrfMemoryUse orf_memory_get_whole (OrfMemory *memory);
/* As it was when last looked at: from [memory] ingest_stop_percent of the whole on, until it is
 * below ingest_resume_percent. */
gboolean orf_memory_is_short (OrfMemory *memory);

/* RESOURCE_EXHAUSTED with retry_after_ms, and the key that says so: the part holds all it may. */
gboolean orf_memory_check_part (OrfMemory *memory, OrfMemoryPart part, GError **error);
/* The same where the whole is short. */
gboolean orf_memory_check_ingest (OrfMemory *memory, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfMemory, orf_memory_free)

G_END_DECLS
