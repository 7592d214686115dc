/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-step.h"

#include <math.h>

#define GIB  (G_GINT64_CONSTANT (1) << 30)
#define STEP 1000000

static const OrfCostHolder two[] = {
  { "a[1]", "w", 3 * GIB, NAN },
  { "b[2]", NULL, GIB, NAN },
};

static OrfCostLook
make_look (void)
{
  return (OrfCostLook){
    .step_us = STEP,
    .utilization_percent = 50,
    .total_bytes = 16 * GIB,
    .used_bytes = 8 * GIB,
    .driver_bytes = -1,
    .complete = TRUE,
    .holders = two,
    .n_holders = 2,
  };
}

static void
test_by_utilization (void)
{
  OrfCostLook look = make_look ();
  gint64 parts[2];
  OrfCostStep step = orf_cost_step_decide (&look, parts);

  g_assert_cmpint (step.basis, ==, ORF_COST_BASIS_UTILIZATION);
  g_assert_cmpint (step.used_us, ==, STEP / 2);
  g_assert_cmpint (parts[0], ==, 375000);
  g_assert_cmpint (parts[1], ==, 125000);
  g_assert_cmpint (step.nobody_us, ==, 0);
  /* others may hold memory, too: what is in use beyond the two is theirs */
  look.complete = FALSE;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.nobody_us, ==, STEP / 4);
  g_assert_cmpint (parts[0], ==, 187500);
  /* but not the driver's */
  look.driver_bytes = 4 * GIB;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.nobody_us, ==, 0);
}

/* Where the driver tells for whom the device computed, memory does not matter. */
static void
test_by_use_of_processes (void)
{
  OrfCostHolder busy[] = { { "a[1]", NULL, 3 * GIB, 0 }, { "b[2]", NULL, GIB, 45 } };
  OrfCostLook look = make_look ();
  gint64 parts[2];
  OrfCostStep step;

  look.holders = busy;
  look.complete = FALSE;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (parts[0], ==, 0);
  g_assert_cmpint (parts[1], ==, STEP / 2);
  g_assert_cmpint (step.nobody_us, ==, 0);
  busy[0].utilization_percent = 5;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (parts[0], ==, STEP / 20);
  /* it computed for none of them, and yet it did: memory tells */
  busy[0].utilization_percent = busy[1].utilization_percent = 0;
  look.complete = TRUE;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (parts[0], ==, 375000);
}

static void
test_by_memory (void)
{
  OrfCostLook look = make_look ();
  gint64 parts[2];
  OrfCostStep step;

  look.utilization_percent = NAN;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.basis, ==, ORF_COST_BASIS_MEMORY);
  g_assert_cmpint (step.used_us, ==, STEP / 2);
  /* of the host's memory only what is known to be the device's counts */
  look.used_bytes = -1;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.used_us, ==, STEP / 4);
  g_assert_cmpint (parts[0] + parts[1], ==, step.used_us);
  /* who is there at all, where nothing tells how large it is */
  look.total_bytes = -1;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.used_us, ==, STEP);
}

static void
test_nothing_known (void)
{
  const OrfCostHolder unknown[] = { { "a[1]", NULL, -1, NAN }, { "b[2]", NULL, -1, NAN } };
  OrfCostLook look = make_look ();
  gint64 parts[2];
  OrfCostStep step;

  look.holders = unknown;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (parts[0], ==, STEP / 4);
  g_assert_cmpint (parts[1], ==, STEP / 4);
  look.n_holders = 0;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.nobody_us, ==, STEP / 2);
  look.utilization_percent = NAN;
  look.used_bytes = -1;
  step = orf_cost_step_decide (&look, parts);
  g_assert_cmpint (step.basis, ==, ORF_COST_BASIS_UNKNOWN);
  g_assert_cmpint (step.used_us, ==, 0);
  g_assert_cmpint (step.nobody_us, ==, 0);
}

/* Whatever is measured, nobody's and everybody's parts are what was used, within the step. */
static void
test_adds_up (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 100000; i++) {
    OrfCostHolder holders[5];
    gint64 parts[5], sum;
    OrfCostLook look = {
      .step_us = g_rand_int_range (rand, 1, 20000000),
      .utilization_percent = g_rand_boolean (rand) ? NAN : g_rand_double_range (rand, -1, 120),
      .total_bytes = g_rand_boolean (rand) ? -1 : g_rand_int (rand) * GIB,
      .used_bytes = g_rand_boolean (rand) ? -1 : g_rand_int (rand) * GIB,
      .driver_bytes = g_rand_boolean (rand) ? -1 : (gint64) g_rand_int (rand),
      .complete = g_rand_boolean (rand),
      .holders = holders,
      .n_holders = (guint) g_rand_int_range (rand, 0, 6),
    };
    OrfCostStep step;

    for (guint j = 0; j < look.n_holders; j++)
      holders[j] =
        (OrfCostHolder){ "p", NULL, g_rand_boolean (rand) ? -1 : (gint64) g_rand_int (rand),
                         g_rand_boolean (rand) ? NAN : g_rand_double_range (rand, 0, 101) };
    step = orf_cost_step_decide (&look, parts);
    sum = step.nobody_us;
    for (guint j = 0; j < look.n_holders; j++) {
      g_assert_cmpint (parts[j], >=, 0);
      sum += parts[j];
    }
    g_assert_cmpint (sum, ==, step.used_us);
    g_assert_cmpint (step.used_us, >=, 0);
    g_assert_cmpint (step.used_us, <=, look.step_us);
    g_assert_cmpint (step.nobody_us, >=, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-step/by-utilization", test_by_utilization);
  g_test_add_func ("/cost-step/by-use-of-processes", test_by_use_of_processes);
  g_test_add_func ("/cost-step/by-memory", test_by_memory);
  g_test_add_func ("/cost-step/nothing-known", test_nothing_known);
  g_test_add_func ("/cost-step/adds-up", test_adds_up);
  return g_test_run ();
}
