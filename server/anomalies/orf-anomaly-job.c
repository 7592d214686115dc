/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-job.h"

#include "core/orf-clock.h"

static void
take_series (OrfAnomalyJob *job)
{
  for (guint i = 0; i < job->openings->len; i++)
    orf_anomaly_desk_open (job->desk, &g_array_index (job->openings, OrfAnomalyOpening, i));
  for (guint i = 0; i < job->samples->len; i++)
    orf_anomaly_desk_take (job->desk, &g_array_index (job->samples, OrfAnomalySample, i));
  for (guint i = 0; i < job->closings->len; i++)
    orf_anomaly_desk_close (job->desk, g_array_index (job->closings, guint, i));
}

static void
work_thread_cb (OrfJob *base, gpointer state)
{
  OrfAnomalyJob *job = (OrfAnomalyJob *) base;
  gint64 begun_us = orf_clock_monotonic_us ();
  gsize before = orf_anomaly_desk_get_figures (job->desk).bytes;

  orf_anomaly_desk_begin (job->desk, job->now_us, job->awake_us);
  orf_anomaly_desk_wish (job->desk, &job->wishes);
  if (job->quiets != NULL)
    orf_anomaly_desk_set_quiets (job->desk, job->quiets);
  take_series (job);
  orf_anomaly_desk_end (job->desk, job->findings, job->states);
  if (job->finishes)
    orf_anomaly_desk_finish (job->desk, job->findings, job->states);
  job->figures = orf_anomaly_desk_get_figures (job->desk);
  orf_memory_add (job->memory, ORF_MEMORY_ANOMALIES, (gint64) (job->figures.bytes - before));
  job->tick_us = orf_clock_monotonic_us () - begun_us;
  orf_job_reply (base);
}

static void
clear_opening (gpointer data)
{
  OrfAnomalyOpening *opening = data;

  g_free (opening->text);
  g_free (opening->entity);
}

GArray *
orf_anomaly_openings_new (void)
{
  GArray *openings = g_array_new (FALSE, FALSE, sizeof (OrfAnomalyOpening));

  g_array_set_clear_func (openings, clear_opening);
  return openings;
}

static void
clear_quiet (gpointer data)
{
  g_free (((OrfAnomalyQuiet *) data)->key);
}

GArray *
orf_anomaly_quiet_array_new (void)
{
  GArray *quiets = g_array_new (FALSE, FALSE, sizeof (OrfAnomalyQuiet));

  g_array_set_clear_func (quiets, clear_quiet);
  return quiets;
}

static void
free_cb (OrfJob *base)
{
  OrfAnomalyJob *job = (OrfAnomalyJob *) base;

  g_clear_pointer (&job->quiets, g_array_unref);
  g_array_unref (job->openings);
  g_array_unref (job->samples);
  g_array_unref (job->closings);
  g_array_unref (job->findings);
  g_ptr_array_unref (job->states);
  g_free (job);
}

OrfAnomalyJob *
orf_anomaly_job_new (OrfAnomalyDesk *desk, OrfMemory *memory)
{
  OrfAnomalyJob *job = g_new0 (OrfAnomalyJob, 1);

  job->base.work = work_thread_cb;
  job->base.free = free_cb;
  job->desk = desk;
  job->memory = memory;
  job->openings = orf_anomaly_openings_new ();
  job->samples = g_array_new (FALSE, FALSE, sizeof (OrfAnomalySample));
  job->closings = g_array_new (FALSE, FALSE, sizeof (guint));
  job->findings = orf_anomaly_findings_new ();
  job->states = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_state_row_free);
  return job;
}
