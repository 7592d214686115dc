/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: from its push until it is done a reading is the thread's; who pushed it holds it only
 * to abandon it, for which the flag is enough.
 */
#include "rpc/orf-rpc-reader.h"

#include "core/orf-thread.h"
#include "orf-error.h"

/* More than could come: what bounds texts is their bytes, answers the calls in flight. */
#define MAX_JOBS 10000000
/* What a caller is told to wait: some large texts are read meanwhile. */
#define RETRY_MS 1000

enum { LANE_ANSWERS, LANE_TEXTS, N_LANES };

struct _OrfRpcReader {
  gsize min_bytes;
  OrfMemory *memory;
  OrfQueue *jobs, *replies;
  pthread_t thread;
};

static void
work_cb (OrfJob *job, gpointer state G_GNUC_UNUSED)
{
  OrfRpcReading *reading = (OrfRpcReading *) job;

  if (!orf_cancel_is_set (reading->gone))
    reading->read (reading);
  g_clear_pointer (&reading->text, g_bytes_unref);
  orf_job_reply (job);
}

static void
done_cb (OrfJob *job)
{
  OrfRpcReading *reading = (OrfRpcReading *) job;

  if (!orf_cancel_is_set (reading->gone))
    reading->done (reading);
}

static void
free_cb (OrfJob *job)
{
  OrfRpcReading *reading = (OrfRpcReading *) job;

  orf_memory_add (reading->memory, ORF_MEMORY_RPC, -(gint64) reading->length);
  orf_cancel_unref (reading->gone);
  g_clear_pointer (&reading->text, g_bytes_unref);
  orf_call_meta_clear (&reading->meta);
  reading->free (reading);
}

gboolean
orf_rpc_reader_wants (const OrfRpcReader *reader, gsize length)
{
  return reader != NULL && length >= reader->min_bytes;
}

GBytes *
orf_rpc_reader_copy (OrfRpcReader *reader, const char *text, gsize length, GError **error)
{
  if (!orf_memory_check_part (reader->memory, ORF_MEMORY_RPC, error))
    return NULL;
  return g_bytes_new (text, length);
}

gboolean
orf_rpc_reader_push (OrfRpcReader *reader,
                     OrfRpcReading *reading,
                     GBytes *text,
                     const OrfCallMeta *meta,
                     GError **error)
{
  reading->job =
    (OrfJob){ .reply = reader->replies, .work = work_cb, .done = done_cb, .free = free_cb };
  if (!orf_memory_check_part (reader->memory, ORF_MEMORY_RPC, error)) {
    reading->free (reading);
    return FALSE;
  }
  reading->memory = reader->memory;
  reading->gone = orf_cancel_new (0);
  reading->text = g_bytes_ref (text);
  reading->length = g_bytes_get_size (text);
  orf_call_meta_copy (&reading->meta, meta);
  orf_memory_add (reader->memory, ORF_MEMORY_RPC, (gint64) reading->length);
  if (orf_queue_push (reader->jobs, LANE_TEXTS, &reading->job))
    return TRUE;
  free_cb (&reading->job);
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, RETRY_MS,
                                                 "too many large messages wait to be read"));
  return FALSE;
}

void
orf_rpc_reader_write (OrfRpcReader *reader, OrfJob *job)
{
  job->reply = reader->replies;
  /* open until the end, and each is of a call in flight, of which there are fewer */
  if (!orf_queue_push (reader->jobs, LANE_ANSWERS, job))
    g_assert_not_reached ();
}

void
orf_rpc_reading_abandon (OrfRpcReading *reading)
{
  orf_cancel_trigger (reading->gone);
}

OrfRpcReader *
orf_rpc_reader_new (gsize min_bytes, OrfMemory *memory, GError **error)
{
  OrfRpcReader *reader = g_new0 (OrfRpcReader, 1);

  reader->jobs = orf_queue_new (N_LANES, MAX_JOBS);
  if (!orf_thread_start_worker (&reader->thread, "rpc-reader", reader->jobs, error)) {
    orf_queue_unref (reader->jobs);
    g_free (reader);
    return NULL;
  }
  reader->min_bytes = min_bytes;
  reader->memory = memory;
  reader->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach_named (reader->replies, NULL, "large calls");
  return reader;
}

void
orf_rpc_reader_free (OrfRpcReader *reader)
{
  orf_queue_close (reader->jobs);
  pthread_join (reader->thread, NULL);
  orf_queue_dispatch (reader->replies);
  orf_queue_unref (reader->jobs);
  orf_queue_unref (reader->replies);
  g_free (reader);
}
