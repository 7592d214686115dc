/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: the state is the thread's alone from its start to its end.
 */
#include "otlp/orf-ingest.h"

#include "core/orf-thread.h"

/* More than may be in flight; what counts is their bytes. */
#define MAX_JOBS 100000

struct _OrfIngest {
  OrfIngestState state;
  OrfQueue *jobs, *replies;
  pthread_t thread;
};

/* What it remembers grows with what it is sent. */
static void
count_mapper (OrfIngestState *state)
{
  gsize bytes = orf_otlp_mapper_get_size_bytes (state->mapper);

  orf_memory_add (state->memory, ORF_MEMORY_INGEST, (gint64) bytes - (gint64) state->mapper_bytes);
  state->mapper_bytes = bytes;
}

static void *
ingest_thread_cb (void *data)
{
  OrfIngest *ingest = data;
  OrfJob *job;

  while ((job = orf_queue_pop (ingest->jobs, -1)) != NULL) {
    job->work (job, &ingest->state);
    count_mapper (&ingest->state);
    orf_job_reply (job);
  }
  return NULL;
}

OrfIngest *
orf_ingest_new (char *const *promote, OrfMemory *memory, GError **error)
{
  g_autofree OrfIngest *ingest = g_new0 (OrfIngest, 1);

  ingest->jobs = orf_queue_new (1, MAX_JOBS);
  ingest->replies = orf_queue_new (1, MAX_JOBS);
  ingest->state = (OrfIngestState){ orf_otlp_arena_new (), orf_otlp_mapper_new (promote), memory,
                                    0 };
  orf_queue_attach (ingest->replies, NULL);
  if (orf_thread_start (&ingest->thread, "ingest", ingest_thread_cb, ingest, error))
    return g_steal_pointer (&ingest);
  orf_otlp_arena_free (ingest->state.arena);
  orf_otlp_mapper_free (ingest->state.mapper);
  orf_queue_unref (ingest->jobs);
  orf_queue_unref (ingest->replies);
  return NULL;
}

void
orf_ingest_free (OrfIngest *ingest)
{
  orf_queue_close (ingest->jobs);
  pthread_join (ingest->thread, NULL);
  orf_queue_dispatch (ingest->replies);
  orf_memory_add (ingest->state.memory, ORF_MEMORY_INGEST, -(gint64) ingest->state.mapper_bytes);
  orf_otlp_arena_free (ingest->state.arena);
  orf_otlp_mapper_free (ingest->state.mapper);
  orf_queue_unref (ingest->jobs);
  orf_queue_unref (ingest->replies);
  g_free (ingest);
}

gboolean
orf_ingest_push (OrfIngest *ingest, OrfJob *job)
{
  job->reply = ingest->replies;
  return orf_queue_push (ingest->jobs, 0, job);
}
