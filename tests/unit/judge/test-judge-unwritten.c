/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-unwritten.h"

static void
add (OrfForecastChange *change, gint64 id, const char *device)
{
  const OrfPredictionVerdict verdict = { .id = id };
  const OrfForecastWarningRow warning = { .id = id, .device = g_strdup (device) };

  g_array_append_val (change->verdicts, verdict);
  g_array_append_val (change->warnings, warning);
}

static gint64
get_verdict (const OrfForecastChange *change, guint i)
{
  return g_array_index (change->verdicts, OrfPredictionVerdict, i).id;
}

static const OrfForecastWarningRow *
get_warning (const OrfForecastChange *change, guint i)
{
  return &g_array_index (change->warnings, OrfForecastWarningRow, i);
}

/* What was refused goes first, with strings of its own, and once. */
static void
test_join (void)
{
  g_autoptr (OrfJudgeUnwritten) unwritten = orf_judge_unwritten_new ();
  g_autoptr (OrfForecastChange) refused = orf_forecast_change_new ();
  g_autoptr (OrfForecastChange) next = orf_forecast_change_new ();
  g_autoptr (OrfForecastChange) later = orf_forecast_change_new ();

  add (refused, 1, "gpu0");
  add (refused, 2, NULL);
  orf_judge_unwritten_keep (unwritten, refused->verdicts, refused->warnings);
  g_clear_pointer (&refused, orf_forecast_change_free);
  add (next, 3, "gpu1");
  orf_judge_unwritten_join (unwritten, next);
  g_assert_cmpuint (next->verdicts->len, ==, 3);
  g_assert_cmpuint (next->warnings->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpint (get_verdict (next, i), ==, i + 1);
    g_assert_cmpint (get_warning (next, i)->id, ==, i + 1);
  }
  g_assert_cmpstr (get_warning (next, 0)->device, ==, "gpu0");
  g_assert_null (get_warning (next, 1)->device);
  g_assert_cmpstr (get_warning (next, 2)->device, ==, "gpu1");
  orf_judge_unwritten_join (unwritten, later);
  g_assert_true (orf_forecast_change_is_empty (later));
}

/* A disk that stays full costs no more than there is room for. */
static void
test_bounded (void)
{
  g_autoptr (OrfJudgeUnwritten) unwritten = orf_judge_unwritten_new ();
  guint n = 0;

  for (guint round = 0; round < 30; round++) {
    g_autoptr (OrfForecastChange) change = orf_forecast_change_new ();

    for (guint i = 0; i < 1000; i++)
      add (change, ++n, "gpu0");
    orf_judge_unwritten_join (unwritten, change);
    orf_judge_unwritten_keep (unwritten, change->verdicts, change->warnings);
  }
  {
    g_autoptr (OrfForecastChange) change = orf_forecast_change_new ();

    orf_judge_unwritten_join (unwritten, change);
    g_assert_cmpuint (change->verdicts->len, ==, 20000);
    g_assert_cmpuint (change->warnings->len, ==, 1000);
    /* those that waited longest */
    g_assert_cmpint (get_verdict (change, 0), ==, 1);
    g_assert_cmpint (get_verdict (change, 19999), ==, 20000);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/unwritten/join", test_join);
  g_test_add_func ("/judge/unwritten/bounded", test_bounded);
  return g_test_run ();
}
