/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-plan.h"

#define MIB (G_GINT64_CONSTANT (1048576))

#define LIGHT      ORF_CLEANUP_LEVEL_LIGHT
#define NORMAL     ORF_CLEANUP_LEVEL_NORMAL
#define AGGRESSIVE ORF_CLEANUP_LEVEL_AGGRESSIVE

/* One that holds so much, of which so much is in use, and can do all. */
static OrfCleanupCandidate
make_worker (gint64 no, gint64 reserved_mib, gint64 allocated_mib)
{
  return (OrfCleanupCandidate){
    .no = no,
    .is_there = TRUE,
    .abilities = ORF_CLEANUP_CAN_TRIM | ORF_CLEANUP_CAN_SHRINK | ORF_CLEANUP_CAN_UNLOAD,
    .allocated_bytes = allocated_mib * MIB,
    .reserved_bytes = reserved_mib * MIB,
    .inactive_split_bytes = -1,
  };
}

static OrfCleanupCandidate
make_silent (gint64 no)
{
  OrfCleanupCandidate worker = make_worker (no, 0, 0);

  worker.allocated_bytes = worker.reserved_bytes = -1;
  return worker;
}

static void
expect_order (const OrfCleanupCandidate *workers,
              guint n_workers,
              OrfCleanupLevel level,
              const gint64 *nos)
{
  g_autoptr (GPtrArray) steps = orf_cleanup_plan (workers, n_workers, level);

  g_assert_cmpuint (steps->len, ==, n_workers);
  for (guint i = 0; i < n_workers; i++) {
    const OrfCleanupStep *step = steps->pdata[i];

    g_assert_cmpint (workers[step->candidate].no, ==, nos[i]);
    g_assert_cmpstr (step->reason, !=, NULL);
  }
}

/* Most to be had first; of whom nothing is known before those that say they have nothing; the older
 * first where all is equal; whatever the order they are given in. */
static void
test_order (void)
{
  const gint64 expected[] = { 4, 2, 3, 1, 5 };
  OrfCleanupCandidate workers[] = {
    make_worker (1, 500, 500), make_worker (2, 600, 400), make_silent (3),
    make_worker (4, 900, 100), make_worker (5, 100, 100),
  };

  expect_order (workers, 5, NORMAL, expected);
  for (guint round = 0; round < 5; round++) {
    OrfCleanupCandidate first = workers[0];

    for (guint i = 0; i < 4; i++)
      workers[i] = workers[i + 1];
    workers[4] = first;
    expect_order (workers, 5, NORMAL, expected);
  }
}

static const OrfCleanupStep *
plan_one (const OrfCleanupCandidate *worker, OrfCleanupLevel level, GPtrArray **steps)
{
  g_clear_pointer (steps, g_ptr_array_unref);
  *steps = orf_cleanup_plan (worker, 1, level);
  return (*steps)->pdata[0];
}

static void
test_levels (void)
{
  g_autoptr (GPtrArray) steps = NULL;
  OrfCleanupCandidate worker = make_worker (1, 1000, 600);

  g_assert_cmpint (plan_one (&worker, LIGHT, &steps)->idle_bytes, ==, 400 * MIB);
  g_assert_cmpint (plan_one (&worker, NORMAL, &steps)->idle_bytes, ==, 400 * MIB);
  g_assert_cmpint (plan_one (&worker, AGGRESSIVE, &steps)->idle_bytes, ==, 1000 * MIB);
  /* idle parts of blocks in use stay */
  worker.inactive_split_bytes = 150 * MIB;
  g_assert_cmpint (plan_one (&worker, NORMAL, &steps)->idle_bytes, ==, 250 * MIB);
  worker.inactive_split_bytes = 500 * MIB;
  g_assert_cmpint (plan_one (&worker, NORMAL, &steps)->idle_bytes, ==, 0);
  g_assert_true (plan_one (&worker, NORMAL, &steps)->asked);
  /* what it holds in use is not known: what it can unload is */
  worker.allocated_bytes = -1;
  g_assert_cmpint (plan_one (&worker, NORMAL, &steps)->idle_bytes, ==, -1);
  g_assert_cmpint (plan_one (&worker, AGGRESSIVE, &steps)->idle_bytes, ==, 1000 * MIB);
}

static void
test_left_out (void)
{
  const gint64 expected[] = { 3, 1, 2 };
  g_autoptr (GPtrArray) steps = NULL;
  OrfCleanupCandidate workers[] = {
    make_worker (1, 1000, 0),
    make_worker (2, 1000, 0),
    make_worker (3, 10, 0),
  };

  workers[0].is_there = FALSE;
  workers[1].abilities = ORF_CLEANUP_CAN_UNLOAD;
  expect_order (workers, 3, NORMAL, expected);
  steps = orf_cleanup_plan (workers, 3, NORMAL);
  for (guint i = 0; i < 3; i++) {
    const OrfCleanupStep *step = steps->pdata[i];

    g_assert_cmpint (step->asked, ==, i == 0);
    g_assert_true (i == 0 || step->expected_bytes == -1);
  }
  /* it can, where the level asks for it */
  g_assert_true (plan_one (&workers[1], AGGRESSIVE, &steps)->asked);
  /* one that said nothing of what it can is asked to trim */
  workers[1].abilities = 0;
  g_assert_true (plan_one (&workers[1], LIGHT, &steps)->asked);
}

