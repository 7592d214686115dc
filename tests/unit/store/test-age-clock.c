/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "store/orf-age-clock.h"

#define NOW_US  G_GINT64_CONSTANT (1700000000000000)
#define HOUR_US (3600 * ORF_US_PER_S)
#define YEAR_US (365 * 24 * HOUR_US)

typedef struct {
  OrfAgeClock clock;
  gint64 now_us, boot_us, jumped_us;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->now_us = NOW_US;
  fixture->boot_us = 5 * HOUR_US;
  orf_age_clock_init (&fixture->clock, fixture->now_us, fixture->boot_us);
}

/* Time passes, and the clock jumps as well; how far what ages are judged by is behind it. */
static gint64
pass (Fixture *fixture, gint64 passed_us, gint64 jump_us)
{
  fixture->now_us += passed_us + jump_us;
  fixture->boot_us += passed_us;
  return fixture->now_us - orf_age_clock_tell (&fixture->clock, fixture->now_us, fixture->boot_us,
                                               &fixture->jumped_us);
}

static void
test_passes (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  /* also a year for which nobody asked, as after a long sleep */
  g_assert_cmpint (pass (fixture, YEAR_US, 0), ==, 0);
  g_assert_cmpint (pass (fixture, HOUR_US, 60 * ORF_US_PER_S), ==, 0);
  g_assert_cmpint (fixture->jumped_us, ==, 0);
}

static void
test_jumps_ahead (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_assert_cmpint (pass (fixture, ORF_US_PER_S, YEAR_US), ==, YEAR_US);
  g_assert_cmpint (fixture->jumped_us, ==, YEAR_US);
  g_assert_cmpint (pass (fixture, 23 * HOUR_US, 0), ==, YEAR_US);
  g_assert_cmpint (fixture->jumped_us, ==, 0); /* told once */
  g_assert_cmpint (pass (fixture, HOUR_US, 0), ==, 0);
}

/* What is kept for minutes is not too old by it. */
static void
test_jumps_by_minutes (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_assert_cmpint (pass (fixture, ORF_US_PER_S, HOUR_US / 6), ==, HOUR_US / 6);
  g_assert_cmpint (pass (fixture, HOUR_US, 0), ==, HOUR_US / 6);
}

static void
test_comes_back (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  pass (fixture, HOUR_US, YEAR_US);
  g_assert_cmpint (pass (fixture, HOUR_US, -YEAR_US), ==, 0);
  /* the next is another */
  g_assert_cmpint (pass (fixture, 23 * HOUR_US, YEAR_US), ==, YEAR_US);
  g_assert_cmpint (fixture->jumped_us, ==, YEAR_US);
  g_assert_cmpint (pass (fixture, 23 * HOUR_US, 0), ==, YEAR_US);
}

static void
test_jumps_back (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_assert_cmpint (pass (fixture, HOUR_US, -YEAR_US), ==, 0);
  g_assert_cmpint (pass (fixture, HOUR_US, 0), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/age-clock/passes", Fixture, NULL, set_up, test_passes, NULL);
  g_test_add ("/age-clock/jumps-ahead", Fixture, NULL, set_up, test_jumps_ahead, NULL);
  g_test_add ("/age-clock/jumps-by-minutes", Fixture, NULL, set_up, test_jumps_by_minutes, NULL);
  g_test_add ("/age-clock/comes-back", Fixture, NULL, set_up, test_comes_back, NULL);
  g_test_add ("/age-clock/jumps-back", Fixture, NULL, set_up, test_jumps_back, NULL);
  return g_test_run ();
}
