/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-verdict.h"

#define MIB     (G_GINT64_CONSTANT (1048576))
#define UNKNOWN (-1)

#define DONE      ORF_TURN_DONE
#define PARTIAL   ORF_TURN_PARTIAL
#define REFUSED   ORF_TURN_REFUSED
#define LOST      ORF_TURN_LOST
#define TIMED_OUT ORF_TURN_TIMED_OUT

/* All in MiB: what it claims, held idle, and what was measured before and after. */
typedef struct {
  OrfTurnEnd end;
  gint64 claimed, idle, before, after;
  OrfCleanupWorkerVerdict expected;
} Row;

static gint64
to_bytes (gint64 mib)
{
  return mib == UNKNOWN ? UNKNOWN : mib * MIB;
}

/* Of memory that fell once, and stayed. */
static OrfTurn
make_turn (const Row *row, OrfCleanupMeasure measured_by)
{
  gboolean known = row->before != UNKNOWN && row->after != UNKNOWN;

  return (OrfTurn){
    .end = row->end,
    .claimed_bytes = to_bytes (row->claimed),
    .idle_bytes = to_bytes (row->idle),
    .before_bytes = to_bytes (row->before),
    .after_bytes = to_bytes (row->after),
    .released_bytes = known ? to_bytes (MAX (row->before - row->after, 0)) : UNKNOWN,
    .measured_by = measured_by,
  };
}

#define V(name) ORF_CLEANUP_WORKER_VERDICT_##name

static const Row rows[] = {
  /* kept its word, within 5 %, and gave more */
  { DONE, 1000, 1000, 2000, 1000, V (FREED) },
  { DONE, 1000, 1000, 2000, 1050, V (FREED) },
  { DONE, 1000, 1000, 2000, 500, V (FREED) },
  { DONE, UNKNOWN, UNKNOWN, 2000, 1000, V (FREED) },
  /* did not */
  { DONE, 1000, 1000, 2000, 1051, V (OVERCLAIMED) },
  { DONE, 1000, 1000, 2000, 2000, V (OVERCLAIMED) },
  { PARTIAL, 1000, 1000, 2000, 2000, V (OVERCLAIMED) },
  { DONE, 1000, 1000, 2000, 2500, V (OVERCLAIMED) },
  /* said so */
  { DONE, 0, 1000, 2000, 2000, V (NOTHING_FREED) },
  { DONE, 0, 1000, 2000, 2500, V (NOTHING_FREED) },
  { DONE, UNKNOWN, 1000, 2000, 1997, V (NOTHING_FREED) },
  { DONE, 3, 1000, 2000, 2000, V (NOTHING_FREED) },
  { PARTIAL, 400, 1000, 2000, 1600, V (PARTIAL) },
  /* says that it is done, and kept much of it */
  { DONE, 400, 1000, 2000, 1600, V (PARTIAL) },
  { DONE, 890, 1000, 2000, 1101, V (FREED) },
  { DONE, 880, 1000, 2000, 1120, V (PARTIAL) },
  /* little, and true */
  { DONE, 2, 2, 2000, 1998, V (FREED) },
  /* what it said does not matter */
  { REFUSED, UNKNOWN, 1000, 2000, 2000, V (REFUSED) },
  { LOST, UNKNOWN, 1000, 2000, 0, V (LOST) },
  { TIMED_OUT, UNKNOWN, 1000, 2000, 1000, V (TIMED_OUT) },
  /* nothing can be said */
  { DONE, 1000, 1000, UNKNOWN, 1000, V (UNMEASURED) },
  { DONE, 1000, 1000, 2000, UNKNOWN, V (UNMEASURED) },
};

static void
test_turns (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    OrfTurn turn = make_turn (&rows[i], ORF_CLEANUP_MEASURE_PROCESS);

    g_test_message ("row %u", i);
    g_assert_cmpint (orf_verdict_of_turn (&turn), ==, rows[i].expected);
  }
}

