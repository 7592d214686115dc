/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * alerts RULES SERIES TICKS: what a tick of a second takes with so many rules of so many series
 * each, half of them with windows of five minutes; the first tick after all series came; memory.
 * Then a month of minutes, of so many series, tried by one rule.  Prints one JSON object.
 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alerts/orf-alert-bench.h"
#include "alerts/orf-alert-trial.h"
#include "core/orf-clock.h"
#include "metrics/orf-expr-eval.h"

#define T0_US G_GINT64_CONSTANT (1700000000000000)
/* Not counted: until then no window has lost a point. */
#define WARM_UP_TICKS 610
#define MONTH_STEPS   (30 * 24 * 60)
#define N_NOISE       65536

static double noise[N_NOISE];

/* Loads that wander between 30 and 90: one in some thousands is over 85 at a time. */
static double
get_value (guint series, guint tick)
{
  guint at = series * 2654435761u + tick;

  return 60 + 15 * sin (tick / 700.0 + series) + 12 * noise[(at + tick * 31) % N_NOISE];
}

/* Of this thread: what others of the machine took meanwhile is not ours. */
static double
read_cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
changed_cb (gpointer user_data, gint64 rule, OrfAlert *alert, OrfAlertChange change)
{
  guint64 *n_fired = user_data;

  *n_fired += change == ORF_ALERT_CHANGE_FIRING;
}

static OrfAlertRule *
make_rule (const char *expr)
{
  const OrfAlertRuleSpec spec = {
    .name = "bench", .expr = expr, .threshold = NAN, .timing = { .for_us = 10 * ORF_US_PER_S }
  };

  return orf_alert_rule_new (&spec, NULL);
}

static void
add_rule (OrfAlertBench *bench, guint number)
{
  static const char *const windows[] = { "avg", "max", "p95" };
  g_autofree char *expr = number % 2 == 0
                            ? g_strdup_printf ("m%u > 85", number)
                            : g_strdup_printf ("%s(m%u{device=~\"gpu.*\"}, 5m) > 85",
                                               windows[number / 2 % G_N_ELEMENTS (windows)],
                                               number);

  orf_alert_bench_set_rule (bench, number, make_rule (expr), NULL);
}

static void
add_series (OrfAlertBench *bench, guint number, guint n_rules)
{
  g_autofree char *name = g_strdup_printf ("m%u", number % n_rules);
  g_autofree char *device = g_strdup_printf ("gpu%u", number / n_rules);
  char *const labels[] = { (char *) "device", device, (char *) "host", (char *) "bench", NULL };

  orf_live_pool_add (orf_alert_bench_get_pool (bench), number, name, labels);
}

typedef struct {
  OrfAlertBench *bench;
  guint n_series;
  OrfLiveSample *samples;
  double push_ms, step_ms; /* of the latest tick */
  guint64 n_fired;
} Load;

static void
run_tick (Load *load, guint tick)
{
  gint64 now_us = T0_US + tick * ORF_US_PER_S;
  double begun_ms, pushed_ms;

  for (guint i = 0; i < load->n_series; i++)
    load->samples[i] = (OrfLiveSample){ i, { now_us, get_value (i, tick) } };
  begun_ms = read_cpu_ms ();
  orf_live_pool_push_all (orf_alert_bench_get_pool (load->bench), load->samples, load->n_series);
  pushed_ms = read_cpu_ms ();
  orf_alert_bench_step (load->bench, now_us, changed_cb, &load->n_fired);
  load->push_ms = pushed_ms - begun_ms;
  load->step_ms = read_cpu_ms () - pushed_ms;
}

static void
run_ticks (Load *load, guint n_ticks)
{
  g_autofree double *took_ms = g_new (double, n_ticks);
  double push_ms = 0, step_ms = 0;

  for (guint tick = 1; tick < WARM_UP_TICKS; tick++)
    run_tick (load, tick);
  for (guint i = 0; i < n_ticks; i++) {
    run_tick (load, WARM_UP_TICKS + i);
    push_ms += load->push_ms;
    step_ms += load->step_ms;
    took_ms[i] = load->push_ms + load->step_ms;
  }
  qsort (took_ms, n_ticks, sizeof *took_ms, compare);
  printf ("\"push_ms\":%.3f,\"step_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"alerts\":%u,"
          "\"fired\":%" G_GUINT64_FORMAT ",",
          push_ms / n_ticks, step_ms / n_ticks, took_ms[n_ticks * 99 / 100], took_ms[n_ticks - 1],
          orf_alert_bench_get_n_alerts (load->bench), load->n_fired);
}

