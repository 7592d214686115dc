/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-verdict.h"

#include "core/orf-sum.h"

/* Of a claim. */
#define TOLERANCE_PERCENT 5
/* A process's own memory moves by its stacks, its heap and what it reads of files: PoCL's, at work
 * or idle, by less than 0.2 MiB in 200 looks; its allocator keeps some pages of what it freed.  A
 * device's moves by all that others do with it, and drivers give it out in pieces of 2 MiB. */
#define PROCESS_FLOOR_BYTES (4 * G_GINT64_CONSTANT (1048576))
#define DEVICE_FLOOR_BYTES  (16 * G_GINT64_CONSTANT (1048576))
/* Of what it held idle: with as much a worker has given all. */
#define WHOLE_PERCENT 90

gint64
orf_verdict_get_tolerance_bytes (OrfCleanupMeasure measured_by, gint64 bytes)
{
  gint64 floor_bytes = measured_by == ORF_CLEANUP_MEASURE_DEVICE ? DEVICE_FLOOR_BYTES
                                                                 : PROCESS_FLOOR_BYTES;

  return MAX (bytes / 100 * TOLERANCE_PERCENT, floor_bytes);
}

static gboolean
subtract (gint64 before_bytes, gint64 after_bytes, gint64 *freed_bytes)
{
  if (before_bytes < 0 || after_bytes < 0)
    return FALSE;
  *freed_bytes = before_bytes - after_bytes;
  return TRUE;
}

gboolean
orf_verdict_get_freed_bytes (const OrfTurn *turn, gint64 *freed_bytes)
{
  return subtract (turn->before_bytes, turn->after_bytes, freed_bytes);
}

/* It fell, and rose again: how far it fell between two looks nobody saw.  Half of what is claimed
 * was seen, so that the rest is no lie. */
static gboolean
fell_unseen (const OrfTurn *turn)
{
  gint64 freed_bytes;

  return orf_verdict_get_freed_bytes (turn, &freed_bytes) &&
         turn->released_bytes - freed_bytes >
           orf_verdict_get_tolerance_bytes (turn->measured_by, 0) &&
         turn->released_bytes * 2 >= turn->claimed_bytes;
}

/* A worker that answered: by how far memory fell, for what it takes again it has given. */
static OrfCleanupWorkerVerdict
judge_answer (const OrfTurn *turn)
{
  gint64 tolerance_bytes = orf_verdict_get_tolerance_bytes (turn->measured_by, turn->claimed_bytes);
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (turn->measured_by, 0);
  gint64 released_bytes = turn->released_bytes;
  gboolean short_of_claim = turn->claimed_bytes > 0 &&
                            released_bytes + tolerance_bytes < turn->claimed_bytes;

  if (released_bytes < 0 || turn->before_bytes < 0 || turn->after_bytes < 0)
    return ORF_CLEANUP_WORKER_VERDICT_UNMEASURED;
  if (short_of_claim && turn->blurred)
    return ORF_CLEANUP_WORKER_VERDICT_UNMEASURED;
  if (short_of_claim && !turn->explained && !fell_unseen (turn))
    return ORF_CLEANUP_WORKER_VERDICT_OVERCLAIMED;
  if (released_bytes <= floor_bytes &&
      (turn->claimed_bytes <= 0 || released_bytes * 2 < turn->claimed_bytes))
    return ORF_CLEANUP_WORKER_VERDICT_NOTHING_FREED;
  if (turn->end == ORF_TURN_PARTIAL ||
      released_bytes + floor_bytes < turn->idle_bytes / 100 * WHOLE_PERCENT)
    return ORF_CLEANUP_WORKER_VERDICT_PARTIAL;
  return ORF_CLEANUP_WORKER_VERDICT_FREED;
}

OrfCleanupWorkerVerdict
orf_verdict_of_turn (const OrfTurn *turn)
{
  switch (turn->end) {
  case ORF_TURN_REFUSED:
    return ORF_CLEANUP_WORKER_VERDICT_REFUSED;
  case ORF_TURN_LOST:
    return ORF_CLEANUP_WORKER_VERDICT_LOST;
  case ORF_TURN_TIMED_OUT:
    return ORF_CLEANUP_WORKER_VERDICT_TIMED_OUT;
  case ORF_TURN_DONE:
  case ORF_TURN_PARTIAL:
  default:
    return judge_answer (turn);
  }
}

/* Whether a worker gave what it had: also when that was nothing, and it did not say otherwise. */
static gboolean
gave_all (const OrfTurn *turn)
{
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (turn->measured_by, 0);

  switch (orf_verdict_of_turn (turn)) {
  case ORF_CLEANUP_WORKER_VERDICT_FREED:
    return TRUE;
  case ORF_CLEANUP_WORKER_VERDICT_NOTHING_FREED:
    return turn->idle_bytes <= floor_bytes;
  case ORF_CLEANUP_WORKER_VERDICT_UNSET:
  case ORF_CLEANUP_WORKER_VERDICT_PARTIAL:
  case ORF_CLEANUP_WORKER_VERDICT_TIMED_OUT:
  case ORF_CLEANUP_WORKER_VERDICT_OVERCLAIMED:
  case ORF_CLEANUP_WORKER_VERDICT_REFUSED:
  case ORF_CLEANUP_WORKER_VERDICT_LOST:
  case ORF_CLEANUP_WORKER_VERDICT_UNMEASURED:
  case ORF_CLEANUP_WORKER_VERDICT_N:
  default:
    return FALSE;
  }
}