/* What it takes again was given all the same. */
static void
test_taken_again (void)
{
  const Row back = { DONE, 1000, 1000, 2000, 1950, V (UNSET) };
  OrfTurn turn = make_turn (&back, ORF_CLEANUP_MEASURE_PROCESS);

  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (OVERCLAIMED));
  turn.released_bytes = 1000 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
  turn.released_bytes = 960 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
  turn.released_bytes = 900 * MIB; /* seen between two looks: it may have been more */
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
  turn.released_bytes = 600 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (PARTIAL));
  turn.released_bytes = 400 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (OVERCLAIMED));
  turn.idle_bytes = 1500 * MIB;
  turn.released_bytes = 1000 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (PARTIAL));
}

/* Nobody saw it, and its own reports say where it went: no lie, and nothing to be proud of. */
static void
test_explained (void)
{
  const Row unseen = { DONE, 1000, 1000, 2000, 2000, V (UNSET) };
  OrfTurn turn = make_turn (&unseen, ORF_CLEANUP_MEASURE_PROCESS);

  turn.explained = TRUE;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (NOTHING_FREED));
  turn.released_bytes = 400 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (PARTIAL));
  /* what is measured needs no explanation, and has none where it is not */
  turn.released_bytes = 1000 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
  turn.after_bytes = UNKNOWN;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (UNMEASURED));
}

/* The whole machine's memory can show that it fell, not that it did not. */
static void
test_blurred (void)
{
  const Row risen = { DONE, 1000, 1000, 2000, 2000, V (UNSET) };
  const Row silent = { DONE, UNKNOWN, 1000, 2000, 2000, V (UNSET) };
  OrfTurn turn = make_turn (&risen, ORF_CLEANUP_MEASURE_DEVICE);

  turn.blurred = TRUE;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (UNMEASURED));
  turn.released_bytes = 1000 * MIB;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
  turn = make_turn (&silent, ORF_CLEANUP_MEASURE_DEVICE);
  turn.blurred = TRUE;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (NOTHING_FREED));
}

/* A device moves by others: what a process is called a liar for may be them. */
static void
test_device_tolerance (void)
{
  const Row row = { DONE, 100, 100, 2000, 1910, V (UNSET) };
  OrfTurn turn = make_turn (&row, ORF_CLEANUP_MEASURE_PROCESS);

  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (OVERCLAIMED));
  turn.measured_by = ORF_CLEANUP_MEASURE_DEVICE;
  g_assert_cmpint (orf_verdict_of_turn (&turn), ==, V (FREED));
}

static void
test_freed (void)
{
  const Row risen = { DONE, 0, 0, 1000, 1100, V (UNSET) };
  const Row unknown = { DONE, 0, 0, UNKNOWN, 1100, V (UNSET) };
  OrfTurn turn = make_turn (&risen, ORF_CLEANUP_MEASURE_PROCESS);
  gint64 freed_bytes = 7;

  g_assert_true (orf_verdict_get_freed_bytes (&turn, &freed_bytes));
  g_assert_cmpint (freed_bytes, ==, -100 * MIB);
  turn = make_turn (&unknown, ORF_CLEANUP_MEASURE_PROCESS);
  g_assert_false (orf_verdict_get_freed_bytes (&turn, &freed_bytes));
  g_assert_cmpint (freed_bytes, ==, -100 * MIB);
}

/* ---- attempts -------------------------------------------------------------------------------- */

static const Row gave = { DONE, 1000, 1000, 2000, 1000, V (FREED) };
static const Row had_none = { DONE, 0, 0, 2000, 2000, V (NOTHING_FREED) };
static const Row kept = { DONE, 0, 1000, 2000, 2000, V (NOTHING_FREED) };
static const Row lied = { DONE, 1000, 1000, 2000, 2000, V (OVERCLAIMED) };
static const Row hung = { TIMED_OUT, UNKNOWN, 1000, 2000, 2000, V (TIMED_OUT) };
static const Row died = { LOST, UNKNOWN, 1000, 2000, 0, V (LOST) };
static const Row refused = { REFUSED, UNKNOWN, 1000, 2000, 2000, V (REFUSED) };
static const Row blind = { DONE, 1000, 1000, UNKNOWN, UNKNOWN, V (UNMEASURED) };

