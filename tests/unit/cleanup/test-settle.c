/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-settle.h"

#define MS  1000
#define MIB (G_GINT64_CONSTANT (1048576))

static const OrfSettleLimits limits = { .window_us = 200 * MS, .band_bytes = MIB };

static void
test_flat (void)
{
  OrfSettle settle;

  orf_settle_begin (&settle, &limits);
  g_assert_false (orf_settle_is_flat (&settle));
  for (gint64 t_us = 0; t_us < 200 * MS; t_us += 50 * MS) {
    orf_settle_add (&settle, t_us, 100 * MIB + t_us);
    g_assert_false (orf_settle_is_flat (&settle));
  }
  orf_settle_add (&settle, 200 * MS, 100 * MIB);
  g_assert_true (orf_settle_is_flat (&settle));
  /* and no more when it moves */
  orf_settle_add (&settle, 250 * MS, 90 * MIB);
  g_assert_false (orf_settle_is_flat (&settle));
}

/* What falls all the time is never flat, however slowly it is looked at. */
static void
test_falling (void)
{
  OrfSettle settle;

  orf_settle_begin (&settle, &limits);
  for (gint64 i = 0; i < 40; i++) {
    orf_settle_add (&settle, i * 50 * MS, (1000 - 2 * i) * MIB);
    g_assert_false (orf_settle_is_flat (&settle));
  }
}

static void
test_few_looks (void)
{
  OrfSettle settle;

  orf_settle_begin (&settle, &limits);
  orf_settle_add (&settle, 0, MIB);
  orf_settle_add (&settle, 10000 * MS, MIB);
  g_assert_false (orf_settle_is_flat (&settle));
  orf_settle_add (&settle, 10010 * MS, MIB);
  g_assert_true (orf_settle_is_flat (&settle));
  /* blind: what was seen before says nothing */
  orf_settle_add (&settle, 10020 * MS, -1);
  g_assert_false (orf_settle_is_flat (&settle));
  orf_settle_add (&settle, 10030 * MS, MIB);
  g_assert_false (orf_settle_is_flat (&settle));
}

/* The most that it fell from the most that it was, until what rises is taken again. */
static void
test_fallen (void)
{
  OrfSettle settle;

  orf_settle_begin (&settle, &limits);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, -1);
  orf_settle_add (&settle, 0, -1);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, -1);
  orf_settle_add (&settle, 1, 100 * MIB);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, 0);
  orf_settle_add (&settle, 2, 140 * MIB);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, 0);
  orf_settle_add (&settle, 3, 90 * MIB);
  orf_settle_close_peak (&settle);
  orf_settle_add (&settle, 4, 200 * MIB);
  orf_settle_add (&settle, 5, 120 * MIB);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, 50 * MIB);
  orf_settle_add (&settle, 6, -1);
  orf_settle_add (&settle, 7, 80 * MIB);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, 60 * MIB);
  /* the first that is known is a peak also when it comes late */
  orf_settle_begin (&settle, &limits);
  orf_settle_close_peak (&settle);
  orf_settle_add (&settle, 1, 100 * MIB);
  orf_settle_add (&settle, 2, 70 * MIB);
  g_assert_cmpint (orf_settle_get_fallen_bytes (&settle), ==, 30 * MIB);
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* Memory as it is at each 50 ms, in MiB from 1000 down; the last stays. */
static gint64
run_turn (OrfTurnFacts facts, const gint64 *used_mib, guint n_used)
{
  OrfSettle settle;

  orf_settle_begin (&settle, &limits);
  for (guint i = 0;; i++) {
    gint64 used = used_mib[MIN (i, n_used - 1)];

    facts.now_us = (gint64) i * 50 * MS;
    facts.answered = facts.answered_us >= 0 && facts.now_us >= facts.answered_us;
    orf_settle_add (&settle, facts.now_us, used < 0 ? -1 : used * MIB);
    facts.released_bytes = used < 0 ? -1 : orf_settle_get_fallen_bytes (&settle);
    if (orf_settle_turn_is_over (&settle, &facts))
      return facts.now_us / MS;
    g_assert_cmpuint (i, <, 1000);
  }
}