/* What the processes of the workers gave back is theirs, also where others took it at once.
 * FALSE: not all of them can be measured by themselves. */
static gboolean
get_given (const OrfAttempt *attempt, gint64 *given_bytes)
{
  gint64 sum_bytes = 0;

  if (attempt->has_given) {
    *given_bytes = attempt->given_bytes;
    return TRUE;
  }
  for (guint i = 0; i < attempt->n_turns; i++) {
    const OrfTurn *turn = &attempt->turns[i];
    gint64 freed_bytes;

    if (turn->measured_by != ORF_CLEANUP_MEASURE_PROCESS ||
        !orf_verdict_get_freed_bytes (turn, &freed_bytes))
      return FALSE;
    sum_bytes = orf_sum_add (sum_bytes, MAX (freed_bytes, 0));
  }
  *given_bytes = sum_bytes;
  return TRUE;
}

gint64
orf_verdict_sum_released_bytes (const OrfAttempt *attempt)
{
  gint64 sum_bytes = 0;

  for (guint i = 0; i < attempt->n_turns; i++) {
    if (attempt->turns[i].released_bytes < 0)
      return -1;
    sum_bytes = orf_sum_add (sum_bytes, attempt->turns[i].released_bytes);
  }
  return sum_bytes;
}

/* Little, and true: what is within the tolerance of the whole may be all that it had. */
static gboolean
gave_and_kept (const OrfTurn *turn)
{
  gint64 freed_bytes;

  return orf_verdict_of_turn (turn) == ORF_CLEANUP_WORKER_VERDICT_FREED &&
         orf_verdict_get_freed_bytes (turn, &freed_bytes) && freed_bytes > 0 &&
         freed_bytes * 2 >= turn->released_bytes;
}

/* Whether something is free at the end that was not before.  FALSE: nothing can say. */
static gboolean
came_something (const OrfAttempt *attempt, gboolean *came)
{
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (attempt->measured_by, 0);
  gint64 given_bytes, freed_bytes;

  if (get_given (attempt, &given_bytes))
    *came = given_bytes > orf_verdict_get_tolerance_bytes (ORF_CLEANUP_MEASURE_PROCESS, 0);
  else if (subtract (attempt->before_bytes, attempt->after_bytes, &freed_bytes))
    *came = freed_bytes > floor_bytes;
  else
    return FALSE;
  for (guint i = 0; i < attempt->n_turns; i++)
    *came |= gave_and_kept (&attempt->turns[i]) &&
             (!attempt->has_given ||
              attempt->given_bytes * 2 >= orf_verdict_sum_released_bytes (attempt));
  return TRUE;
}

/* Of what was released; where others cannot be told apart it is not known, and taken for so. */
static gboolean
stayed_free (const OrfAttempt *attempt)
{
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (ORF_CLEANUP_MEASURE_PROCESS, 0);
  gint64 released_bytes = orf_verdict_sum_released_bytes (attempt);
  gint64 given_bytes;

  return released_bytes < 0 || !get_given (attempt, &given_bytes) ||
         given_bytes + floor_bytes >= released_bytes / 100 * WHOLE_PERCENT;
}

/* What it claims did not show, where others hide it. */
static gboolean
is_blurred (const OrfTurn *turn)
{
  return turn->blurred && orf_verdict_of_turn (turn) == ORF_CLEANUP_WORKER_VERDICT_UNMEASURED;
}

OrfCleanupVerdict
orf_verdict_of_attempt (const OrfAttempt *attempt)
{
  gboolean came = FALSE;
  gboolean all = attempt->n_left_over == 0 && stayed_free (attempt);
  gboolean timed_out = attempt->n_left_over > 0;
  gboolean blurred = FALSE;

  if (attempt->n_turns == 0)
    return timed_out ? ORF_CLEANUP_VERDICT_TIMED_OUT : ORF_CLEANUP_VERDICT_NO_WORKERS;
  for (guint i = 0; i < attempt->n_turns; i++) {
    all &= gave_all (&attempt->turns[i]);
    timed_out |= attempt->turns[i].end == ORF_TURN_TIMED_OUT;
    blurred |= is_blurred (&attempt->turns[i]);
  }
  if (!came_something (attempt, &came) || (!came && blurred))
    return timed_out ? ORF_CLEANUP_VERDICT_TIMED_OUT : ORF_CLEANUP_VERDICT_UNMEASURED;
  if (!came)
    return timed_out ? ORF_CLEANUP_VERDICT_TIMED_OUT : ORF_CLEANUP_VERDICT_NOTHING_FREED;
  return all ? ORF_CLEANUP_VERDICT_FREED : ORF_CLEANUP_VERDICT_PARTIAL;
}
