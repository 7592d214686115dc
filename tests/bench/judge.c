/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * judge SERIES TICKS: what the judging thread takes for a tick of a second of so many series, with
 * rows of a minute and forecasts every five rows as the daemon has them.  The jobs are the
 * daemon's, worked on here.  Prints one JSON object.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/orf-clock.h"
#include "judge/orf-judge-job.h"

#define T0_US G_GINT64_CONSTANT (1700000000000000)
/* Not counted: until then no series has a forecast. */
#define WARM_UP_TICKS 400

static OrfJudgeSeries *
make_series (guint number)
{
  g_autofree char *subject = g_strdup_printf ("bench.series{n=\"%u\"}", number);
  const OrfJudgeSpec spec = {
    .subject = subject,
    .series_id = number + 1,
    .setup = { .step_us = 60 * ORF_US_PER_S,
               .n_horizons = 3,
               .horizons = { 5, 15, 60 },
               .threshold = 90,
               .min = 0,
               .max = 100,
               .better = ORF_BETTER_LOWER },
    .every_rows = 5,
    .number = number,
  };

  return orf_judge_series_new (&spec, NULL, NULL);
}

static OrfJudgeJob *
make_job (OrfJudgeBench *bench, OrfQueue *replies)
{
  OrfJudgeJob *job = orf_judge_job_new (bench, orf_judge_openings_new (), orf_judge_samples_new (),
                                        g_array_new (FALSE, FALSE, sizeof (guint)));

  job->lead_us = 1800 * ORF_US_PER_S;
  job->base.reply = replies;
  return job;
}

/* Memory that wanders: a walk with a pull to its middle, deterministic. */
static double
get_value (guint number, guint tick)
{
  return 50 + 20 * sin ((number * 7919u + tick) / 900.0) + 3 * sin (tick * (1 + number % 13) / 7.0);
}

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* Of this thread: what others of the machine took meanwhile is not ours. */
static gint64
read_cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * ORF_US_PER_S + now.tv_nsec / 1000;
}

static gint64
run_tick (OrfJudgeBench *bench, OrfQueue *replies, guint n_series, guint tick, OrfJudgeFigures *to)
{
  OrfJudgeJob *job = make_job (bench, replies);
  gint64 begun_us, took_us;

  job->now_us = T0_US + tick * ORF_US_PER_S;
  for (guint i = 0; i < n_series; i++) {
    const OrfJudgeSample sample = { i, job->now_us, get_value (i, tick) };

    g_array_append_val (job->samples, sample);
  }
  begun_us = read_cpu_us ();
  job->base.work (&job->base, NULL);
  took_us = read_cpu_us () - begun_us;
  *to = job->figures;
  orf_queue_dispatch (replies); /* frees it */
  return took_us;
}

int
main (int argc, char **argv)
{
  guint n_series = argc > 1 ? (guint) atoi (argv[1]) : 0,
        n_ticks = argc > 2 ? (guint) atoi (argv[2]) : 0;
  const OrfJudgeBenchSetup setup = { 1, 1, 10000000, NULL };
  OrfJudgeBench *bench;
  g_autoptr (OrfQueue) replies = NULL;
  g_autofree gint64 *took_us = NULL;
  OrfJudgeFigures figures = { 0 };
  OrfJudgeJob *job;
  gsize bytes = 0;
  double sum_us = 0;

  if (n_series == 0 || n_ticks == 0) {
    g_printerr ("usage: judge SERIES TICKS\n");
    return EXIT_FAILURE;
  }
  bench = orf_judge_bench_new (&setup);
  replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (replies, NULL);
  took_us = g_new (gint64, n_ticks);
  job = make_job (bench, replies);
  for (guint i = 0; i < n_series; i++) {
    const OrfJudgeOpening opening = { i, make_series (i), NULL };

    bytes += orf_judge_series_get_bytes (opening.series);
    g_array_append_val (job->openings, opening);
  }
  job->base.work (&job->base, NULL);
  orf_queue_dispatch (replies);
  for (guint tick = 0; tick < WARM_UP_TICKS + n_ticks; tick++) {
    gint64 one_us = run_tick (bench, replies, n_series, tick, &figures);

    if (tick < WARM_UP_TICKS)
      continue;
    took_us[tick - WARM_UP_TICKS] = one_us;
    sum_us += (double) one_us;
  }
  qsort (took_us, n_ticks, sizeof *took_us, compare);
  printf (
    "{\"mean_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"bytes\":%.0f,\"made\":%" G_GUINT64_FORMAT
    ",\"judged\":%" G_GUINT64_FORMAT "}\n",
    sum_us / n_ticks / 1e3, (double) took_us[n_ticks * 99 / 100] / 1e3,
    (double) took_us[n_ticks - 1] / 1e3, (double) bytes / n_series, figures.n_made,
    figures.n_judged);
  orf_judge_bench_free (bench);
  return EXIT_SUCCESS;
}
