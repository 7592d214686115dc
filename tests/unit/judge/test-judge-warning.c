/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "judge/orf-judge-warning.h"

#define ROW_US  G_GINT64_CONSTANT (60000000)
#define LEAD_US (30 * ROW_US)

typedef struct {
  OrfJudgeWarningState state;
  OrfJudgeWarningInput input;
} Watch;

static Watch
watch_new (void)
{
  return (Watch){ .input = { .t_us = 1000 * ROW_US,
                             .before_us = 999 * ROW_US,
                             .row_us = ROW_US,
                             .threshold = 90,
                             .lead_us = LEAD_US } };
}

/* The next row, n_rows later. */
static OrfJudgeWarningStep
look (Watch *watch, double value, gint64 n_rows)
{
  OrfJudgeWarningStep step;

  watch->input.before_us = watch->input.t_us;
  watch->input.t_us += n_rows * ROW_US;
  watch->input.value = value;
  step = orf_judge_warning_look (&watch->state, &watch->input);
  if (step != ORF_JUDGE_WARNING_NONE && step != ORF_JUDGE_WARNING_MISSED)
    watch->state.id = 0; /* the owner's part */
  return step;
}

static gboolean
decide (Watch *watch, double tte_rows, double upper_rows)
{
  const OrfOutlook outlook = { .regime = ORF_REGIME_QUIET,
                               .tte_us = tte_rows * ROW_US,
                               .tte_lower_us = tte_rows * ROW_US / 2,
                               .tte_upper_us = upper_rows * ROW_US };
  gboolean says = orf_judge_warning_decide (&watch->state, &watch->input, &outlook);

  if (says)
    watch->state.id = 7;
  return says;
}

static void
settle (Watch *watch)
{
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (look (watch, 50, 1), ==, ORF_JUDGE_WARNING_NONE);
}

static void
test_says (void)
{
  Watch watch = watch_new ();

  settle (&watch);
  g_assert_false (decide (&watch, NAN, NAN));
  g_assert_false (decide (&watch, 31, 40));       /* further than the lead */
  g_assert_false (decide (&watch, 10, INFINITY)); /* perhaps never */
  g_assert_false (decide (&watch, 10, 1e30));     /* as good as never */
  g_assert_true (decide (&watch, 30, 40));
  g_assert_false (decide (&watch, 20, 30)); /* one is open */
}

static void
test_says_nothing_of_what_jumps (void)
{
  Watch watch = watch_new ();
  OrfOutlook outlook = { .regime = ORF_REGIME_STEPWISE,
                         .tte_us = 5.0 * ROW_US,
                         .tte_upper_us = 9.0 * ROW_US };

  settle (&watch);
  g_assert_false (orf_judge_warning_decide (&watch.state, &watch.input, &outlook));
  outlook.leak = TRUE;
  g_assert_true (orf_judge_warning_decide (&watch.state, &watch.input, &outlook));
}

static void
test_comes_true (void)
{
  Watch watch = watch_new ();

  settle (&watch);
  g_assert_true (decide (&watch, 10, 12));
  for (guint i = 0; i < 11; i++)
    g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_cmpint (look (&watch, 90, 1), ==, ORF_JUDGE_WARNING_CAME_TRUE);
  /* it stays there: nothing is missed, and nothing said */
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_false (decide (&watch, 0, 0));
  /* a dip is the same time, five rows are another */
  g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_NONE);
  settle (&watch);
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_MISSED);
}

static void
test_false_alarm (void)
{
  Watch watch = watch_new ();

  settle (&watch);
  g_assert_true (decide (&watch, 10, 12));
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_FALSE_ALARM);
  /* not again at once */
  g_assert_false (decide (&watch, 10, 12));
  for (guint i = 0; i < 30; i++)
    look (&watch, 80, 1);
  g_assert_true (decide (&watch, 10, 12));
}

static void
test_reached_late (void)
{
  Watch watch = watch_new ();

  settle (&watch);
  g_assert_true (decide (&watch, 1, 2));
  g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  /* too late for what was said, and nothing else was: both are so */
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_FALSE_ALARM);
  g_assert_cmpint (orf_judge_warning_look (&watch.state, &watch.input), ==,
                   ORF_JUDGE_WARNING_MISSED);
  g_assert_cmpint (orf_judge_warning_look (&watch.state, &watch.input), ==, ORF_JUDGE_WARNING_NONE);
}

static void
test_missed_is_of_what_was_known (void)
{
  Watch watch = watch_new ();

  /* it was full when it was first seen */
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_NONE);
  watch = watch_new ();
  settle (&watch);
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_MISSED);
  /* nobody looked for a while */
  watch = watch_new ();
  settle (&watch);
  g_assert_cmpint (look (&watch, 95, 100), ==, ORF_JUDGE_WARNING_NONE);
  /* nor when it is read from the file afterwards */
  watch = watch_new ();
  settle (&watch);
  watch.input.history = TRUE;
  g_assert_cmpint (look (&watch, 95, 1), ==, ORF_JUDGE_WARNING_NONE);
}

static void
test_unknown (void)
{
  Watch watch = watch_new ();

  settle (&watch);
  g_assert_true (decide (&watch, 10, 12));
  g_assert_cmpint (look (&watch, 80, 100), ==, ORF_JUDGE_WARNING_UNKNOWN);
}

static void
test_falling (void)
{
  Watch watch = watch_new ();

  watch.input.falling = TRUE;
  watch.input.threshold = 50;
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (look (&watch, 80, 1), ==, ORF_JUDGE_WARNING_NONE);
  g_assert_true (decide (&watch, 3, 5));
  g_assert_cmpint (look (&watch, 50, 1), ==, ORF_JUDGE_WARNING_CAME_TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/warning/says", test_says);
  g_test_add_func ("/judge/warning/what-jumps", test_says_nothing_of_what_jumps);
  g_test_add_func ("/judge/warning/comes-true", test_comes_true);
  g_test_add_func ("/judge/warning/false-alarm", test_false_alarm);
  g_test_add_func ("/judge/warning/reached-late", test_reached_late);
  g_test_add_func ("/judge/warning/missed", test_missed_is_of_what_was_known);
  g_test_add_func ("/judge/warning/unknown", test_unknown);
  g_test_add_func ("/judge/warning/falling", test_falling);
  return g_test_run ();
}
