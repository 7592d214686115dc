/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-job.h"

#include "core/orf-clock.h"

struct _OrfJudgeBench {
  OrfMemory *memory;
  GPtrArray *series; /* OrfJudgeSeries by number; NULL: none */
  guint n_series;
  OrfJudgeBook book;
};

static void
clear_opening (gpointer data)
{
  OrfJudgeOpening *opening = data;

  orf_judge_series_free (opening->series, NULL);
  g_clear_pointer (&opening->history, g_array_unref);
}

GArray *
orf_judge_openings_new (void)
{
  GArray *openings = g_array_new (FALSE, FALSE, sizeof (OrfJudgeOpening));

  g_array_set_clear_func (openings, clear_opening);
  return openings;
}

GArray *
orf_judge_samples_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (OrfJudgeSample));
}

/* ---- the bench ------------------------------------------------------------------------------- */

OrfJudgeBench *
orf_judge_bench_new (const OrfJudgeBenchSetup *setup)
{
  OrfJudgeBench *bench = g_new0 (OrfJudgeBench, 1);

  bench->memory = setup->memory;
  bench->series = g_ptr_array_new ();
  bench->book.next_prediction_id = setup->next_prediction_id;
  bench->book.next_warning_id = setup->next_warning_id;
  bench->book.max_open = setup->max_open;
  return bench;
}

static void
close_series (OrfJudgeBench *bench, guint number)
{
  OrfJudgeSeries *series = number < bench->series->len ? bench->series->pdata[number] : NULL;

  if (series == NULL)
    return;
  orf_memory_add (bench->memory, ORF_MEMORY_FORECASTS,
                  -(gint64) orf_judge_series_get_bytes (series));
  orf_judge_series_free (series, &bench->book);
  bench->series->pdata[number] = NULL;
  bench->n_series--;
}

void
orf_judge_bench_free (OrfJudgeBench *bench)
{
  if (bench == NULL)
    return;
  for (guint i = 0; i < bench->series->len; i++)
    close_series (bench, i);
  g_ptr_array_unref (bench->series);
  g_free (bench);
}

static void
open_series (OrfJudgeBench *bench, OrfJudgeOpening *opening)
{
  OrfJudgeSeries *series = g_steal_pointer (&opening->series);

  if (opening->number >= bench->series->len)
    g_ptr_array_set_size (bench->series, (int) opening->number + 1);
  bench->series->pdata[opening->number] = series;
  bench->n_series++;
  orf_memory_add (bench->memory, ORF_MEMORY_FORECASTS,
                  (gint64) orf_judge_series_get_bytes (series));
  orf_judge_series_join (series, &bench->book);
  for (guint i = 0; opening->history != NULL && i < opening->history->len; i++) {
    const OrfJudgeSample *sample = &g_array_index (opening->history, OrfJudgeSample, i);

    orf_judge_series_push (series, &bench->book, sample->t_us, sample->value, TRUE);
  }
}

static void
save (OrfJudgeBench *bench, guint number)
{
  const OrfJudgeSeries *series = number < bench->series->len ? bench->series->pdata[number] : NULL;

  if (series != NULL)
    g_ptr_array_add (bench->book.change->states,
                     orf_judge_series_save (series, bench->book.now_us));
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void
set_figures (OrfJudgeJob *job, gint64 begun_us)
{
  const OrfJudgeBook *book = &job->bench->book;

  job->figures = (OrfJudgeFigures){
    .n_series = job->bench->n_series,
    .n_open = book->n_open,
    .n_made = book->n_made,
    .n_judged = book->n_judged,
    .n_inside = book->n_inside,
    .n_late = book->n_late,
    .tick_us = orf_clock_monotonic_us () - begun_us,
  };
  for (guint i = 0; i < ORF_N_WARNING_FATES; i++)
    job->figures.n_warnings[i] = book->n_warnings[i];
}

static void
take_samples (OrfJudgeJob *job)
{
  OrfJudgeBench *bench = job->bench;

  for (guint i = 0; i < job->samples->len; i++) {
    const OrfJudgeSample *sample = &g_array_index (job->samples, OrfJudgeSample, i);
    OrfJudgeSeries *series = sample->number < bench->series->len
                               ? bench->series->pdata[sample->number]
                               : NULL;

    if (series != NULL)
      orf_judge_series_push (series, &bench->book, sample->t_us, sample->value, FALSE);
  }
}

static void
work_thread_cb (OrfJob *base, gpointer state)
{
  OrfJudgeJob *job = (OrfJudgeJob *) base;
  OrfJudgeBench *bench = job->bench;
  gint64 begun_us = orf_clock_monotonic_us ();

  bench->book.now_us = job->now_us;
  bench->book.lead_us = job->lead_us;
  bench->book.change = job->change;
  bench->book.told = job->told;
  for (guint i = 0; i < job->openings->len; i++)
    open_series (bench, &g_array_index (job->openings, OrfJudgeOpening, i));
  take_samples (job);
  for (guint i = 0; i < job->closings->len; i++) {
    save (bench, g_array_index (job->closings, guint, i));
    close_series (bench, g_array_index (job->closings, guint, i));
  }
  for (guint i = 0; job->ends && i < bench->series->len; i++)
    save (bench, i);
  bench->book.change = NULL;
  bench->book.told = NULL;
  set_figures (job, begun_us);
  orf_job_reply (base);
}

static void
free_cb (OrfJob *base)
{
  OrfJudgeJob *job = (OrfJudgeJob *) base;

  g_array_unref (job->openings);
  g_array_unref (job->samples);
  g_array_unref (job->closings);
  orf_forecast_change_free (job->change);
  g_array_unref (job->told);
  g_free (job);
}

OrfJudgeJob *
orf_judge_job_new (OrfJudgeBench *bench, GArray *openings, GArray *samples, GArray *closings)
{
  OrfJudgeJob *job = g_new0 (OrfJudgeJob, 1);

  job->base.work = work_thread_cb;
  job->base.free = free_cb;
  job->bench = bench;
  job->openings = openings;
  job->samples = samples;
  job->closings = closings;
  job->change = orf_forecast_change_new ();
  job->told = g_array_new (FALSE, FALSE, sizeof (OrfJudgeRow));
  return job;
}
