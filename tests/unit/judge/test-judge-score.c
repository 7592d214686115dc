/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "judge/orf-judge-score.h"

#define NAME "gpu.memory.used_percent"

static void
test_sums (void)
{
  g_autoptr (OrfJudgeScores) scores = orf_judge_scores_new ();
  const OrfPredictionScore first = { .series = { 1, (char *) NAME, (char *) "{}" },
                                     .method = (char *) "holt",
                                     .horizon_us = 900,
                                     .n_judged = 3,
                                     .n_missing = 1,
                                     .n_open = 2,
                                     .error = 3,
                                     .naive_error = 6,
                                     .inside80 = 2,
                                     .inside90 = 3,
                                     .width80 = 9,
                                     .width90 = 12 };
  OrfPredictionScore second = first, third = first;
  const OrfWarningScore warned = {
    .series = first.series,
    .n = { [ORF_WARNING_CAME_TRUE] = 3, [ORF_WARNING_FALSE_ALARM] = 1, [ORF_WARNING_AVERTED] = 5 },
    .lead_us = 300
  };
  g_autoptr (GPtrArray) warnings = NULL;
  g_autoptr (GPtrArray) accuracy = NULL;
  const OrfPredictionAccuracy *one;

  second.n_judged = 1; /* another series of the same name */
  third.horizon_us = 300;
  third.n_judged = 0;
  third.naive_error = 0;
  orf_judge_scores_add (scores, NULL, &first);
  orf_judge_scores_add (scores, NULL, &second);
  orf_judge_scores_add (scores, NULL, &third);
  orf_judge_scores_add_warnings (scores, NULL, &warned);
  warnings = orf_judge_scores_make_warnings (scores);
  accuracy = orf_judge_scores_make_accuracy (scores, warnings);
  g_assert_cmpint (orf_judge_scores_get_n_open (scores), ==, 6);
  g_assert_cmpuint (accuracy->len, ==, 2);

  one = accuracy->pdata[0];
  g_assert_cmpint (one->horizon_us, ==, 300);
  g_assert_cmpint (one->missing, ==, 1);
  g_assert_true (isnan (one->error_ratio) && isnan (one->coverage_percent));

  one = accuracy->pdata[1];
  g_assert_cmpint (one->forecasts, ==, 4);
  g_assert_cmpfloat (one->error, ==, 1.5);
  g_assert_cmpfloat (one->naive_error, ==, 3);
  g_assert_cmpfloat (one->error_ratio, ==, .5);
  g_assert_cmpfloat (one->coverage_percent, ==, 100);
  g_assert_cmpfloat (one->width, ==, 4.5);
  g_assert_cmpfloat (one->warnings_right_percent, ==, 75);
  g_assert_null (one->series);
  g_assert_cmpint (((OrfPredictionWarnings *) warnings->pdata[0])->lead_us, ==, 100);
}

static void
test_by_series (void)
{
  g_autoptr (OrfJudgeScores) scores = orf_judge_scores_new ();
  const OrfPredictionScore row = { .series = { 1, (char *) NAME, (char *) "{}" },
                                   .method = (char *) "holt",
                                   .horizon_us = 1,
                                   .n_judged = 1 };
  const OrfWarningScore missed = { .series = row.series, .n = { [ORF_WARNING_MISSED] = 2 } };
  g_autoptr (GPtrArray) warnings = NULL;
  g_autoptr (GPtrArray) accuracy = NULL;

  orf_judge_scores_add (scores, NAME "{device=\"b\"}", &row);
  orf_judge_scores_add (scores, NAME "{device=\"a\"}", &row);
  orf_judge_scores_add_warnings (scores, NAME "{device=\"a\"}", &missed);
  warnings = orf_judge_scores_make_warnings (scores);
  accuracy = orf_judge_scores_make_accuracy (scores, warnings);
  g_assert_cmpuint (accuracy->len, ==, 2);
  g_assert_cmpstr (((OrfPredictionAccuracy *) accuracy->pdata[0])->series, ==,
                   NAME "{device=\"a\"}");
  g_assert_cmpuint (warnings->len, ==, 1);
  g_assert_cmpfloat (((OrfPredictionWarnings *) warnings->pdata[0])->found_percent, ==, 0);
  g_assert_false (((OrfPredictionWarnings *) warnings->pdata[0])->has_lead_us);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/score/sums", test_sums);
  g_test_add_func ("/judge/score/by-series", test_by_series);
  return g_test_run ();
}
