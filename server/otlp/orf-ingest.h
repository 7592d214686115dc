/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"
#include "core/orf-queue.h"
#include "otlp/orf-otlp-arena.h"
#include "otlp/orf-otlp-mapper.h"

G_BEGIN_DECLS

/*
 * The ingest thread: large bodies are unpacked and decoded here, one after the other, so that the
 * main context never does it.  What becomes of one goes back there as the job that it came with.
 */
typedef struct _OrfIngest OrfIngest;

/* What the thread owns, and a job's work may use: OrfJob.work gets it as its state. */
typedef struct {
  OrfOtlpArena *arena;   /* reset by whoever uses it next */
  OrfOtlpMapper *mapper; /* of metrics */
  OrfMemory *memory;
  gsize mapper_bytes; /* as counted there */
} OrfIngestState;

/* memory outlives it. */
OrfIngest *orf_ingest_new (char *const *promote, OrfMemory *memory, GError **error);
/* Works off what is queued, and ends the thread; what comes back is dispatched. */
void orf_ingest_free (OrfIngest *ingest);

/* job->reply is set here.  FALSE: the queue is full, the job is still the caller's. */
gboolean orf_ingest_push (OrfIngest *ingest, OrfJob *job);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfIngest, orf_ingest_free)

G_END_DECLS
