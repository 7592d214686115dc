/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * anomaly-rates SERIES DAYS ALARMS_PER_DAY: how many alarms come of noise in which nothing happens,
 * over how many were promised, by the law of the noise; rows of a minute, each series by itself.
 * Prints a JSON object a law.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "anomaly/orf-alarm-gate.h"
#include "anomaly/orf-anomaly-group.h"

#define STEP_US      (60 * (gint64) G_USEC_PER_SEC)
#define T0_US        (1700000000 * (gint64) G_USEC_PER_SEC)
#define ROWS_PER_DAY 1440
/* The first days by themselves: until then the threshold is what scores say of themselves. */
#define FIRST_DAYS 3

typedef double (*Law) (GRand *rand, guint row, double last);

static double
draw_normal (GRand *rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

static double
draw_gauss (GRand *rand, guint row, double last)
{
  return draw_normal (rand);
}

/* Student's, with three degrees of freedom. */
static double
draw_heavy (GRand *rand, guint row, double last)
{
  double sum = 0;

  for (guint i = 0; i < 3; i++) {
    double x = draw_normal (rand);

    sum += x * x;
  }
  return draw_normal (rand) / sqrt (sum / 3);
}

static double
draw_slow (GRand *rand, guint row, double last)
{
  return .9 * last + draw_normal (rand);
}

/* Of mean 5, by D. E. Knuth's product of uniforms. */
static double
draw_counts (GRand *rand, guint row, double last)
{
  double product = g_rand_double (rand);
  guint n = 0;

  for (; product > exp (-5); n++)
    product *= g_rand_double (rand);
  return n;
}

static double
draw_daily (GRand *rand, guint row, double last)
{
  return 10 * sin (2 * G_PI * row / ROWS_PER_DAY) + draw_normal (rand);
}

static double
draw_sizes (GRand *rand, guint row, double last)
{
  return exp (draw_normal (rand));
}

static const struct {
  const char *name;
  Law draw;
} laws[] = {
  { "normal", draw_gauss },         { "Student's t, 3 degrees", draw_heavy },
  { "AR(1), .9", draw_slow },       { "Poisson, mean 5", draw_counts },
  { "a day's season", draw_daily }, { "log-normal", draw_sizes },
};

typedef struct {
  guint n_first, n_rest; /* alarms */
  guint n_rare;          /* rows said to be once in a thousand */
} Counts;

static void
run_series (Law draw, guint number, guint n_rows, double alarms_per_day, Counts *counts)
{
  const OrfAnomalySetup setup = { .n_series = 1, .step_us = STEP_US };
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (number + 1);
  OrfAlarmGate gate;
  double value = 0;

  orf_alarm_gate_init (&gate, STEP_US, alarms_per_day, FALSE);
  for (guint row = 0; row < n_rows; row++) {
    OrfAnomalyGroupVerdict said;

    value = draw (rand, row, value);
    orf_anomaly_group_push (group, T0_US + row * STEP_US, &value, &said);
    counts->n_rare += said.whole >= 3;
    if (!said.ready || !orf_alarm_gate_push (&gate, said.score))
      continue;
    *(row < FIRST_DAYS * ROWS_PER_DAY ? &counts->n_first : &counts->n_rest) += 1;
  }
}

int
main (int argc, char **argv)
{
  guint n_series = argc == 4 ? (guint) atoi (argv[1]) : 0;
  guint n_days = argc == 4 ? (guint) atoi (argv[2]) : 0;
  double alarms_per_day = argc == 4 ? atof (argv[3]) : 0;

  if (n_series == 0 || n_days <= FIRST_DAYS || !(alarms_per_day > 0)) {
    g_printerr ("usage: anomaly-rates SERIES DAYS ALARMS_PER_DAY, more than %u days\n", FIRST_DAYS);
    return EXIT_FAILURE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (laws); i++) {
    double promised = n_series * alarms_per_day, rows = (double) n_series * n_days * ROWS_PER_DAY;
    Counts counts = { 0 };

    for (guint k = 0; k < n_series; k++)
      run_series (laws[i].draw, k, n_days * ROWS_PER_DAY, alarms_per_day, &counts);
    printf ("{\"law\":\"%s\",\"first\":%.3f,\"rest\":%.3f,\"rare\":%.3f}\n", laws[i].name,
            counts.n_first / promised / FIRST_DAYS,
            counts.n_rest / promised / (n_days - FIRST_DAYS), counts.n_rare / rows * 1000);
  }
  return EXIT_SUCCESS;
}
