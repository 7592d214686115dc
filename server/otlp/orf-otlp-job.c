/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-job.h"

#include "core/orf-gzip.h"
#include "orf-error.h"

static void
count (OrfOtlpJob *job, gsize bytes)
{
  orf_memory_add (job->memory, ORF_MEMORY_INGEST, (gint64) bytes - (gint64) job->held_bytes);
  job->held_bytes = bytes;
}

static gboolean
unpack_thread (OrfOtlpJob *job, GError **error)
{
  GString *plain;

  if (!job->gzip)
    return TRUE;
  plain = orf_gzip_unpack (job->body->str, job->body->len, job->max_body_bytes, error);
  if (plain == NULL) {
    g_prefix_error (error, "the body: ");
    return FALSE;
  }
  g_string_free (job->body, TRUE);
  job->body = plain;
  count (job, plain->len);
  return TRUE;
}

/* What crosses; the request outlives it. */
typedef struct {
  OrfJob base;
  OrfOtlpJob *job; /* NULL: handed on */
} Crossing;

static void
work_thread_cb (OrfJob *base, gpointer data)
{
  OrfOtlpJob *job = ((Crossing *) base)->job;
  OrfIngestState *state = data;

  orf_otlp_arena_reset (state->arena, job->max_decoded_bytes);
  if (unpack_thread (job, &job->error))
    job->signal->read (job, state, job->body->str, job->body->len, &job->error);
  g_string_free (g_steal_pointer (&job->body), TRUE);
  orf_otlp_arena_reset (state->arena, 0);
  count (job, job->result_bytes);
}

static void
done_cb (OrfJob *base)
{
  OrfOtlpJob *job = g_steal_pointer (&((Crossing *) base)->job);

  job->signal->take (job->user_data, job);
}

static void
free_cb (OrfJob *base)
{
  g_clear_pointer (&((Crossing *) base)->job, orf_otlp_job_free);
  g_free (base);
}

void
orf_otlp_job_count (OrfOtlpJob *job, OrfMemory *memory)
{
  job->memory = memory;
  count (job, job->body->len);
}

gboolean
orf_otlp_job_submit (OrfOtlpJob *job, OrfIngest *ingest)
{
  Crossing *crossing = g_new0 (Crossing, 1);

  crossing->base = (OrfJob){ .work = work_thread_cb, .done = done_cb, .free = free_cb };
  crossing->job = job;
  if (orf_ingest_push (ingest, &crossing->base))
    return TRUE;
  g_free (crossing);
  return FALSE;
}

void
orf_otlp_job_free (OrfOtlpJob *job)
{
  if (job->caller.reply != NULL) {
    g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the daemon stops");

    orf_otlp_caller_fail (&job->caller, error);
  }
  count (job, 0);
  if (job->body != NULL)
    g_string_free (job->body, TRUE);
  g_clear_error (&job->error);
  job->signal->free (job);
  g_free (job);
}

static void
reply (OrfOtlpCaller *caller, OrfHttpPage *page, GString *body)
{
  page->content_type = orf_otlp_encoding_get_type (caller->encoding);
  page->body = body->str;
  page->length = body->len;
  orf_http_page_reply (g_steal_pointer (&caller->reply), page);
  (*caller->n_in_flight)--;
  g_string_free (body, TRUE);
}

void
orf_otlp_caller_succeed (OrfOtlpCaller *caller,
                         const OrfOtlpSignal *signal,
                         guint64 n_rejected,
                         const char *reason)
{
  OrfHttpPage page = { .status = 200 };
  g_autofree char *message = NULL;

  if (n_rejected > 0)
    message = g_strdup_printf ("%" G_GUINT64_FORMAT " %s were not taken; the first: %s", n_rejected,
                               signal->noun, reason);
  reply (caller, &page,
         orf_otlp_answer_success (caller->encoding, signal->rejected_key, n_rejected, message));
}

void
orf_otlp_caller_fail (OrfOtlpCaller *caller, const GError *error)
{
  OrfHttpPage page = { .status = orf_otlp_answer_status (error),
                       .retry_after_ms = MAX (orf_error_get_retry_after_ms (error), 0) };

  reply (caller, &page, orf_otlp_answer_error (caller->encoding, error));
}
