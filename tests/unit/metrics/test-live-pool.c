/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-live-pool.h"

#define S ORF_US_PER_S

static const OrfLiveLimits limits = { 100, 10, 1 << 20, 1000 };

static char *const x[] = { (char *) "k", (char *) "x", NULL };
static char *const y[] = { (char *) "k", (char *) "y", NULL };

static const OrfLiveNeed need = { .reach_us = 5 * S };
static const OrfLiveNeed newest = { .newest_us = 300 * S };

static guint
count (const OrfLiveMatch *match)
{
  g_autoptr (GPtrArray) list = orf_live_match_list (match);

  return list->len;
}

static void
test_match (void)
{
  g_autoptr (OrfLivePool) pool = orf_live_pool_new (&limits);
  OrfLiveMatch *named, *any;
  guint64 version;

  g_assert_true (orf_live_pool_add (pool, 7, "m", x));
  named = orf_live_pool_take_match (pool, "m", need, NULL);
  any = orf_live_pool_take_match (pool, "{k='x'}", need, NULL);
  g_assert_true (named == orf_live_pool_take_match (pool, "m", need, NULL));
  g_assert_cmpuint (count (named), ==, 1);
  version = orf_live_match_get_version (named);
  g_assert_true (orf_live_pool_add (pool, 3, "n", x));
  g_assert_cmpuint (count (any), ==, 2);
  g_assert_cmpuint (orf_live_match_get_version (named), ==, version);
  orf_live_pool_remove (pool, 7);
  g_assert_cmpuint (count (named), ==, 0);
  g_assert_cmpuint (orf_live_match_get_version (named), !=, version);
  orf_live_pool_remove (pool, 7);
  orf_live_pool_give_back_match (pool, named);
  orf_live_pool_give_back_match (pool, named);
  orf_live_pool_give_back_match (pool, any);
  g_assert_null (orf_live_pool_take_match (pool, "{", need, NULL));
}

/* Whether it is meant nobody can say, which is told. */
static void
test_failed (void)
{
  g_autoptr (OrfLivePool) pool = orf_live_pool_new (&limits);
  g_autofree char *hard = g_strnfill (200, 'a');
  char *const labels[] = { (char *) "k", hard, NULL };
  OrfLiveMatch *match = orf_live_pool_take_match (pool, "m{k=~'(a+)+[bc]'}", need, NULL);

  g_assert_true (orf_live_pool_add (pool, 0, "m", labels));
  g_assert_cmpuint (orf_live_match_get_n_failed (match), ==, 1);
  g_assert_cmpuint (count (match), ==, 0);
  orf_live_pool_remove (pool, 0);
  g_assert_cmpuint (orf_live_match_get_n_failed (match), ==, 0);
  orf_live_pool_give_back_match (pool, match);
}

static void
test_refused (void)
{
  g_autoptr (OrfLivePool) pool = orf_live_pool_new (&limits);

  g_assert_true (orf_live_pool_add (pool, 99, "m", x));
  g_assert_false (orf_live_pool_add (pool, 99, "n", x));
  g_assert_false (orf_live_pool_add (pool, 1, "m", x));
  g_assert_false (orf_live_pool_add (pool, 100, "m", y));
  g_assert_cmpuint (orf_live_pool_get_figures (pool).n_refused, ==, 1);
  g_assert_false (orf_live_pool_push (pool, 50, S, 1));
}

/* All of a tick at once is as one after the other. */
static void
test_push_all (void)
{
  g_autoptr (OrfLivePool) pool = orf_live_pool_new (&limits);
  OrfLiveMatch *match = orf_live_pool_take_match (pool, "m", newest, NULL);
  OrfLiveSample samples[60];

  for (guint i = 0; i < 60; i++) {
    g_autofree char *value = g_strdup_printf ("%u", i);
    char *const labels[] = { (char *) "k", value, NULL };

    samples[i] = (OrfLiveSample){ i, { S, i } };
    if (i != 30)
      g_assert_true (orf_live_pool_add (pool, i, "m", labels));
  }
  g_assert_cmpuint (orf_live_pool_push_all (pool, samples, 60), ==, 1);
  for (guint i = 0; i < count (match); i++) {
    g_autoptr (GPtrArray) list = orf_live_match_list (match);
    OrfLiveSeries *series = list->pdata[i];
    OrfLiveWindow *window = orf_live_series_take (series, ORF_METRICS_AGGREGATE_LAST, 300 * S);
    gboolean is_short;

    g_assert_cmpfloat (orf_live_series_ask (series, window, S, &is_short), ==,
                       g_ascii_strtod (orf_live_series_get_labels (series)[1], NULL));
    orf_live_series_give_back (series, window);
  }
  orf_live_pool_give_back_match (pool, match);
}

