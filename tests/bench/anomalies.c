/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * anomalies GROUPS SERIES TICKS: what the detectors take for a tick in which each of so many
 * entities, of so many series each, has a row.  SERIES 1: of series by themselves.  Prints one JSON
 * object.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "anomaly/orf-anomaly-group.h"

#define S         ((gint64) G_USEC_PER_SEC)
#define T0_US     (1700000000 * S)
#define NS_PER_S  1e9
#define NS_PER_MS 1e6
/* Values are drawn before what is measured: every series is somewhere else in these. */
#define N_VALUES 8192

typedef struct {
  guint n_groups, n_series, n_ticks;
  OrfAnomalyGroup **groups;
  double values[N_VALUES], row[ORF_DECAYED_PCA_MAX];
} Bench;

/* Noise on a season of two hours, with a spike now and then. */
static void
draw_values (Bench *bench)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < N_VALUES; i++) {
    double noise = -6;

    for (guint k = 0; k < 12; k++)
      noise += g_rand_double (rand);
    bench->values[i] = 50 + 5 * sin (2 * G_PI * i / 120) + noise +
                       (g_rand_int_range (rand, 0, 500) == 0 ? 20 : 0);
  }
}

static void
open_groups (Bench *bench)
{
  bench->groups = g_new0 (OrfAnomalyGroup *, bench->n_groups);
  for (guint g = 0; g < bench->n_groups; g++) {
    const OrfAnomalySetup setup = { .n_series = bench->n_series, .step_us = 60 * S, .number = g };

    bench->groups[g] = orf_anomaly_group_new (&setup, NULL);
  }
}

/* Of this thread: what others of the machine took meanwhile is not ours. */
static double
read_cpu_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * NS_PER_S + (double) now.tv_nsec;
}

static void
run_tick (Bench *bench, guint tick)
{
  for (guint g = 0; g < bench->n_groups; g++) {
    OrfAnomalyGroupVerdict said;

    for (guint i = 0; i < bench->n_series; i++)
      bench->row[i] = bench->values[(g * 131 + i * 17 + tick) % N_VALUES];
    orf_anomaly_group_push (bench->groups[g], T0_US + tick * 60 * S, bench->row, &said);
  }
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

int
main (int argc, char **argv)
{
  g_autofree Bench *bench = g_new0 (Bench, 1);
  g_autofree double *took_ns = NULL;
  double sum_ns = 0, points;

  if (argc == 4) {
    bench->n_groups = (guint) atoi (argv[1]);
    bench->n_series = (guint) atoi (argv[2]);
    bench->n_ticks = (guint) atoi (argv[3]);
  }
  if (bench->n_groups == 0 || bench->n_series == 0 || bench->n_series > ORF_DECAYED_PCA_MAX ||
      bench->n_ticks == 0) {
    g_printerr ("usage: anomalies GROUPS SERIES TICKS\n");
    return EXIT_FAILURE;
  }
  draw_values (bench);
  open_groups (bench);
  took_ns = g_new (double, bench->n_ticks);
  for (guint tick = 0; tick < bench->n_ticks; tick++) {
    double begun_ns = read_cpu_ns ();

    run_tick (bench, tick);
    took_ns[tick] = read_cpu_ns () - begun_ns;
    sum_ns += took_ns[tick];
  }
  qsort (took_ns, bench->n_ticks, sizeof *took_ns, compare);
  points = (double) bench->n_groups * bench->n_series;
  printf ("{\"mean_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"point_ns\":%.1f,\"bytes\":%.0f}"
          "\n",
          sum_ns / bench->n_ticks / NS_PER_MS, took_ns[bench->n_ticks * 99 / 100] / NS_PER_MS,
          took_ns[bench->n_ticks - 1] / NS_PER_MS, sum_ns / bench->n_ticks / points,
          (double) orf_anomaly_group_get_bytes (bench->groups[0]) / bench->n_series);
  for (guint g = 0; g < bench->n_groups; g++)
    orf_anomaly_group_free (bench->groups[g]);
  g_free (bench->groups);
  return EXIT_SUCCESS;
}
