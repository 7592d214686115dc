/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-trigger.h"

#define S G_GINT64_CONSTANT (1000000)

#define OFF    ORF_CONFIG_GPU_CLEANUP_OFF
#define ADVISE ORF_CONFIG_GPU_CLEANUP_ADVISE
#define ACT    ORF_CONFIG_GPU_CLEANUP_ACT

#define MEDIUM   ORF_PRESSURE_LEVEL_MEDIUM
#define HIGH     ORF_PRESSURE_LEVEL_HIGH
#define CRITICAL ORF_PRESSURE_LEVEL_CRITICAL

static void
expect (OrfCleanupTriggerState *state,
        OrfConfigGpuCleanup mode,
        OrfPressureLevel pressure,
        gint64 now_us,
        OrfCleanupImpulse expected)
{
  g_assert_cmpint (orf_cleanup_trigger_decide (state, mode, pressure, now_us), ==, expected);
}

static void
test_off (void)
{
  OrfCleanupTriggerState state = { 0 };

  expect (&state, OFF, CRITICAL, S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ACT, MEDIUM, S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ACT, ORF_PRESSURE_LEVEL_UNSET, S, ORF_CLEANUP_IMPULSE_NONE);
}

/* Said once each time that pressure rises. */
static void
test_advise (void)
{
  OrfCleanupTriggerState state = { 0 };

  expect (&state, ADVISE, HIGH, 1 * S, ORF_CLEANUP_IMPULSE_ADVISE);
  expect (&state, ADVISE, CRITICAL, 2 * S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ADVISE, MEDIUM, 3 * S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ADVISE, CRITICAL, 4 * S, ORF_CLEANUP_IMPULSE_ADVISE);
}

/* A probe that goes and comes brings no advice each time, and no patience is lost by it. */
static void
test_unknown_between (void)
{
  OrfCleanupTriggerState state = { 0 };

  expect (&state, ADVISE, HIGH, 1 * S, ORF_CLEANUP_IMPULSE_ADVISE);
  expect (&state, ADVISE, ORF_PRESSURE_LEVEL_UNSET, 2 * S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ADVISE, HIGH, 3 * S, ORF_CLEANUP_IMPULSE_NONE);
  orf_cleanup_trigger_ended (&state, FALSE, 60 * S, 4 * S);
  expect (&state, ACT, ORF_PRESSURE_LEVEL_UNSET, 5 * S, ORF_CLEANUP_IMPULSE_NONE);
  orf_cleanup_trigger_ended (&state, FALSE, 60 * S, 100 * S);
  expect (&state, ACT, HIGH, 219 * S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ACT, HIGH, 220 * S, ORF_CLEANUP_IMPULSE_ACT);
}

static void
test_cooldown (void)
{
  OrfCleanupTriggerState state = { 0 };

  expect (&state, ACT, HIGH, 100 * S, ORF_CLEANUP_IMPULSE_ACT);
  orf_cleanup_trigger_ended (&state, TRUE, 60 * S, 101 * S);
  expect (&state, ACT, CRITICAL, 160 * S, ORF_CLEANUP_IMPULSE_NONE);
  expect (&state, ACT, HIGH, 161 * S, ORF_CLEANUP_IMPULSE_ACT);
}

/* How long after an attempt at now_us the next is made. */
static gint64
get_wait_us (OrfCleanupTriggerState *state, gint64 now_us)
{
  gint64 wait_us = 0;

  while (orf_cleanup_trigger_decide (state, ACT, HIGH, now_us + wait_us) != ORF_CLEANUP_IMPULSE_ACT)
    wait_us += 30 * S;
  return wait_us;
}

/* Less and less often where nothing comes, and not for ever; anew once something came, or pressure
 * was low. */
static void
test_fruitless (void)
{
  const gint64 waits_s[] = { 60, 120, 240, 480, 960, 1920, 3840, 3840, 3840 };
  OrfCleanupTriggerState state = { 0 };
  gint64 now_us = 1000 * S;

  for (guint i = 0; i < G_N_ELEMENTS (waits_s); i++) {
    orf_cleanup_trigger_ended (&state, FALSE, 60 * S, now_us);
    g_assert_cmpint (get_wait_us (&state, now_us), ==, waits_s[i] * S);
    now_us += waits_s[i] * S;
  }
  orf_cleanup_trigger_ended (&state, TRUE, 60 * S, now_us);
  g_assert_cmpint (get_wait_us (&state, now_us), ==, 60 * S);
  orf_cleanup_trigger_ended (&state, FALSE, 60 * S, now_us);
  orf_cleanup_trigger_ended (&state, FALSE, 60 * S, now_us);
  expect (&state, ACT, MEDIUM, now_us, ORF_CLEANUP_IMPULSE_NONE);
  orf_cleanup_trigger_ended (&state, FALSE, 60 * S, now_us);
  g_assert_cmpint (get_wait_us (&state, now_us), ==, 60 * S);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleanup-trigger/off", test_off);
  g_test_add_func ("/cleanup-trigger/advise", test_advise);
  g_test_add_func ("/cleanup-trigger/unknown-between", test_unknown_between);
  g_test_add_func ("/cleanup-trigger/cooldown", test_cooldown);
  g_test_add_func ("/cleanup-trigger/fruitless", test_fruitless);
  return g_test_run ();
}