/* Nothing is kept for nobody; what is asked for is kept as long as somebody needs it. */
static void
test_points (void)
{
  OrfLiveBudget budget = { .max_bytes = 1 << 20 };
  g_autoptr (OrfLiveSeries) series = orf_live_series_new ("m", x, 10, &budget);
  OrfLiveWindow *window, *last;
  gboolean is_short;

  g_assert_true (orf_live_series_push (series, (OrfPoint){ S, 1 }, 0));
  orf_live_series_hold (series, need);
  orf_live_series_hold (series, newest);
  window = orf_live_series_take (series, ORF_METRICS_AGGREGATE_COUNT, 5 * S);
  last = orf_live_series_take (series, ORF_METRICS_AGGREGATE_LAST, 300 * S);
  g_assert_true (last == orf_live_series_take (series, ORF_METRICS_AGGREGATE_LAST, 300 * S));
  orf_live_series_give_back (series, last);
  g_assert_true (isnan (orf_live_series_ask (series, window, S, &is_short)));
  for (gint64 t = 2; t <= 100; t++) {
    g_assert_true (orf_live_series_push (series, (OrfPoint){ t * S, 1 }, (t - 1) * S));
    g_assert_cmpfloat (orf_live_series_ask (series, window, t * S, &is_short), ==, MIN (t - 1, 5));
  }
  g_assert_cmpfloat (orf_live_series_ask (series, last, 399 * S, &is_short), ==, 1);
  g_assert_true (isnan (orf_live_series_ask (series, last, 400 * S, &is_short)));
  orf_live_series_give_back (series, last);
  orf_live_series_give_back (series, window);
  orf_live_series_let_go (series, newest);
  g_assert_cmpint (orf_live_series_get_reach_us (series), ==, 5 * S);
  orf_live_series_let_go (series, need);
  g_assert_cmpint (orf_live_series_get_reach_us (series), ==, 0);
}

/* More points than there is room for: what needs them is unknown until it needs them no more. */
static void
test_lost (void)
{
  OrfLiveBudget budget = { .max_bytes = 1 << 20 };
  g_autoptr (OrfLiveSeries) series = orf_live_series_new ("m", x, 10, &budget);
  OrfLiveWindow *window = orf_live_series_take (series, ORF_METRICS_AGGREGATE_SUM, 20 * S);
  gboolean is_short;

  orf_live_series_hold (series, (OrfLiveNeed){ .reach_us = 20 * S });
  for (gint64 t = 1; t <= 10; t++)
    g_assert_true (orf_live_series_push (series, (OrfPoint){ t * S, 1 }, 0));
  g_assert_cmpfloat (orf_live_series_ask (series, window, 10 * S, &is_short), ==, 10);
  g_assert_false (orf_live_series_push (series, (OrfPoint){ 11 * S, 1 }, 10 * S));
  g_assert_true (isnan (orf_live_series_ask (series, window, 11 * S, &is_short)));
  g_assert_true (is_short);
  g_assert_false (orf_live_series_push (series, (OrfPoint){ S, 1 }, 11 * S));
  g_assert_cmpfloat (orf_live_series_ask (series, window, 21 * S, &is_short), ==, 10);
  orf_live_series_give_back (series, window);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live-pool/match", test_match);
  g_test_add_func ("/live-pool/failed", test_failed);
  g_test_add_func ("/live-pool/refused", test_refused);
  g_test_add_func ("/live-pool/push-all", test_push_all);
  g_test_add_func ("/live-pool/points", test_points);
  g_test_add_func ("/live-pool/lost", test_lost);
  return g_test_run ();
}
