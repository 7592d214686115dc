/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what workers claim and what is measured of a cleanup: a verdict is one of those
 * there are, memory is only said to rest where it does, and what a worker's word is worth is a
 * share.
 */
#include "cleanup/orf-cleanup-verdict.h"
#include "cleanup/orf-honesty.h"
#include "cleanup/orf-settle.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_TURNS 6
#define BAND      1000
#define WINDOW_US 50000

/* -1: not known; else up to what JSON's integers hold. */
static gint64
take_bytes (FuzzInput *input)
{
  guint8 byte = fuzz_take_byte (input);

  if (byte % 8 == 0)
    return -1;
  return byte % 8 < 6 ? byte * G_GINT64_CONSTANT (1048576)
                      : (gint64) (fuzz_take_number (input) >> 11);
}

static void
take_turn (FuzzInput *input, OrfTurn *turn)
{
  guint8 what = fuzz_take_byte (input);

  *turn = (OrfTurn){ .end = what % (ORF_TURN_TIMED_OUT + 1),
                     .claimed_bytes = take_bytes (input),
                     .idle_bytes = take_bytes (input),
                     .before_bytes = take_bytes (input),
                     .after_bytes = take_bytes (input),
                     .released_bytes = take_bytes (input),
                     .measured_by = fuzz_take_byte (input) % ORF_CLEANUP_MEASURE_N,
                     .explained = what & 64,
                     .blurred = what & 128 };
}

static void
judge (FuzzInput *input)
{
  OrfTurn turns[MAX_TURNS];
  OrfAttempt attempt = { .turns = turns, .n_turns = fuzz_take_byte (input) % (MAX_TURNS + 1) };
  gint64 freed_bytes, sum_bytes;

  for (guint i = 0; i < attempt.n_turns; i++) {
    OrfCleanupWorkerVerdict verdict;

    take_turn (input, &turns[i]);
    verdict = orf_verdict_of_turn (&turns[i]);
    if (orf_cleanup_worker_verdict_to_string (verdict) == NULL)
      g_error ("a turn without a verdict");
    if (orf_verdict_get_freed_bytes (&turns[i], &freed_bytes) &&
        (turns[i].before_bytes < 0 || turns[i].after_bytes < 0))
      g_error ("measured, and not known");
  }
  attempt.n_left_over = fuzz_take_byte (input) % 3;
  attempt.before_bytes = take_bytes (input);
  attempt.after_bytes = take_bytes (input);
  attempt.measured_by = fuzz_take_byte (input) % ORF_CLEANUP_MEASURE_N;
  attempt.has_given = fuzz_take_byte (input) & 1;
  attempt.given_bytes = take_bytes (input);
  sum_bytes = orf_verdict_sum_released_bytes (&attempt);
  if (orf_cleanup_verdict_to_string (orf_verdict_of_attempt (&attempt)) == NULL || sum_bytes < -1)
    g_error ("an attempt without a verdict, of %" G_GINT64_FORMAT " bytes", sum_bytes);
}

/* ---- rest ------------------------------------------------------------------------------------ */

static void
check_facts (const OrfSettle *settle, FuzzInput *input, gint64 now_us)
{
  guint8 what = fuzz_take_byte (input);
  const OrfTurnFacts facts = { .answered = what & 1,
                               .may_still_free = what & 2,
                               .answered_us = now_us - fuzz_take_byte (input),
                               .wanted_bytes = take_bytes (input),
                               .released_bytes = take_bytes (input),
                               .tolerance_bytes = BAND,
                               .now_us = now_us,
                               .grace_us = fuzz_take_byte (input),
                               .end_us = now_us + (what & 4 ? 0 : WINDOW_US) };

  if (!orf_settle_turn_is_over (settle, &facts) && facts.now_us >= facts.end_us)
    g_error ("it goes on behind its end");
}

static void
look (FuzzInput *input)
{
  const OrfSettleLimits limits = { WINDOW_US, BAND };
  OrfSettle settle;
  gint64 now_us = G_USEC_PER_SEC, last_bytes = -1, changed_us = now_us;

  orf_settle_begin (&settle, &limits);
  for (guint i = fuzz_take_byte (input) % 64; i > 0; i--) {
    gint64 bytes = take_bytes (input);

    now_us += fuzz_take_byte (input) * G_GINT64_CONSTANT (200);
    orf_settle_add (&settle, now_us, bytes);
    if (bytes < 0 || last_bytes < 0 || ABS (bytes - last_bytes) > BAND)
      changed_us = now_us;
    last_bytes = bytes;
    if (orf_settle_is_flat (&settle) && now_us - changed_us < WINDOW_US)
      g_error ("at rest for %" G_GINT64_FORMAT " us", now_us - changed_us);
    if (orf_settle_get_fallen_bytes (&settle) < -1)
      g_error ("it fell by less than nothing");
    if (fuzz_take_byte (input) % 16 == 0)
      orf_settle_close_peak (&settle);
    check_facts (&settle, input, now_us);
  }
}

static void
believe (FuzzInput *input)
{
  OrfHonesty honesty = { 0 };

  for (guint i = fuzz_take_byte (input) % 64; i > 0; i--) {
    double share;

    orf_honesty_add (&honesty, fuzz_take_byte (input) & 1, take_bytes (input), take_bytes (input));
    share = orf_honesty_get_share (&honesty);
    if (!(share >= 0 && share <= 1) || orf_honesty_get_freed_bytes (&honesty) < -1)
      g_error ("a share of %g", share);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };

  judge (&input);
  look (&input);
  believe (&input);
  return 0;
}
