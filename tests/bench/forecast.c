/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forecasts of series on standard input (group,series,t_us,value by line, one series after the
 * other), scored beside the last value with plain split-conformal intervals; then the cost of a
 * push with 10,000 series.  A line of JSON for each group and horizon, and one for the cost.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forecast/orf-forecaster.h"

#define WARM_ROWS 100
#define STEP_US   (57 * (gint64) G_USEC_PER_SEC)
#define N_SERIES  10000
#define N_TICKS   300

static const guint horizons[] = { 5, 15, 60 };

#define N_HORIZONS G_N_ELEMENTS (horizons)

/* Of one horizon of a group; "plain" is the last value with split-conformal intervals. */
typedef struct {
  guint n, n_80, n_90, plain_80, plain_90, n_series, n_near;
  double error, plain_error, winkler, plain_winkler;
} Score;

static double
winkle (double lower, double upper, double value)
{
  return upper - lower + 20 * MAX (0, lower - value) + 20 * MAX (0, value - upper);
}

static void
insert (double *sorted, guint n, double value)
{
  guint at = n;

  for (; at > 0 && sorted[at - 1] > value; at--)
    sorted[at] = sorted[at - 1];
  sorted[at] = value;
}

static double
get_rank (const double *sorted, guint n, double share)
{
  return n == 0 ? 0 : sorted[MIN (n, (guint) ceil (share * (n + 1))) - 1];
}

static void
score_series (const double *values, const gint64 *times_us, guint n, guint h, Score *score)
{
  OrfForecasterSetup setup = {
    .step_us = STEP_US, .n_horizons = N_HORIZONS, .threshold = NAN, .min = NAN, .max = NAN
  };
  g_autofree double *moves = g_new (double, n + 1);
  g_autoptr (OrfForecaster) forecaster = NULL;
  guint n_own = 0, n_hit = 0;

  memcpy (setup.horizons, horizons, sizeof horizons);
  forecaster = orf_forecaster_new (&setup, NULL);
  for (guint i = 0; i + h < n; i++) {
    double came = values[i + h], move = fabs (came - values[i]), reach_80, reach_90;
    guint n_moves = i >= h ? i - h + 1 : 0;
    OrfForecast told;

    orf_forecaster_push (forecaster, times_us[i], values[i]);
    if (i >= h)
      insert (moves, i - h, fabs (values[i] - values[i - h]));
    if (i < WARM_ROWS || !orf_forecaster_forecast (forecaster, h, &told))
      continue;
    reach_80 = get_rank (moves, n_moves, .8);
    reach_90 = get_rank (moves, n_moves, .9);
    score->n++;
    n_own++;
    n_hit += told.lower90 <= came && came <= told.upper90;
    score->n_80 += told.lower80 <= came && came <= told.upper80;
    score->n_90 += told.lower90 <= came && came <= told.upper90;
    score->plain_80 += move <= reach_80;
    score->plain_90 += move <= reach_90;
    score->error += fabs (came - told.value);
    score->plain_error += move;
    score->winkler += winkle (told.lower90, told.upper90, came);
    score->plain_winkler += winkle (values[i] - reach_90, values[i] + reach_90, came);
  }
  score->n_series += n_own > 0;
  score->n_near += n_own > 0 && fabs ((double) n_hit / n_own - .9) <= .08;
}

static void
print_group (const char *group, const Score *scores)
{
  for (guint k = 0; k < N_HORIZONS; k++) {
    const Score *s = &scores[k];
    double n = MAX (s->n, 1), unit = s->plain_error > 0 ? s->plain_error : 1;

    printf ("{\"group\":\"%s\",\"rows\":%u,\"n\":%u,\"error\":%.4f,\"covered80\":%.4f,"
            "\"covered90\":%.4f,\"near\":%.4f,\"winkler\":%.4f,\"plain80\":%.4f,\"plain90\":%.4f,"
            "\"plain_winkler\":%.4f}\n",
            group, horizons[k], s->n, s->error / unit, s->n_80 / n, s->n_90 / n,
            (double) s->n_near / MAX (s->n_series, 1), s->winkler / unit, s->plain_80 / n,
            s->plain_90 / n, s->plain_winkler / unit);
  }
}

static double
get_cpu_s (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

/* All series at once, as on the judging thread: what is in no cache costs too. */
static void
print_cost (const double *values, guint n)
{
  OrfForecasterSetup setup = { .step_us = STEP_US,
                               .n_horizons = 4,
                               .horizons = { 5, 15, 60, 120 },
                               .threshold = NAN,
                               .min = NAN,
                               .max = NAN };
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_forecaster_free);
  double begin;

  for (guint i = 0; i < N_SERIES; i++)
    g_ptr_array_add (all, orf_forecaster_new (&setup, NULL));
  begin = get_cpu_s ();
  for (guint row = 0; row < N_TICKS; row++)
    for (guint i = 0; i < N_SERIES; i++)
      orf_forecaster_push (all->pdata[i], (row + 1) * STEP_US, values[(i * 31 + row) % n]);
  printf ("{\"push_us\":%.4f,\"bytes\":%zu}\n", (get_cpu_s () - begin) * 1e6 / N_SERIES / N_TICKS,
          orf_forecaster_get_bytes (all->pdata[0]));
}

static void
finish_series (GArray *values, GArray *times_us, Score *scores)
{
  for (guint k = 0; k < N_HORIZONS && values->len > 0; k++)
    score_series ((const double *) (void *) values->data, (const gint64 *) (void *) times_us->data,
                  values->len, horizons[k], &scores[k]);
  g_array_set_size (values, 0);
  g_array_set_size (times_us, 0);
}

int
main (void)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (double));
  char group[64] = "", series[128] = "", new_group[64], new_series[128];
  Score scores[N_HORIZONS] = { 0 };
  gint64 t_us;
  double value;

  while (scanf ("%63[^,],%127[^,],%" G_GINT64_FORMAT ",%lf\n", new_group, new_series, &t_us,
                &value) == 4) {
    if (strcmp (series, new_series) != 0 || strcmp (group, new_group) != 0)
      finish_series (values, times_us, scores);
    if (strcmp (group, new_group) != 0) {
      if (*group != '\0')
        print_group (group, scores);
      memset (scores, 0, sizeof scores);
    }
    g_strlcpy (group, new_group, sizeof group);
    g_strlcpy (series, new_series, sizeof series);
    g_array_append_val (values, value);
    g_array_append_val (times_us, t_us);
    g_array_append_val (all, value);
  }
  finish_series (values, times_us, scores);
  print_group (group, scores);
  print_cost ((const double *) (void *) all->data, MAX (all->len, 1));
  return 0;
}
