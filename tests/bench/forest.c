/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-forest FEATURES N_FIT N_SEEDS: an isolation forest over rows of doubles on standard input,
 * grown from the first N_FIT, with seeds 1 to N_SEEDS.  On standard output the scores (floats) of
 * all rows by each forest, then what it took, as doubles: milliseconds of a fit, of scoring all
 * rows, of scoring one; the medians over seeds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "anomaly/orf-isolation-forest.h"
#include "stats/orf-median.h"

#define ONES 1000 /* rows scored one by one */

static double
get_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * (double) now.tv_sec + 1e-6 * (double) now.tv_nsec;
}

static GArray *
read_values (void)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));
  double block[4096];
  size_t n;

  while ((n = fread (block, sizeof *block, G_N_ELEMENTS (block), stdin)) > 0)
    g_array_append_vals (values, block, (guint) n);
  return values;
}

static void
run (const double *rows, guint n_rows, guint n_features, guint n_fit, guint n_seeds)
{
  g_autofree float *scores = g_new (float, n_rows);
  g_autofree double *fits = g_new (double, n_seeds), *all = g_new (double, n_seeds),
                    *ones = g_new (double, n_seeds);
  double medians[3];

  for (guint seed = 0; seed < n_seeds; seed++) {
    double begin = get_ms (), fitted, scored;
    g_autoptr (OrfIsolationForest)
      forest = orf_isolation_forest_new (rows, n_fit, n_features, seed + 1, NULL);

    fitted = get_ms ();
    orf_isolation_forest_score (forest, rows, n_rows, scores);
    scored = get_ms ();
    fwrite (scores, sizeof *scores, n_rows, stdout);
    fits[seed] = fitted - begin;
    all[seed] = scored - fitted;
    begin = get_ms ();
    for (guint i = 0; i < ONES; i++)
      orf_isolation_forest_score (forest, rows + (gsize) (i % n_rows) * n_features, 1, scores);
    ones[seed] = (get_ms () - begin) / ONES;
  }
  medians[0] = orf_median_of (fits, n_seeds);
  medians[1] = orf_median_of (all, n_seeds);
  medians[2] = orf_median_of (ones, n_seeds);
  fwrite (medians, sizeof *medians, G_N_ELEMENTS (medians), stdout);
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) values = NULL;
  guint numbers[3];

  if (argc != 4) {
    fprintf (stderr, "Usage: bench-forest FEATURES N_FIT N_SEEDS <ROWS\n");
    return 2;
  }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = (guint) atoi (argv[i + 1]);
  values = read_values ();
  run ((const double *) (void *) values->data, values->len / numbers[0], numbers[0], numbers[1],
       numbers[2]);
  return 0;
}
