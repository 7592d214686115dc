/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "postmortem/orf-postmortem-operation.h"
#include "store/orf-store-postmortem.h"

#define MINUTE G_GINT64_CONSTANT (60000000)
#define FROM   (1000 * MINUTE)

static const OrfPostmortemWindow window = {
  .from_us = FROM,
  .to_us = FROM + 10 * MINUTE,
  .baseline_from_us = FROM - 10 * MINUTE,
  .baseline_to_us = FROM,
};

static GPtrArray *
new_steps (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_step_free);
}

static void
add_step (GPtrArray *steps, gint64 minute, guint n, double us, gint64 errors)
{
  OrfPostmortemStep *step = g_new0 (OrfPostmortemStep, 1);

  step->t_us = FROM + minute * MINUTE;
  step->spans = n;
  step->errors = errors;
  step->sketch = orf_sketch_new ();
  for (guint i = 0; i < n; i++)
    orf_sketch_add (step->sketch, us);
  g_ptr_array_add (steps, step);
}

static void
add_usual (GPtrArray *steps, gint64 from, gint64 to)
{
  for (gint64 minute = from; minute < to; minute++)
    add_step (steps, minute, 10, 100000, 0);
}

static OrfPostmortemOperation *
compare (const GPtrArray *steps)
{
  OrfPostmortemOperation *operation = orf_postmortem_operation_compare (steps, &window);

  g_assert_nonnull (operation);
  operation->service = g_strdup ("api");
  operation->operation = g_strdup ("/infer");
  return operation;
}

static void
test_usual (void)
{
  g_autoptr (GPtrArray) steps = new_steps ();
  g_autoptr (OrfPostmortemOperation) operation = NULL;

  g_assert_null (orf_postmortem_operation_compare (steps, &window));
  add_usual (steps, -10, 10);
  operation = compare (steps);
  g_assert_cmpint (operation->count, ==, 100);
  g_assert_cmpint (operation->before_count, ==, 100);
  g_assert_cmpfloat (operation->slower_percent, ==, 0);
  g_assert_false (orf_postmortem_operation_is_worse (operation));
}

/* Since the first of two minutes in a row; one alone is none. */
static void
test_slower (void)
{
  g_autoptr (GPtrArray) steps = new_steps ();
  g_autoptr (OrfPostmortemOperation) operation = NULL;
  g_autofree char *text = NULL;

  add_usual (steps, -10, 2);
  add_step (steps, 2, 10, 900000, 0);
  add_usual (steps, 3, 6);
  for (gint64 minute = 6; minute < 10; minute++)
    add_step (steps, minute, 10, 900000, 0);
  operation = compare (steps);
  g_assert_true (orf_postmortem_operation_is_worse (operation));
  g_assert_cmpint (operation->from_us, ==, FROM + 6 * MINUTE);
  g_assert_cmpfloat (operation->slower_percent, >, 750);
  g_assert_cmpfloat (orf_postmortem_operation_get_more_errors (operation), ==, 0);
  text = orf_postmortem_operation_describe (operation);
  g_assert_true (g_str_has_prefix (text, "api /infer: p99 from "));
}

/* Of the two quantiles it tells the one that rose, and not how the other fell. */
static void
test_slower_in_the_middle (void)
{
  g_autoptr (GPtrArray) steps = new_steps ();
  g_autoptr (OrfPostmortemOperation) operation = NULL;
  g_autofree char *text = NULL;

  add_usual (steps, -10, -1);
  add_step (steps, -1, 10, 5000000, 0);
  for (gint64 minute = 0; minute < 10; minute++)
    add_step (steps, minute, 10, 900000, 0);
  operation = compare (steps);
  text = orf_postmortem_operation_describe (operation);
  g_assert_true (g_str_has_prefix (text, "api /infer: p50 from "));
}

static void
test_errors (void)
{
  g_autoptr (GPtrArray) steps = new_steps ();
  g_autoptr (OrfPostmortemOperation) operation = NULL;

  add_usual (steps, -10, 5);
  for (gint64 minute = 5; minute < 10; minute++)
    add_step (steps, minute, 10, 100000, 4);
  operation = compare (steps);
  g_assert_cmpint (operation->from_us, ==, FROM + 5 * MINUTE);
  g_assert_cmpfloat (operation->errors_percent, ==, 20);
  g_assert_cmpfloat (orf_postmortem_operation_get_more_errors (operation), ==, 20);
}

/* Half as long again, but not a millisecond; and too few to tell. */
static void
test_not_noticed (void)
{
  g_autoptr (GPtrArray) fast = new_steps ();
  g_autoptr (GPtrArray) few = new_steps ();
  g_autoptr (OrfPostmortemOperation) short_one = NULL;
  g_autoptr (OrfPostmortemOperation) rare = NULL;

  for (gint64 minute = -10; minute < 10; minute++)
    add_step (fast, minute, 10, minute < 0 ? 100 : 900, 0);
  short_one = compare (fast);
  g_assert_false (orf_postmortem_operation_is_worse (short_one));
  add_step (few, -5, 10, 100000, 0);
  add_step (few, 5, 30, 900000, 30);
  rare = compare (few);
  g_assert_false (orf_postmortem_operation_is_worse (rare));
  g_assert_true (isnan (rare->slower_percent));
  g_assert_cmpfloat (orf_postmortem_operation_get_more_errors (rare), ==, 0);
}

static void
test_order (void)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_operation_free);
  const double slow_us[] = { 100000, 300000, 900000 };

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GPtrArray) steps = new_steps ();

    add_usual (steps, -10, 0);
    for (gint64 minute = 0; minute < 10; minute++)
      add_step (steps, minute, 10, slow_us[i], 0);
    g_ptr_array_add (rows, compare (steps));
  }
  g_ptr_array_sort (rows, orf_postmortem_operation_compare_cb);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpfloat (
      fabs ((double) ((OrfPostmortemOperation *) rows->pdata[i])->p50_us / slow_us[2 - i] - 1), <,
      0.02);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-operation/usual", test_usual);
  g_test_add_func ("/postmortem-operation/slower", test_slower);
  g_test_add_func ("/postmortem-operation/slower-in-the-middle", test_slower_in_the_middle);
  g_test_add_func ("/postmortem-operation/errors", test_errors);
  g_test_add_func ("/postmortem-operation/not-noticed", test_not_noticed);
  g_test_add_func ("/postmortem-operation/order", test_order);
  return g_test_run ();
}
