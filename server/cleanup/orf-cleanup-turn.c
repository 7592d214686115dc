/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-turn.h"

#include "cleanup/orf-cleanup-books.h"
#include "cleanup/orf-settle.h"
#include "core/orf-clock.h"

/* Of a turn, the most that is kept for memory to settle behind an answer that comes at the last
 * moment. */
#define RESERVE_SHARE 4
/* Characters of what a worker says that are kept. */
#define MAX_TEXT 200
/* A worker that trims does so within milliseconds of being asked, and its next batch begins as
 * soon. */
#define TENSE_ASKED_US    ORF_US_PER_S
#define TENSE_ANSWERED_US (ORF_US_PER_S / 2)

struct _OrfCleanupTurn {
  const OrfCleanupTurns *turns;
  const OrfCleanupMember *member;
  OrfTurn outcome;
  OrfSettle settle;
  OrfCleanupBooks books;
  gint64 begun_us, end_us; /* monotonic */
  gint64 asked_us;         /* UTC */
  gint64 answered_us;      /* monotonic */
  gint64 took_us;
  gboolean answered;
  gboolean over;
  char *advice; /* NULL: none is open */
  char *text;
};

/* ---- the worker's books ---------------------------------------------------------------------- */

/* What a server says that an actuator asks is no book of its own: the actuator claims by it. */
static gboolean
has_books (const OrfWorker *worker)
{
  return worker != NULL && orf_worker_is_live (worker) && orf_worker_is_registered (worker);
}

static OrfBooksReport
read_report (const OrfCleanupTurn *turn)
{
  const OrfWorker *worker = orf_workers_find (turn->turns->workers, turn->member->id);

  if (!has_books (worker))
    return (OrfBooksReport){ 0, -1, -1 };
  return (OrfBooksReport){ worker->reported_us, worker->allocator.reserved_bytes,
                           worker->allocator.returned_bytes };
}

static gboolean
is_steady (const OrfCleanupTurn *turn)
{
  const OrfWorker *worker = orf_workers_find (turn->turns->workers, turn->member->id);

  return has_books (worker) && orf_worker_is_steady (worker);
}

static void
look_at_books (OrfCleanupTurn *turn, gint64 process_bytes)
{
  const OrfBooksReport report = read_report (turn);

  /* of one that has gone there is nothing to read; its times may go back, as the clock may */
  if (report.reported_us > 0)
    orf_cleanup_books_add (&turn->books, &report, process_bytes);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static OrfTurnEnd
map_end (OrfWorkerAskEnd ask_end)
{
  switch (ask_end) {
  case ORF_WORKER_ASK_PARTIAL:
    return ORF_TURN_PARTIAL;
  case ORF_WORKER_ASK_REFUSED:
    return ORF_TURN_REFUSED;
  case ORF_WORKER_ASK_TIMED_OUT:
    return ORF_TURN_TIMED_OUT;
  case ORF_WORKER_ASK_LOST:
    return ORF_TURN_LOST;
  case ORF_WORKER_ASK_DONE:
  default:
    return ORF_TURN_DONE;
  }
}

static void
set_answer (OrfCleanupTurn *turn, OrfTurnEnd turn_end, gint64 claimed_bytes, const char *text)
{
  turn->answered = TRUE;
  turn->answered_us = orf_clock_monotonic_us ();
  turn->outcome.end = turn_end;
  turn->outcome.claimed_bytes = claimed_bytes;
  if (text != NULL)
    turn->text = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), MAX_TEXT));
  orf_settle_close_peak (&turn->settle);
  look_at_books (turn, -1);
}

static void
answered_cb (gpointer user_data, OrfWorkerAskEnd ask_end, gint64 claimed_bytes, const char *text)
{
  OrfCleanupTurn *turn = user_data;

  g_clear_pointer (&turn->advice, g_free);
  set_answer (turn, map_end (ask_end), claimed_bytes, text);
  turn->turns->answered (turn->turns->user_data);
}

static void
ask (OrfCleanupTurn *turn)
{
  const OrfCleanupTurns *turns = turn->turns;
  const OrfWorker *worker = orf_workers_find (turns->workers, turn->member->id);
  gboolean live = worker != NULL && orf_worker_is_live (worker);
  gint64 left_us = turn->end_us - turn->begun_us;
  gint64 reserve_us = MIN (2 * turns->settle_us, left_us / RESERVE_SHARE);

  turn->asked_us = orf_clock_now_us ();
  if (live)
    turn->advice = orf_workers_ask (turns->workers, worker, ORF_WORKER_ADVICE_KIND_CLEANUP,
                                    turns->level, 0, turn->asked_us + left_us - reserve_us,
                                    turns->reason, answered_cb, turn);
  if (turn->advice == NULL)
    set_answer (turn, live ? ORF_TURN_TIMED_OUT : ORF_TURN_LOST, -1, "it could not be reached");
}

