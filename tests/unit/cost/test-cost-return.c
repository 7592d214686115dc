/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-return.h"

/* Newest first, as the file is read: each new one goes to the front. */
static void
add (GPtrArray *batches, const char *operation, gint64 size, gint64 duration_us)
{
  OrfWorkerBatchRow *batch = g_new0 (OrfWorkerBatchRow, 1);

  batch->t_us = batches->len + 1;
  batch->size = size;
  batch->duration_us = duration_us;
  batch->operation = g_strdup (operation);
  g_ptr_array_insert (batches, 0, batch);
}

static GPtrArray *
new_batches (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_worker_batch_row_free);
}

static void
add_many (GPtrArray *batches, guint n, const char *operation, gint64 size, gint64 duration_us)
{
  for (guint i = 0; i < n; i++)
    add (batches, operation, size, duration_us + (i % 2 == 0 ? 1000 : -1000));
}

static void
test_change (void)
{
  g_autoptr (GPtrArray) batches = new_batches ();
  OrfCostReturn found;

  add_many (batches, 30, "image", 8, 1000); /* long ago */
  add_many (batches, 40, "image", 1, 100000);
  add_many (batches, 40, "image", 4, 200000);
  g_assert_true (orf_cost_return_find (batches, "image", &found));
  g_assert_cmpint (found.before.size, ==, 1);
  g_assert_cmpint (found.after.size, ==, 4);
  g_assert_cmpint (found.before.n, ==, 40);
  g_assert_cmpint (found.after.from_us, ==, 71);
  g_assert_cmpint (found.after.to_us, ==, 110);
  g_assert_cmpfloat_with_epsilon (found.before.item_us, 100000, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.after.item_us, 50000, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.saved_percent, 50, 1e-9);
  g_assert_cmpfloat (found.lower_percent, <, 50);
  g_assert_cmpfloat (found.lower_percent, >, 49.5);
  g_assert_cmpfloat (found.upper_percent, >, 50);
  g_assert_cmpfloat (found.upper_percent, <, 50.5);
}

static void
test_silent (void)
{
  g_autoptr (GPtrArray) batches = new_batches ();
  OrfCostReturn found;

  g_assert_false (orf_cost_return_find (batches, NULL, &found));
  add_many (batches, 100, NULL, 2, 100000);
  g_assert_false (orf_cost_return_find (batches, NULL, &found)); /* never another size */
  add_many (batches, 19, NULL, 4, 100000);
  g_assert_false (orf_cost_return_find (batches, NULL, &found)); /* too few */
  for (guint i = 0; i < 200; i++)
    add (batches, NULL, 1 + i % 7, 100000); /* a new size each time */
  g_assert_false (orf_cost_return_find (batches, NULL, &found));
}

/* Batches of other operations, and those that did not tell how long they took, are passed over. */
static void
test_passed_over (void)
{
  g_autoptr (GPtrArray) batches = new_batches ();
  OrfCostReturn found;

  for (guint i = 0; i < 60; i++) {
    add (batches, "a", i < 30 ? 1 : 2, i < 30 ? 1000 : 4000);
    add (batches, "b", 9, 77);
    add (batches, "a", 5, -1);
  }
  g_assert_true (orf_cost_return_find (batches, "a", &found));
  g_assert_cmpint (found.after.size, ==, 2);
  g_assert_cmpfloat_with_epsilon (found.saved_percent, -100, 1e-9); /* twice as dear */
  g_assert_false (orf_cost_return_find (batches, "b", &found));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-return/change", test_change);
  g_test_add_func ("/cost-return/silent", test_silent);
  g_test_add_func ("/cost-return/passed-over", test_passed_over);
  return g_test_run ();
}
