/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-first-passage.h"

#include <math.h>

#define CLOSE(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-9)

static const double none[] = { 0, 0 };

static void
test_line_alone (void)
{
  OrfFirstPassage passage = { 10, .5, none, 2, 100 };

  CLOSE (orf_first_passage_get_rows (&passage, .1), 20);
  CLOSE (orf_first_passage_get_rows (&passage, .9), 20);
  passage.gap = -1;
  CLOSE (orf_first_passage_get_rows (&passage, .5), 0);
  passage.gap = 1;
  passage.slope = 0;
  g_assert_true (isinf (orf_first_passage_get_rows (&passage, .5)));
  passage.slope = -1;
  g_assert_true (isinf (orf_first_passage_get_rows (&passage, .5)));
}

/* A level that excursions pass once in 50 rows: exponential times. */
static void
test_level (void)
{
  double excursions[] = { 9, 7, 2 };
  OrfFirstPassage passage = { 5, 0, excursions, 3, 100 };

  CLOSE (orf_first_passage_get_rows (&passage, .5), 50 * log (2));
  CLOSE (orf_first_passage_get_rows (&passage, .9), 50 * log (10));
}

/* One excursion of 4 in 10 rows: from row 6 on it reaches, at a tenth a row. */
static void
test_both (void)
{
  double excursions[] = { 4 };
  OrfFirstPassage passage = { 10, 1, excursions, 1, 10 };

  CLOSE (orf_first_passage_get_rows (&passage, 1 - exp (-.2)), 8);
  /* Before the chance is there the line is. */
  CLOSE (orf_first_passage_get_rows (&passage, .9), 10);
}

/* The quantiles of a simulation of just that. */
static void
test_simulated (void)
{
  enum { ROUNDS = 4000 };
  double excursions[] = { 6, 5, 3, 3, 1 };
  OrfFirstPassage passage = { 8, .1, excursions, 5, 200 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  double half = orf_first_passage_get_rows (&passage, .5);
  double tenth = orf_first_passage_get_rows (&passage, .1);
  guint before_half = 0, before_tenth = 0;

  for (guint round = 0; round < ROUNDS; round++) {
    double at = 80;

    for (guint row = 0; row < 80 && at == 80; row++)
      for (guint i = 0; i < 5; i++)
        if (g_rand_double (rand) < 1 / 200. && 8 - .1 * row <= excursions[i])
          at = row;
    before_half += at < half;
    before_tenth += at < tenth;
  }
  g_assert_cmpfloat_with_epsilon (before_half / (double) ROUNDS, .5, .04);
  g_assert_cmpfloat_with_epsilon (before_tenth / (double) ROUNDS, .1, .03);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/first-passage/line-alone", test_line_alone);
  g_test_add_func ("/first-passage/level", test_level);
  g_test_add_func ("/first-passage/both", test_both);
  g_test_add_func ("/first-passage/simulated", test_simulated);
  return g_test_run ();
}