/* ---- measuring ------------------------------------------------------------------------------- */

static gint64
measure (const OrfCleanupTurn *turn, const OrfCleanupSight *sight)
{
  switch (turn->outcome.measured_by) {
  case ORF_CLEANUP_MEASURE_PROCESS:
    return sight->process_bytes;
  case ORF_CLEANUP_MEASURE_DEVICE:
    return sight->device_bytes;
  case ORF_CLEANUP_MEASURE_UNSET:
  case ORF_CLEANUP_MEASURE_N:
  default:
    return -1;
  }
}

void
orf_cleanup_turn_begin (OrfCleanupTurn *turn, const OrfCleanupSight *sight)
{
  OrfSettleLimits limits = { .window_us = turn->turns->settle_us };
  const OrfBooksReport report = read_report (turn);

  if (sight->process_bytes >= 0)
    turn->outcome.measured_by = ORF_CLEANUP_MEASURE_PROCESS;
  else if (sight->device_bytes >= 0)
    turn->outcome.measured_by = ORF_CLEANUP_MEASURE_DEVICE;
  turn->outcome.blurred = turn->turns->unified &&
                          turn->outcome.measured_by == ORF_CLEANUP_MEASURE_DEVICE;
  turn->outcome.before_bytes = measure (turn, sight);
  limits.band_bytes = orf_verdict_get_tolerance_bytes (turn->outcome.measured_by, 0) / 2;
  orf_settle_begin (&turn->settle, &limits);
  orf_settle_add (&turn->settle, sight->t_us, turn->outcome.before_bytes);
  orf_cleanup_books_begin (&turn->books, &report, is_steady (turn) ? sight->process_bytes : -1);
  turn->begun_us = orf_clock_monotonic_us ();
  ask (turn);
}

/* What is waited for: of a process that died all that it had. */
static gint64
get_wanted_bytes (const OrfCleanupTurn *turn)
{
  if (turn->outcome.end == ORF_TURN_LOST)
    return turn->outcome.measured_by == ORF_CLEANUP_MEASURE_PROCESS ? turn->outcome.before_bytes
                                                                    : -1;
  return turn->outcome.claimed_bytes >= 0 ? turn->outcome.claimed_bytes
                                          : turn->member->expected_bytes;
}

static gboolean
decide_over (const OrfCleanupTurn *turn, gint64 used_bytes)
{
  gint64 wanted_bytes = get_wanted_bytes (turn);
  const OrfTurnFacts facts = {
    .answered = turn->answered,
    .may_still_free = turn->outcome.end != ORF_TURN_REFUSED &&
                      turn->outcome.end != ORF_TURN_TIMED_OUT,
    .answered_us = turn->answered_us,
    .wanted_bytes = wanted_bytes,
    .released_bytes = used_bytes >= 0 ? orf_settle_get_fallen_bytes (&turn->settle) : -1,
    .tolerance_bytes = orf_verdict_get_tolerance_bytes (turn->outcome.measured_by,
                                                        MAX (wanted_bytes, 0)),
    .now_us = orf_clock_monotonic_us (),
    .grace_us = turn->turns->grace_us,
    .end_us = turn->end_us,
  };

  return orf_settle_turn_is_over (&turn->settle, &facts);
}

static void
end (OrfCleanupTurn *turn, gint64 used_bytes)
{
  OrfTurn *outcome = &turn->outcome;

  if (turn->advice != NULL)
    orf_workers_cancel (turn->turns->workers, turn->advice);
  g_clear_pointer (&turn->advice, g_free);
  if (!turn->answered)
    outcome->end = ORF_TURN_TIMED_OUT;
  outcome->after_bytes = used_bytes;
  /* that nothing fell is known only where somebody looked to the end */
  if (used_bytes >= 0 || orf_settle_get_fallen_bytes (&turn->settle) > 0)
    outcome->released_bytes = orf_settle_get_fallen_bytes (&turn->settle);
  outcome->explained = outcome->claimed_bytes > 0 &&
                       orf_cleanup_books_explain (&turn->books, outcome->claimed_bytes,
                                                  orf_verdict_get_tolerance_bytes (
                                                    outcome->measured_by, outcome->claimed_bytes));
  turn->took_us = orf_clock_monotonic_us () - turn->begun_us;
  turn->over = TRUE;
}

gboolean
orf_cleanup_turn_look (OrfCleanupTurn *turn, const OrfCleanupSight *sight)
{
  gint64 used_bytes = measure (turn, sight);

  if (turn->over)
    return TRUE;
  look_at_books (turn, sight->process_bytes);
  orf_settle_add (&turn->settle, sight->t_us, used_bytes);
  if (decide_over (turn, used_bytes))
    end (turn, used_bytes);
  return turn->over;
}

