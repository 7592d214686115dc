/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <math.h>

#include "stats/orf-combination.h"
#include "stats/orf-conformal.h"
#include "stats/orf-narrow.h"
#include "stats/orf-quantile-track.h"

/* Proposition 4.1 of Gibbs and Candès: the share of misses is within (1 + rate) / (rate × n) of
 * what was promised, whatever the outcomes are. */
static void
test_coverage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  OrfConformal conformal;
  guint n_missed = 0, n = 20000;
  double rate = .01;

  orf_conformal_init (&conformal, .2f);
  for (guint i = 0; i < n; i++) {
    /* the distribution claims a third of the width there is */
    gboolean missed = g_rand_double (rand) > (1 - (double) conformal.outside) / 1.1;

    n_missed += missed;
    orf_conformal_push (&conformal, .2f, missed, (float) rate);
  }
  g_assert_cmpfloat (fabs ((double) n_missed / n - .2), <, (1 + rate) / (rate * n) + 1e-3);
  g_assert_true (orf_conformal_is_valid (&conformal));
}

static void
test_conformal_bounds (void)
{
  OrfConformal conformal;

  orf_conformal_init (&conformal, .1f);
  for (guint i = 0; i < 1000; i++)
    orf_conformal_push (&conformal, .1f, TRUE, .05f);
  g_assert_true (orf_conformal_is_valid (&conformal));
  g_assert_cmpfloat ((double) conformal.outside, >, 0);
  for (guint i = 0; i < 10000; i++)
    orf_conformal_push (&conformal, .1f, FALSE, .05f);
  g_assert_true (orf_conformal_is_valid (&conformal));
  g_assert_cmpfloat ((double) conformal.outside, <, 1);
  conformal.outside = NAN;
  g_assert_false (orf_conformal_is_valid (&conformal));
}

/* Moves spread evenly over −1 … 1: the quantile of share p is 2p − 1; steps of .05 leave it to
 * wander by .1, thrice that is allowed. */
static void
test_track (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  OrfQuantileTrack track = { 0 };
  float spread[10];

  for (guint32 i = 0; i < 20000; i++)
    orf_quantile_track_push (&track, (float) g_rand_double_range (rand, -1, 1), i);
  g_assert_true (orf_quantile_track_is_valid (&track));
  g_assert_cmpfloat_with_epsilon ((double) track.scale, .5, .1);
  orf_quantile_track_spread (&track, spread, G_N_ELEMENTS (spread));
  for (guint i = 0; i < G_N_ELEMENTS (spread); i++) {
    g_assert_cmpfloat_with_epsilon ((double) spread[i], .1 * (2 * i + 1) - 1, .35);
    g_assert_true (i == 0 || spread[i] >= spread[i - 1]);
  }
}

static void
test_track_still (void)
{
  OrfQuantileTrack track = { 0 };
  float spread[4];

  for (guint32 i = 0; i < 100; i++)
    orf_quantile_track_push (&track, 0, i);
  orf_quantile_track_spread (&track, spread, G_N_ELEMENTS (spread));
  for (guint i = 0; i < G_N_ELEMENTS (spread); i++)
    g_assert_cmpfloat ((double) spread[i], ==, 0);
  track.quantiles[0] = 1;
  g_assert_false (orf_quantile_track_is_valid (&track));
}

static void
test_combination (void)
{
  float errors[3] = { 0 }, weights[3];
  const float misses[3] = { 1, 2, 1 }, none[3] = { 1, NAN, 1 };

  orf_combination_weigh (errors, 3, weights);
  g_assert_cmpfloat_with_epsilon ((double) weights[1], 1. / 3, 1e-6);
  orf_combination_push (errors, misses, 3, 1);
  orf_combination_push (errors, none, 3, 1);
  g_assert_cmpfloat ((double) errors[1], ==, 2);
  /* half the error, sixteen times the weight */
  orf_combination_weigh (errors, 3, weights);
  g_assert_cmpfloat_with_epsilon ((double) weights[0], 16. / 33, 1e-6);
  g_assert_cmpfloat_with_epsilon ((double) weights[1], 1. / 33, 1e-6);
  orf_combination_raise (weights, 3, 1, .5f);
  g_assert_cmpfloat_with_epsilon ((double) weights[1], .5, 1e-6);
  g_assert_cmpfloat_with_epsilon ((double) weights[0], .25, 1e-6);
  orf_combination_raise (weights, 3, 1, .1f);
  g_assert_cmpfloat_with_epsilon ((double) weights[1], .5, 1e-6);
}

static void
test_narrow (void)
{
  static const float most[] = { FLT_MAX, -FLT_MAX, 3.39e38f };
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);

  g_assert_cmpuint (orf_narrow_pack (NAN), ==, ORF_NARROW_NONE);
  g_assert_true (isnan (orf_narrow_unpack (ORF_NARROW_NONE)));
  g_assert_cmpfloat ((double) orf_narrow_unpack (orf_narrow_pack (0)), ==, 0);
  g_assert_cmpfloat ((double) orf_narrow_unpack (orf_narrow_pack (-96)), ==, -96);
  for (guint i = 0; i < G_N_ELEMENTS (most); i++) {
    guint16 packed = orf_narrow_pack (most[i]);

    g_assert_true (orf_narrow_are_valid (&packed, 1));
    g_assert_cmpfloat ((double) (orf_narrow_unpack (packed) / most[i]), >, .99);
  }
  g_assert_true (isinf (orf_narrow_unpack (orf_narrow_pack (INFINITY))));
  for (guint i = 0; i < 10000; i++) {
    float value = (float) (g_rand_double_range (rand, -1, 1) *
                           pow (10, g_rand_double_range (rand, -30, 30)));
    float again = orf_narrow_unpack (orf_narrow_pack (value));

    g_assert_cmpfloat ((double) fabsf (again - value), <=,
                       (double) (fabsf (value) * ORF_NARROW_ERROR / 2));
    /* told once more it stays */
    g_assert_cmpfloat ((double) orf_narrow_unpack (orf_narrow_pack (again)), ==, (double) again);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conformal/coverage", test_coverage);
  g_test_add_func ("/conformal/bounds", test_conformal_bounds);
  g_test_add_func ("/quantile-track/even", test_track);
  g_test_add_func ("/quantile-track/still", test_track_still);
  g_test_add_func ("/combination", test_combination);
  g_test_add_func ("/narrow", test_narrow);
  return g_test_run ();
}
