/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-job.h"

#include "core/orf-gzip.h"
#include "metrics/orf-exposition-text.h"

static void
work_thread_cb (OrfJob *base, gpointer state)
{
  OrfExpositionJob *job = (OrfExpositionJob *) base;

  if (job->values != NULL) {
    g_string_truncate (job->text, 0);
    orf_exposition_text_write (job->text, job->sheet, (const double *) job->values->data,
                               job->exemplars, job->extra->str, job->format);
  }
  if (job->packs)
    job->gzip = orf_gzip_pack (job->text->str, job->text->len, &job->gzip_length);
  orf_job_reply (base);
}

static void
free_cb (OrfJob *base)
{
  orf_exposition_job_free ((OrfExpositionJob *) base);
}

OrfExpositionJob *
orf_exposition_job_new (void)
{
  OrfExpositionJob *job = g_new0 (OrfExpositionJob, 1);

  job->base.work = work_thread_cb;
  job->base.free = free_cb;
  return job;
}

void
orf_exposition_job_free (OrfExpositionJob *job)
{
  g_clear_pointer (&job->sheet, orf_exposition_sheet_free);
  g_clear_pointer (&job->values, g_array_unref);
  g_clear_pointer (&job->exemplars, g_array_unref);
  if (job->extra != NULL)
    g_string_free (job->extra, TRUE);
  if (job->text != NULL)
    g_string_free (job->text, TRUE);
  g_free (job->gzip);
  g_free (job);
}