static void
measure_ticks (guint n_rules, guint n_each, guint n_ticks)
{
  const OrfAlertBenchLimits limits = { { n_rules * n_each, 100000, 1 << 30, 1000000 }, 100000 };
  gsize before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  double begun_ms = read_cpu_ms (), added_ms;
  Load load = { orf_alert_bench_new (&limits), n_rules * n_each, NULL, 0, 0, 0 };

  load.samples = g_new (OrfLiveSample, load.n_series);
  for (guint i = 0; i < n_rules; i++)
    add_rule (load.bench, i);
  for (guint i = 0; i < load.n_series; i++)
    add_series (load.bench, i, n_rules);
  added_ms = read_cpu_ms () - begun_ms;
  run_tick (&load, 0);
  printf ("\"add_ms\":%.3f,\"first_ms\":%.3f,", added_ms, load.push_ms + load.step_ms);
  run_ticks (&load, n_ticks);
  printf ("\"bytes\":%zu,\"allocated\":%zu,", orf_alert_bench_get_bytes (load.bench),
          (gsize) (mallinfo2 ().uordblks + mallinfo2 ().hblkhd) - before);
  orf_alert_bench_free (load.bench);
  g_free (load.samples);
}

/* Half of what is asked of it: five points a step, as samples of twelve seconds. */
static void
measure_trial (guint n_series)
{
  const OrfGrid grid = { T0_US, 60 * ORF_US_PER_S, MONTH_STEPS };
  const OrfExprSpec spec = { grid, G_MAXUINT64, NULL };
  const guint n_points = 5 * MONTH_STEPS;
  g_autoptr (OrfAlertRule) rule = make_rule ("avg(m, 5m) > 70");
  g_autoptr (GArray) input = g_array_new (FALSE, FALSE, sizeof (OrfExprSeries));
  const GArray *inputs[] = { input };
  g_autoptr (OrfExprVector) vector = NULL;
  g_autoptr (OrfAlertTrial) trial = NULL;
  double begun_ms, evaluated_ms;

  for (guint i = 0; i < n_series; i++) {
    OrfPoint *points = g_new (OrfPoint, n_points);
    char **labels = g_new0 (char *, 3);
    const OrfExprSeries one = { "m", labels, points, n_points };

    labels[0] = g_strdup ("device");
    labels[1] = g_strdup_printf ("gpu%u", i);
    for (guint k = 0; k < n_points; k++)
      points[k] = (OrfPoint){ T0_US - (gint64) (n_points - 1 - k) * 12 * ORF_US_PER_S,
                              get_value (i, k) };
    g_array_append_val (input, one);
  }
  begun_ms = read_cpu_ms ();
  vector = orf_expr_eval (orf_alert_rule_get_value (rule), &spec, inputs, NULL);
  evaluated_ms = read_cpu_ms ();
  trial = orf_alert_trial_run (rule, vector, &grid, 1000);
  printf ("\"eval_ms\":%.3f,\"trial_ms\":%.3f,\"trial_fired\":%" G_GUINT64_FORMAT,
          evaluated_ms - begun_ms, read_cpu_ms () - evaluated_ms, trial->n_fired);
  for (guint i = 0; i < n_series; i++) {
    const OrfExprSeries *one = &g_array_index (input, OrfExprSeries, i);

    g_strfreev ((char **) one->labels);
    g_free ((OrfPoint *) one->points);
  }
}

int
main (int argc, char **argv)
{
  guint n_rules = argc > 1 ? (guint) atoi (argv[1]) : 0,
        n_each = argc > 2 ? (guint) atoi (argv[2]) : 0,
        n_ticks = argc > 3 ? (guint) atoi (argv[3]) : 0;
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  if (n_rules == 0 || n_each == 0 || n_ticks == 0) {
    g_printerr ("usage: alerts RULES SERIES TICKS\n");
    return EXIT_FAILURE;
  }
  for (guint i = 0; i < N_NOISE; i++)
    noise[i] = g_rand_double_range (rand, -1, 1);
  printf ("{");
  measure_ticks (n_rules, n_each, n_ticks);
  measure_trial (n_each);
  printf ("}\n");
  return EXIT_SUCCESS;
}