gboolean
orf_cleanup_turn_is_over (const OrfCleanupTurn *turn)
{
  return turn->over;
}

void
orf_cleanup_turn_hurry (OrfCleanupTurn *turn)
{
  turn->end_us = orf_clock_monotonic_us ();
}

gboolean
orf_cleanup_turn_is_tense (const OrfCleanupTurn *turn)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (turn->over)
    return FALSE;
  return turn->answered ? now_us < turn->answered_us + TENSE_ANSWERED_US
                        : now_us < turn->begun_us + TENSE_ASKED_US;
}

/* ---- what came of it ------------------------------------------------------------------------- */

const OrfCleanupMember *
orf_cleanup_turn_get_member (const OrfCleanupTurn *turn)
{
  return turn->member;
}

const OrfTurn *
orf_cleanup_turn_get_outcome (const OrfCleanupTurn *turn)
{
  return &turn->outcome;
}

static OrfMaybeBytes
maybe (gint64 bytes)
{
  return (OrfMaybeBytes){ .known = bytes >= 0, .bytes = MAX (bytes, 0) };
}

/* What it said; and what that is worth where nothing of it can be disproved. */
static char *
make_text (const OrfCleanupTurn *turn)
{
  const char *said = turn->text;

  if (!turn->outcome.blurred)
    return g_strdup (said);
  return g_strdup_printf ("%s%sits process is not known, and the device's memory is the whole "
                          "machine's: that it freed can be seen, that it did not cannot",
                          said != NULL ? said : "", said != NULL ? "; " : "");
}

OrfCleanupWorkerRow *
orf_cleanup_turn_make_row (const OrfCleanupTurn *turn)
{
  OrfCleanupWorkerRow *row = orf_cleanup_worker_row_new ();
  const OrfTurn *outcome = &turn->outcome;
  gint64 freed_bytes = 0;

  row->worker_no = turn->member->no;
  row->name = g_strdup (turn->member->name);
  row->verdict = orf_verdict_of_turn (outcome);
  row->measured_by = outcome->measured_by;
  row->idle = maybe (outcome->idle_bytes);
  row->expected = maybe (turn->member->expected_bytes);
  row->before = maybe (outcome->before_bytes);
  row->after = maybe (outcome->after_bytes);
  row->claimed = maybe (outcome->claimed_bytes);
  row->freed.known = orf_verdict_get_freed_bytes (outcome, &freed_bytes);
  row->freed.bytes = freed_bytes;
  row->released = maybe (outcome->released_bytes);
  row->regained.known = row->freed.known && row->released.known;
  if (row->regained.known)
    row->regained.bytes = MAX (row->released.bytes - freed_bytes, 0);
  row->took_us = turn->took_us;
  row->text = make_text (turn);
  row->reason = g_strdup (turn->member->reason);
  return row;
}

gint64
orf_cleanup_turn_get_retained_bytes (const OrfCleanupTurn *turn)
{
  const OrfWorker *worker = orf_workers_find (turn->turns->workers, turn->member->id);
  gint64 freed_bytes = 0;

  if (worker == NULL || !orf_worker_is_live (worker))
    return 0;
  if (worker->reported_us > turn->asked_us && worker->allocator.reserved_bytes >= 0 &&
      worker->allocator.allocated_bytes >= 0)
    return MAX (worker->allocator.reserved_bytes - worker->allocator.allocated_bytes, 0);
  if (turn->member->unused_bytes < 0 || !orf_verdict_get_freed_bytes (&turn->outcome, &freed_bytes))
    return -1;
  return MAX (turn->member->unused_bytes - MAX (freed_bytes, 0), 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfCleanupTurn *
orf_cleanup_turn_new (const OrfCleanupTurns *turns, const OrfCleanupMember *member, gint64 end_us)
{
  OrfCleanupTurn *turn = g_new0 (OrfCleanupTurn, 1);

  turn->turns = turns;
  turn->member = member;
  turn->end_us = end_us;
  turn->outcome = (OrfTurn){
    .claimed_bytes = -1,
    .idle_bytes = member->idle_bytes,
    .before_bytes = -1,
    .after_bytes = -1,
    .released_bytes = -1,
  };
  return turn;
}

void
orf_cleanup_turn_free (OrfCleanupTurn *turn)
{
  if (turn == NULL)
    return;
  if (turn->advice != NULL)
    orf_workers_cancel (turn->turns->workers, turn->advice);
  g_free (turn->advice);
  g_free (turn->text);
  g_free (turn);
}