/* The attempt of these turns: what is in use is the sum of what they use. */
static OrfCleanupVerdict
judge (OrfCleanupMeasure measured_by, const Row *a, const Row *b, guint n_left_over)
{
  const Row *const both[] = { a, b };
  OrfTurn turns[2];
  OrfAttempt attempt = { .turns = turns, .n_left_over = n_left_over, .measured_by = measured_by };

  for (guint i = 0; i < 2 && both[i] != NULL; i++) {
    turns[i] = make_turn (both[i], measured_by);
    attempt.before_bytes += turns[i].before_bytes;
    attempt.after_bytes += turns[i].after_bytes;
    attempt.n_turns++;
  }
  return orf_verdict_of_attempt (&attempt);
}

static void
test_attempts (void)
{
  const OrfCleanupMeasure by[] = { ORF_CLEANUP_MEASURE_PROCESS, ORF_CLEANUP_MEASURE_DEVICE };

  for (guint i = 0; i < G_N_ELEMENTS (by); i++) {
    g_assert_cmpint (judge (by[i], NULL, NULL, 0), ==, ORF_CLEANUP_VERDICT_NO_WORKERS);
    g_assert_cmpint (judge (by[i], NULL, NULL, 1), ==, ORF_CLEANUP_VERDICT_TIMED_OUT);
    g_assert_cmpint (judge (by[i], &gave, NULL, 0), ==, ORF_CLEANUP_VERDICT_FREED);
    g_assert_cmpint (judge (by[i], &gave, &had_none, 0), ==, ORF_CLEANUP_VERDICT_FREED);
    g_assert_cmpint (judge (by[i], &gave, &kept, 0), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &gave, &lied, 0), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &gave, &hung, 0), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &gave, &refused, 0), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &gave, NULL, 1), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &died, NULL, 0), ==, ORF_CLEANUP_VERDICT_PARTIAL);
    g_assert_cmpint (judge (by[i], &had_none, NULL, 0), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
    g_assert_cmpint (judge (by[i], &lied, &refused, 0), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
    g_assert_cmpint (judge (by[i], &lied, &hung, 0), ==, ORF_CLEANUP_VERDICT_TIMED_OUT);
    g_assert_cmpint (judge (by[i], &lied, NULL, 1), ==, ORF_CLEANUP_VERDICT_TIMED_OUT);
    g_assert_cmpint (judge (by[i], &blind, NULL, 0), ==, ORF_CLEANUP_VERDICT_UNMEASURED);
    g_assert_cmpint (judge (by[i], &blind, &hung, 0), ==, ORF_CLEANUP_VERDICT_TIMED_OUT);
  }
}

/* What a worker gave was given, though another took it before the end. */
static void
test_taken_by_others (void)
{
  OrfTurn turn = make_turn (&gave, ORF_CLEANUP_MEASURE_PROCESS);
  OrfAttempt attempt = {
    .turns = &turn,
    .n_turns = 1,
    .before_bytes = 4000 * MIB,
    .after_bytes = 4500 * MIB,
    .measured_by = ORF_CLEANUP_MEASURE_DEVICE,
  };

  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_FREED);
  /* where only the device is seen nothing came of it */
  turn.measured_by = ORF_CLEANUP_MEASURE_DEVICE;
  turn.after_bytes = turn.before_bytes + 500 * MIB;
  turn.claimed_bytes = UNKNOWN;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
}

