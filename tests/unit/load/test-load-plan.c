/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-load-plan.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

static OrfLoadPlan *
make (OrfLoadSetup setup)
{
  g_autoptr (GError) error = NULL;
  OrfLoadPlan *plan = orf_load_plan_new (&setup, &error);

  g_assert_no_error (error);
  return plan;
}

/* All times of a plan: rising, none beyond its level, as many as it says. */
static guint64
walk (const OrfLoadPlan *plan)
{
  OrfLoadCursor cursor = orf_load_plan_begin (plan);
  gint64 before_us = -1;
  gint64 at_us;
  guint64 n = 0;

  for (; (at_us = orf_load_plan_get_time (plan, &cursor)) != G_MAXINT64; n++) {
    const OrfLoadLevel *level = orf_load_plan_get_level (plan, cursor.level);

    g_assert_cmpint (at_us, >=, before_us);
    g_assert_cmpint (at_us, >=, level->from_us);
    g_assert_cmpint (at_us, <, level->until_us);
    g_assert_cmpuint (orf_load_plan_find_level (plan, at_us), ==, cursor.level);
    before_us = at_us;
    orf_load_plan_advance (plan, &cursor);
  }
  return n;
}

/* Those of the original. */
static void
test_defaults (void)
{
  static const struct {
    OrfLoadKind kind;
    guint n_levels;
    double first, last;
    gint64 seconds;
    guint64 n;
  } cases[] = {
    { ORF_LOAD_KIND_SUSTAINED, 1, 50, 50, 60, 3000 },
    { ORF_LOAD_KIND_STRESS, 100, 10, 1000, 6000, 60 * 10 * 5050 },
    { ORF_LOAD_KIND_SPIKE, 3, 20, 20, 60, 20 * 140 },
    { ORF_LOAD_KIND_ENDURANCE, 1, 30, 30, 3600, 108000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfLoadPlan) plan = make ((OrfLoadSetup){ .kind = cases[i].kind });
    guint n_levels = orf_load_plan_get_n_levels (plan);

    g_assert_cmpuint (n_levels, ==, cases[i].n_levels);
    g_assert_cmpfloat (orf_load_plan_get_level (plan, 0)->rate, ==, cases[i].first);
    g_assert_cmpfloat (orf_load_plan_get_level (plan, n_levels - 1)->rate, ==, cases[i].last);
    g_assert_cmpint (orf_load_plan_get_duration (plan), ==, cases[i].seconds * SECOND_US);
    g_assert_cmpuint (walk (plan), ==, cases[i].n);
  }
}

/* A day at a rate that no microsecond divides: the last one is where it belongs. */
static void
test_no_drift (void)
{
  g_autoptr (OrfLoadPlan) plan = make (
    (OrfLoadSetup){ .kind = ORF_LOAD_KIND_ENDURANCE, .rate = 7, .duration_us = 86400 * SECOND_US });
  OrfLoadCursor last = { 0, 7 * 86400 - 1 };

  g_assert_cmpint (orf_load_plan_get_time (plan, &last), ==, 86400 * SECOND_US - 142858);
  g_assert_cmpuint (walk (plan), ==, 7 * 86400);
}

static void
test_odd (void)
{
  g_autoptr (OrfLoadPlan) slow = make (
    (OrfLoadSetup){ .kind = ORF_LOAD_KIND_SUSTAINED, .rate = 0.4, .duration_us = 4 * SECOND_US });
  g_autoptr (OrfLoadPlan) fast = make (
    (OrfLoadSetup){ .kind = ORF_LOAD_KIND_SPIKE, .rate = 1, .peak_rate = 1e6, .duration_us = 30 });

  g_assert_cmpuint (walk (slow), ==, 2); /* at 0 and at 2.5 s */
  g_assert_cmpuint (walk (fast), ==, 12);
}

static void
test_refused (void)
{
  static const OrfLoadSetup wrong[] = {
    { .kind = ORF_LOAD_KIND_SUSTAINED, .rate = 1e9 },
    { .kind = ORF_LOAD_KIND_STRESS, .rate = 100, .max_rate = 50 },
    { .kind = ORF_LOAD_KIND_STRESS, .step_rate = 0.001 },
    { .kind = ORF_LOAD_KIND_SPIKE, .peak_rate = 1e7 },
    { .kind = ORF_LOAD_KIND_ENDURANCE, .duration_us = G_MAXINT64 },
    /* a day each, of a hundred */
    { .kind = ORF_LOAD_KIND_STRESS, .duration_us = 86400 * SECOND_US },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_load_plan_new (&wrong[i], &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  }
}

/* As many as evenly, and in an exponential distribution e^-1 of the gaps are longer than the mean;
 * the same each time. */
static void
test_random (void)
{
  const OrfLoadSetup setup = {
    .kind = ORF_LOAD_KIND_SUSTAINED, .rate = 1000, .duration_us = 20 * SECOND_US, .is_random = TRUE
  };
  g_autoptr (OrfLoadPlan) plan = make (setup);
  g_autoptr (OrfLoadPlan) again = make (setup);
  g_autoptr (OrfLoadPlan) levels = make ((OrfLoadSetup){
    .kind = ORF_LOAD_KIND_STRESS, .max_rate = 50, .duration_us = SECOND_US, .is_random = TRUE });
  OrfLoadCursor cursor = orf_load_plan_begin (plan);
  OrfLoadCursor same = orf_load_plan_begin (again);
  gint64 before_us = 0, at_us;
  guint n_long = 0, n_double = 0;

  g_assert_cmpuint (walk (plan), ==, 20000);
  g_assert_cmpuint (walk (levels), ==, 10 + 20 + 30 + 40 + 50);
  for (; (at_us = orf_load_plan_get_time (plan, &cursor)) != G_MAXINT64;
       orf_load_plan_advance (plan, &cursor)) {
    g_assert_cmpint (at_us, ==, orf_load_plan_get_time (again, &same));
    orf_load_plan_advance (again, &same);
    n_long += at_us - before_us > 1000;
    n_double += at_us - before_us > 2000;
    before_us = at_us;
  }
  g_assert_cmpfloat_with_epsilon (n_long / 20000., 0.3679, 0.02);
  g_assert_cmpfloat_with_epsilon (n_double / 20000., 0.1353, 0.02);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-plan/defaults", test_defaults);
  g_test_add_func ("/load-plan/no-drift", test_no_drift);
  g_test_add_func ("/load-plan/odd", test_odd);
  g_test_add_func ("/load-plan/refused", test_refused);
  g_test_add_func ("/load-plan/random", test_random);
  return g_test_run ();
}