static const OrfTurnFacts honest = {
  .may_still_free = TRUE,
  .answered_us = 100 * MS,
  .wanted_bytes = 400 * MIB,
  .tolerance_bytes = 20 * MIB,
  .grace_us = 2000 * MS,
  .end_us = 5000 * MS,
};

static void
test_turn_at_once (void)
{
  const gint64 used[] = { 1000, 1000, 600 };

  g_assert_cmpint (run_turn (honest, used, 3), ==, 300);
}

/* It answers, and frees later: the fall is waited for, and its end. */
static void
test_turn_late (void)
{
  const gint64 used[] = { 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000,
                          1000, 1000, 1000, 1000, 1000, 1000, 1000, 900,  700,  600 };

  g_assert_cmpint (run_turn (honest, used, 20), ==, 1150);
}

/* It gives, and its next batch takes it all again: what fell has fallen. */
static void
test_turn_takes_again (void)
{
  const gint64 used[] = { 1000, 1000, 600, 1000 };

  g_assert_cmpint (run_turn (honest, used, 4), ==, 350);
}

/* It claims what never comes: the grace, and no more. */
static void
test_turn_liar (void)
{
  const gint64 used[] = { 1000 };

  g_assert_cmpint (run_turn (honest, used, 1), ==, 2100);
}

static void
test_turn_refused (void)
{
  const gint64 used[] = { 1000 };
  OrfTurnFacts facts = honest;

  facts.may_still_free = FALSE;
  g_assert_cmpint (run_turn (facts, used, 1), ==, 200);
}

static void
test_turn_hangs (void)
{
  const gint64 used[] = { 1000 };
  OrfTurnFacts facts = honest;

  facts.answered_us = -1;
  g_assert_cmpint (run_turn (facts, used, 1), ==, 5000);
}

/* It never comes to rest: what is there at the end counts. */
static void
test_turn_restless (void)
{
  gint64 used[200];

  for (guint i = 0; i < G_N_ELEMENTS (used); i++)
    used[i] = 600 + 40 * (i % 2);
  g_assert_cmpint (run_turn (honest, used, G_N_ELEMENTS (used)), ==, 5000);
}

/* It says not what it freed: any fall will do, and without one it has the grace. */
static void
test_turn_says_nothing (void)
{
  const gint64 falls[] = { 1000, 1000, 900 }, stays[] = { 1000 };
  OrfTurnFacts facts = honest;

  facts.wanted_bytes = -1;
  g_assert_cmpint (run_turn (facts, falls, 3), ==, 300);
  g_assert_cmpint (run_turn (facts, stays, 1), ==, 2100);
}

static void
test_turn_blind (void)
{
  const gint64 unknown[] = { -1 };
  OrfTurnFacts facts = honest;

  g_assert_cmpint (run_turn (facts, unknown, 1), ==, 2100);
  facts.may_still_free = FALSE;
  g_assert_cmpint (run_turn (facts, unknown, 1), ==, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/settle/flat", test_flat);
  g_test_add_func ("/settle/falling", test_falling);
  g_test_add_func ("/settle/few-looks", test_few_looks);
  g_test_add_func ("/settle/fallen", test_fallen);
  g_test_add_func ("/settle/turn/takes-again", test_turn_takes_again);
  g_test_add_func ("/settle/turn/at-once", test_turn_at_once);
  g_test_add_func ("/settle/turn/late", test_turn_late);
  g_test_add_func ("/settle/turn/liar", test_turn_liar);
  g_test_add_func ("/settle/turn/refused", test_turn_refused);
  g_test_add_func ("/settle/turn/hangs", test_turn_hangs);
  g_test_add_func ("/settle/turn/restless", test_turn_restless);
  g_test_add_func ("/settle/turn/says-nothing", test_turn_says_nothing);
  g_test_add_func ("/settle/turn/blind", test_turn_blind);
  return g_test_run ();
}