/* All gave what they had; what stays free at the end is another matter. */
static void
test_attempt_taken_again (void)
{
  OrfTurn turns[] = {
    make_turn (&gave, ORF_CLEANUP_MEASURE_PROCESS),
    make_turn (&gave, ORF_CLEANUP_MEASURE_PROCESS),
  };
  OrfAttempt attempt = {
    .turns = turns,
    .n_turns = 2,
    .before_bytes = 4000 * MIB,
    .after_bytes = 2000 * MIB,
    .measured_by = ORF_CLEANUP_MEASURE_PROCESS,
    .has_given = TRUE,
    .given_bytes = 2000 * MIB,
  };

  g_assert_cmpint (orf_verdict_sum_released_bytes (&attempt), ==, 2000 * MIB);
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_FREED);
  attempt.given_bytes = 1000 * MIB;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_PARTIAL);
  attempt.given_bytes = 0;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
  attempt.given_bytes = -100 * MIB;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
  turns[1].released_bytes = UNKNOWN;
  g_assert_cmpint (orf_verdict_sum_released_bytes (&attempt), ==, UNKNOWN);
}

/* Two MiB of two are all. */
static void
test_attempt_little (void)
{
  const Row little = { DONE, 2, 2, 2000, 1998, V (FREED) };
  OrfTurn turn = make_turn (&little, ORF_CLEANUP_MEASURE_PROCESS);
  OrfAttempt attempt = {
    .turns = &turn,
    .n_turns = 1,
    .before_bytes = 2000 * MIB,
    .after_bytes = 1998 * MIB,
    .measured_by = ORF_CLEANUP_MEASURE_PROCESS,
    .has_given = TRUE,
    .given_bytes = 2 * MIB,
  };

  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_FREED);
  attempt.given_bytes = 0;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
}

/* Nor does the whole say that nothing came where nobody can know it. */
static void
test_attempt_blurred (void)
{
  const Row risen = { DONE, 1000, 1000, 2000, 2000, V (UNSET) };
  OrfTurn turn = make_turn (&risen, ORF_CLEANUP_MEASURE_DEVICE);
  OrfAttempt attempt = {
    .turns = &turn,
    .n_turns = 1,
    .before_bytes = 2000 * MIB,
    .after_bytes = 2000 * MIB,
    .measured_by = ORF_CLEANUP_MEASURE_DEVICE,
  };

  turn.blurred = TRUE;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_UNMEASURED);
  turn.blurred = FALSE;
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
  turn.blurred = TRUE;
  turn.claimed_bytes = UNKNOWN; /* who claims nothing, and shows nothing, gave nothing */
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_NOTHING_FREED);
}

/* However many say so. */
static void
test_attempt_without_bounds (void)
{
  const gint64 most = G_GINT64_CONSTANT (1) << 53;
  g_autofree OrfTurn *turns = g_new0 (OrfTurn, 2000);
  OrfAttempt attempt = { .turns = turns, .n_turns = 2000 };

  for (guint i = 0; i < 2000; i++)
    turns[i] = (OrfTurn){ .before_bytes = most,
                          .released_bytes = most,
                          .measured_by = ORF_CLEANUP_MEASURE_PROCESS };
  g_assert_cmpint (orf_verdict_sum_released_bytes (&attempt), ==, most);
  g_assert_cmpint (orf_verdict_of_attempt (&attempt), ==, ORF_CLEANUP_VERDICT_FREED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleanup-verdict/turns", test_turns);
  g_test_add_func ("/cleanup-verdict/taken-again", test_taken_again);
  g_test_add_func ("/cleanup-verdict/explained", test_explained);
  g_test_add_func ("/cleanup-verdict/blurred", test_blurred);
  g_test_add_func ("/cleanup-verdict/device-tolerance", test_device_tolerance);
  g_test_add_func ("/cleanup-verdict/freed", test_freed);
  g_test_add_func ("/cleanup-verdict/attempts", test_attempts);
  g_test_add_func ("/cleanup-verdict/taken-by-others", test_taken_by_others);
  g_test_add_func ("/cleanup-verdict/attempt-taken-again", test_attempt_taken_again);
  g_test_add_func ("/cleanup-verdict/attempt-little", test_attempt_little);
  g_test_add_func ("/cleanup-verdict/attempt-blurred", test_attempt_blurred);
  g_test_add_func ("/cleanup-verdict/attempt-without-bounds", test_attempt_without_bounds);
  return g_test_run ();
}
