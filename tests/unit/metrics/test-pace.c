/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "metrics/orf-pace.h"

/* Some whole minute. */
#define NOON_US (G_GINT64_CONSTANT (1800000000) * ORF_US_PER_S)
#define MS      ORF_US_PER_MS
#define S       ORF_US_PER_S

/* One look at the time that was planned, and late by so much; the time of its frame. */
static gint64
look (OrfPace *pace, gint64 late_us)
{
  g_assert_true (orf_pace_is_due (pace, pace->due_us + late_us));
  orf_pace_pass (pace);
  return orf_pace_take_time (pace);
}

static void
test_aligned (void)
{
  const gint64 periods_us[] = { 300 * MS, 1 * S };
  const gint64 expected_us[] = { 300, 600, 900, 1000, 1200, 1500, 1800, 2000, 2100 };
  OrfPace pace = { 0 };
  gint64 now_us = NOON_US + 1;

  for (guint i = 0; i < G_N_ELEMENTS (expected_us); i++) {
    orf_pace_plan (&pace, now_us, periods_us, 2);
    g_assert_cmpint (pace.due_us, ==, NOON_US + expected_us[i] * MS);
    g_assert_cmpint (orf_pace_is_turn (&pace, 300 * MS), ==, expected_us[i] % 300 == 0);
    g_assert_cmpint (orf_pace_is_turn (&pace, 1 * S), ==, expected_us[i] % 1000 == 0);
    g_assert_cmpint (look (&pace, 0), ==, pace.due_us);
    now_us = pace.due_us + 2 * MS;
  }
}

/* A timer that fires early does not make the same tick twice. */
static void
test_early (void)
{
  const gint64 period_us = 20 * MS;
  OrfPace pace = { 0 };

  orf_pace_plan (&pace, NOON_US + 1, &period_us, 1);
  g_assert_true (orf_pace_is_due (&pace, pace.due_us - MS));
  g_assert_cmpint (look (&pace, -MS), ==, NOON_US + period_us);
  orf_pace_plan (&pace, NOON_US + period_us - MS, &period_us, 1);
  g_assert_cmpint (pace.due_us, ==, NOON_US + 2 * period_us);
}

/* Long periods are waited for in steps of a second, and only their own multiple is their turn. */
static void
test_long_period (void)
{
  const gint64 period_us = 60 * S;
  OrfPace pace = { 0 };
  gint64 now_us = NOON_US;
  guint n_turns = 0;

  for (guint i = 0; i < 180; i++) {
    orf_pace_plan (&pace, now_us, &period_us, 1);
    g_assert_cmpint (pace.due_us, ==, now_us + S);
    now_us = pace.due_us;
    n_turns += (guint) orf_pace_is_turn (&pace, period_us);
    orf_pace_pass (&pace);
  }
  g_assert_cmpuint (n_turns, ==, 3);
}

/* Set ahead, or slept: one look at the time that it is now, and none for those that were missed. */
static void
test_ahead (void)
{
  const gint64 period_us = 1 * S;
  OrfPace pace = { 0 };
  gint64 now_us;

  orf_pace_plan (&pace, NOON_US, &period_us, 1);
  look (&pace, 0);
  orf_pace_plan (&pace, pace.due_us, &period_us, 1);
  now_us = pace.due_us + 8 * 3600 * S + 1;
  g_assert_false (orf_pace_is_due (&pace, now_us));
  orf_pace_plan (&pace, now_us, &period_us, 1);
  g_assert_cmpint (pace.due_us, >, now_us);
  g_assert_cmpint (pace.due_us, <=, now_us + period_us);
  g_assert_cmpint (look (&pace, 0), ==, pace.due_us);
}

/* A little back is waited for. */
static void
test_a_little_back (void)
{
  const gint64 period_us = 100 * MS;
  OrfPace pace = { 0 };
  gint64 t_us;

  orf_pace_plan (&pace, NOON_US, &period_us, 1);
  t_us = look (&pace, 0);
  orf_pace_plan (&pace, t_us - 900 * MS, &period_us, 1);
  g_assert_cmpint (pace.due_us, ==, t_us + period_us);
  g_assert_cmpint (pace.shift_us, ==, 0);
}

/* Set back twice over the same hour: it goes on at once, and no time is told twice. */
static void
test_back (void)
{
  const gint64 period_us = 1 * S;
  g_autoptr (GHashTable)
    times_us = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  OrfPace pace = { 0 };

  for (guint round = 0; round < 3; round++) {
    gint64 now_us = NOON_US;

    for (guint i = 0; i < 100; i++) {
      gint64 *t_us = g_new (gint64, 1);

      orf_pace_plan (&pace, now_us, &period_us, 1);
      g_assert_cmpint (pace.due_us, ==, now_us + period_us);
      *t_us = look (&pace, 0);
      g_assert_cmpint (*t_us - pace.due_us, ==, round); /* aligned but for the microseconds */
      g_assert_true (g_hash_table_add (times_us, t_us));
      now_us = pace.due_us;
    }
  }
  /* beyond what was told, times are whole again */
  orf_pace_plan (&pace, NOON_US + 200 * S, &period_us, 1);
  g_assert_cmpint (look (&pace, 0) % period_us, ==, 0);
}

/* Set back while it waits: what was planned lies too far ahead. */
static void
test_back_while_waiting (void)
{
  const gint64 period_us = 1 * S;
  OrfPace pace = { 0 };

  orf_pace_plan (&pace, NOON_US, &period_us, 1);
  g_assert_false (orf_pace_is_due (&pace, NOON_US - 3600 * S));
  orf_pace_plan (&pace, NOON_US - 3600 * S, &period_us, 1);
  g_assert_cmpint (pace.due_us, ==, NOON_US - 3599 * S);
  g_assert_cmpint (look (&pace, 0), ==, pace.due_us); /* never told before */
}

static void
test_new_period (void)
{
  const gint64 period_us = 5 * S;
  const gint64 last_us = NOON_US + 2 * S;

  g_assert_true (orf_pace_is_new_period (period_us, 0, last_us)); /* never before */
  g_assert_false (orf_pace_is_new_period (period_us, last_us, last_us));
  g_assert_false (orf_pace_is_new_period (period_us, last_us, NOON_US + 5 * S - 1));
  g_assert_true (orf_pace_is_new_period (period_us, last_us, NOON_US + 5 * S));
  g_assert_true (orf_pace_is_new_period (period_us, last_us, NOON_US + 60 * S));
  /* set back: even within the period */
  g_assert_true (orf_pace_is_new_period (period_us, last_us, last_us - 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pace/aligned", test_aligned);
  g_test_add_func ("/pace/early", test_early);
  g_test_add_func ("/pace/long-period", test_long_period);
  g_test_add_func ("/pace/ahead", test_ahead);
  g_test_add_func ("/pace/a-little-back", test_a_little_back);
  g_test_add_func ("/pace/back", test_back);
  g_test_add_func ("/pace/back-while-waiting", test_back_while_waiting);
  g_test_add_func ("/pace/new-period", test_new_period);
  return g_test_run ();
}