static void
test_abilities (void)
{
  const char *const words[] = { "unload", "batch_size", "trim", "trim", NULL };

  g_assert_cmpuint (orf_cleanup_parse_abilities (words), ==,
                    ORF_CLEANUP_CAN_TRIM | ORF_CLEANUP_CAN_UNLOAD);
  g_assert_cmpuint (orf_cleanup_parse_abilities (NULL), ==, 0);
}

/* A liar sinks below those that keep their word, and comes up again when it does. */
static void
test_honesty (void)
{
  const gint64 liar_last[] = { 2, 1 }, by_size[] = { 1, 2 };
  OrfCleanupCandidate workers[] = { make_worker (1, 1000, 0), make_worker (2, 600, 0) };
  g_autoptr (GPtrArray) steps = NULL;
  OrfHonesty *honesty = &workers[0].honesty;

  g_assert_cmpfloat (orf_honesty_get_share (honesty), ==, 1);
  expect_order (workers, 2, NORMAL, by_size);
  for (guint i = 0; i < 3; i++)
    orf_honesty_add (honesty, TRUE, 1000 * MIB, 0);
  g_assert_cmpfloat (orf_honesty_get_share (honesty), <, 0.4);
  expect_order (workers, 2, NORMAL, liar_last);
  g_assert_nonnull (strstr (plan_one (&workers[0], NORMAL, &steps)->reason, "promised"));
  for (guint i = 0; i < 8; i++)
    orf_honesty_add (honesty, TRUE, 1000 * MIB, 990 * MIB);
  g_assert_cmpfloat (orf_honesty_get_share (honesty), >, 0.8);
  expect_order (workers, 2, NORMAL, by_size);
}

static void
test_honesty_of_the_silent (void)
{
  OrfHonesty honesty = { 0 };
  g_autoptr (GPtrArray) steps = NULL;
  OrfCleanupCandidate silent = make_silent (1);

  g_assert_cmpint (orf_honesty_get_freed_bytes (&honesty), ==, -1);
  /* claims nothing: no promise kept or broken, but what came is known */
  orf_honesty_add (&honesty, TRUE, -1, 300 * MIB);
  orf_honesty_add (&honesty, TRUE, -1, 300 * MIB);
  g_assert_cmpfloat (orf_honesty_get_share (&honesty), ==, 1);
  g_assert_cmpint (orf_honesty_get_freed_bytes (&honesty), ==, 300 * MIB);
  silent.honesty = honesty;
  g_assert_cmpint (plan_one (&silent, NORMAL, &steps)->expected_bytes, ==, 300 * MIB);
  /* one that hangs is as one that lies */
  orf_honesty_add (&honesty, FALSE, -1, -1);
  g_assert_cmpfloat (orf_honesty_get_share (&honesty), ==, 0.5);
  g_assert_cmpint (orf_honesty_get_freed_bytes (&honesty), ==, 300 * MIB);
  /* more than was promised is no more than the promise */
  orf_honesty_add (&honesty, TRUE, 1, 300 * MIB);
  g_assert_cmpfloat (orf_honesty_get_share (&honesty), <=, 1);
}

static void
test_share (void)
{
  g_assert_cmpint (orf_cleanup_share_us (9000000, 3), ==, 3000000);
  g_assert_cmpint (orf_cleanup_share_us (9000000, 1), ==, 9000000);
  /* never too little to answer in, and never more than there is */
  g_assert_cmpint (orf_cleanup_share_us (9000000, 1000), ==, 500000);
  g_assert_cmpint (orf_cleanup_share_us (100000, 10), ==, 100000);
  g_assert_cmpint (orf_cleanup_share_us (-5, 1), ==, 0);
}

/* One after the other while there is a second for each. */
static void
test_width (void)
{
  g_assert_cmpuint (orf_cleanup_choose_width (10000000, 1), ==, 1);
  g_assert_cmpuint (orf_cleanup_choose_width (10000000, 10), ==, 1);
  g_assert_cmpuint (orf_cleanup_choose_width (10000000, 11), ==, 2);
  g_assert_cmpuint (orf_cleanup_choose_width (10000000, 20), ==, 2);
  g_assert_cmpuint (orf_cleanup_choose_width (10000000, 100), ==, 10);
  g_assert_cmpuint (orf_cleanup_choose_width (900000, 7), ==, 7);
  g_assert_cmpuint (orf_cleanup_choose_width (-5, 7), ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleanup-plan/order", test_order);
  g_test_add_func ("/cleanup-plan/levels", test_levels);
  g_test_add_func ("/cleanup-plan/left-out", test_left_out);
  g_test_add_func ("/cleanup-plan/abilities", test_abilities);
  g_test_add_func ("/cleanup-plan/honesty", test_honesty);
  g_test_add_func ("/cleanup-plan/honesty-of-the-silent", test_honesty_of_the_silent);
  g_test_add_func ("/cleanup-plan/share", test_share);
  g_test_add_func ("/cleanup-plan/width", test_width);
  return g_test_run ();
}
