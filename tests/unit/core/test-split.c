/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-split.h"

/* Cases of each property: enough to meet every kind of tie and of remainder many times over. */
#define CASES 100000
#define MAX_N 12

static gint64
random_gint64 (GRand *rand, guint max_bits)
{
  guint bits = (guint) g_rand_int_range (rand, 0, (gint32) max_bits + 1);
  guint64 word = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

  return bits == 0 ? 0 : (gint64) (word >> (64 - bits));
}

static void
test_parts_are_the_whole (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < CASES; i++) {
    gint64 weights[MAX_N], parts[MAX_N], total = random_gint64 (rand, 62), sum = 0;
    guint n = (guint) g_rand_int_range (rand, 0, MAX_N + 1);
    OrfWide all = 0;

    for (guint j = 0; j < n; j++)
      all += weights[j] = random_gint64 (rand, 62);
    g_assert_cmpint (orf_split (total, weights, n, parts), ==, all > 0);
    for (guint j = 0; j < n; j++) {
      OrfWide share = (OrfWide) total * weights[j];

      sum += parts[j];
      /* none is a whole unit away from its share */
      g_assert_true (all == 0 || (OrfWide) parts[j] >= share / all);
      g_assert_true (all == 0 || (OrfWide) parts[j] <= share / all + 1);
      g_assert_true (weights[j] > 0 || parts[j] == 0);
    }
    g_assert_cmpint (sum, ==, all > 0 ? total : 0);
  }
}

static void
test_quotients_are_the_rounded_sum (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint i = 0; i < CASES; i++) {
    OrfWide sums[MAX_N], all = 0;
    OrfWide parts[MAX_N], total, sum = 0;
    gint64 divisor = 1 + random_gint64 (rand, 40);
    guint n = (guint) g_rand_int_range (rand, 1, MAX_N + 1);

    for (guint j = 0; j < n; j++)
      all += sums[j] = (OrfWide) random_gint64 (rand, 40) * random_gint64 (rand, 20);
    total = orf_split_round (all, divisor);
    orf_split_quotients (sums, n, divisor, total, parts);
    for (guint j = 0; j < n; j++) {
      sum += parts[j];
      g_assert_true (parts[j] == sums[j] / divisor || parts[j] == sums[j] / divisor + 1);
    }
    g_assert_true (sum == total);
    g_assert_true (2 * (total * divisor - all) <= divisor);
    g_assert_true (2 * (all - total * divisor) <= divisor);
  }
}

/* A part that was itself given may be split again: what summaries do by device. */
static void
test_parts_of_parts (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < CASES; i++) {
    OrfWide first[MAX_N], both[2] = { 0, random_gint64 (rand, 50) };
    OrfWide given[2], parts[MAX_N], sum = 0;
    gint64 divisor = 1 + random_gint64 (rand, 32);
    guint n = (guint) g_rand_int_range (rand, 1, MAX_N + 1);

    for (guint j = 0; j < n; j++)
      both[0] += first[j] = random_gint64 (rand, 50);
    orf_split_quotients (both, 2, divisor, orf_split_round (both[0] + both[1], divisor), given);
    orf_split_quotients (first, n, divisor, given[0], parts);
    for (guint j = 0; j < n; j++)
      sum += parts[j];
    g_assert_true (sum == given[0]);
  }
}

static void
test_largest_remainders_first (void)
{
  const gint64 weights[] = { 1, 1, 1 };
  const gint64 votes[] = { 47000, 16000, 15900, 12000, 6000, 3100 };
  const gint64 seats[] = { 5, 2, 1, 1, 1, 0 };
  gint64 parts[6];

  g_assert_true (orf_split (10, weights, 3, parts));
  g_assert_cmpint (parts[0], ==, 4); /* of equal remainders the first */
  g_assert_cmpint (parts[1], ==, 3);
  g_assert_cmpint (parts[2], ==, 3);
  /* the textbook's election of ten seats */
  g_assert_true (orf_split (10, votes, 6, parts));
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (parts[i], ==, seats[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/split/parts-are-the-whole", test_parts_are_the_whole);
  g_test_add_func ("/split/quotients-are-the-rounded-sum", test_quotients_are_the_rounded_sum);
  g_test_add_func ("/split/parts-of-parts", test_parts_of_parts);
  g_test_add_func ("/split/largest-remainders-first", test_largest_remainders_first);
  return g_test_run ();
}
