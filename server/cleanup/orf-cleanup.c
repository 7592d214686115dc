/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chain of looks: each look's answer decides what is done next (observe is the meter, decide are
 * settle and verdict, and this acts).  BEFORE and AFTER look at all, the rest at the worker whose
 * turn it is.
 *
 * Invariants:
 * - Either a look is under way, or `pace` is set, or the attempt has ended.
 * - An advice is open only in TURN, and is cancelled before the next turn.
 */
#include "cleanup/orf-cleanup.h"

#include "cleanup/orf-cleanup-crew.h"
#include "cleanup/orf-cleanup-verdict.h"
#include "cleanup/orf-settle.h"
#include "core/orf-clock.h"

/* Between two looks: eight of them in the default window of quiet. */
#define PACE_MS 25
/* A look takes a millisecond, and on a machine that has too much to do a thousand times as long:
 * what is not measured before or after is no verdict. */
#define MAX_PATIENCE_US (2 * ORF_US_PER_S)
/* Of a turn, the most that is kept for memory to settle behind an answer that comes at the last
 * moment. */
#define RESERVE_SHARE 4
/* Characters of what a worker says that are kept. */
#define MAX_TEXT 200

typedef enum {
  PHASE_BEFORE,
  PHASE_TURN_BEGINS, /* its worker is measured */
  PHASE_TURN,
  PHASE_AFTER,
  PHASE_ENDED,
} Phase;

/* A worker's turn; its `turn` is what is judged. */
typedef struct {
  const OrfCleanupMember *member;
  OrfTurn turn;
  gint64 begun_us, end_us; /* monotonic */
  gint64 asked_us;         /* UTC */
  gint64 answered_us;
  gboolean answered;
  char *advice; /* NULL: none is open */
  char *text;
  gint64 took_us;
} Turn;

struct _OrfCleanup {
  OrfCleanupParts parts;
  OrfCleanupLimits limits;
  OrfCleanupRow *row;
  GPtrArray *members; /* those that are asked */
  GPtrArray *turns;   /* Turn, so far; the last is the one at hand */
  OrfCleanupMeter *meter;
  OrfSettle settle;
  Phase phase;
  gboolean enough;
  guint pace; /* 0: none */
  gint64 begun_us;
  gint64 before_device_bytes;
  GArray *before_processes; /* gint64 of each member; -1: cannot be told */
  OrfCleanupEnded ended;
  gpointer user_data;
};

static void
turn_free (gpointer data)
{
  Turn *turn = data;

  g_free (turn->advice);
  g_free (turn->text);
  g_free (turn);
}

static Turn *
get_turn (const OrfCleanup *cleanup)
{
  return g_ptr_array_index (cleanup->turns, cleanup->turns->len - 1);
}

static OrfMaybeBytes
maybe (gint64 bytes)
{
  return (OrfMaybeBytes){ .known = bytes >= 0, .bytes = MAX (bytes, 0) };
}

/* ---- looks ----------------------------------------------------------------------------------- */

static void
look (OrfCleanup *cleanup)
{
  gboolean all = cleanup->phase == PHASE_BEFORE || cleanup->phase == PHASE_AFTER;
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 left_us = cleanup->limits.end_us - orf_clock_monotonic_us ();

  for (guint i = 0; all && i < cleanup->members->len; i++)
    g_array_append_val (pids, ((OrfCleanupMember *) cleanup->members->pdata[i])->pid);
  if (!all)
    g_array_append_val (pids, get_turn (cleanup)->member->pid);
  orf_cleanup_meter_look (cleanup->meter, (const gint64 *) pids->data, pids->len,
                          MIN (left_us, MAX_PATIENCE_US));
}

static gboolean
pace_cb (gpointer user_data)
{
  OrfCleanup *cleanup = user_data;

  cleanup->pace = 0;
  look (cleanup);
  return G_SOURCE_REMOVE;
}

static void
look_later (OrfCleanup *cleanup)
{
  cleanup->pace = g_timeout_add (PACE_MS, pace_cb, cleanup);
}

/* What just happened is worth a look at once, unless one is under way. */
static void
look_soon (OrfCleanup *cleanup)
{
  if (cleanup->pace == 0)
    return;
  g_clear_handle_id (&cleanup->pace, g_source_remove);
  look (cleanup);
}

/* ---- the whole, before and after ------------------------------------------------------------- */

/* -1: not all can be told. */
static gint64
sum_processes (const OrfCleanupLook *seen)
{
  gint64 sum_bytes = 0;

  for (guint i = 0; i < seen->n_processes; i++) {
    if (seen->process_bytes[i] < 0)
      return -1;
    sum_bytes += seen->process_bytes[i];
  }
  return sum_bytes;
}

/* Where the device shares the host's memory others move it all the time: the workers' own count. */
static OrfCleanupMeasure
choose_measure (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  gboolean by_processes = seen->n_processes > 0 && sum_processes (seen) >= 0;
  gboolean unified = orf_cleanup_meter_is_unified (cleanup->meter);

  if (by_processes && (unified || seen->device_bytes < 0))
    return ORF_CLEANUP_MEASURE_PROCESS;
  return seen->device_bytes >= 0 ? ORF_CLEANUP_MEASURE_DEVICE : ORF_CLEANUP_MEASURE_UNSET;
}

static gint64
measure (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  switch (cleanup->row->measured_by) {
  case ORF_CLEANUP_MEASURE_PROCESS:
    return sum_processes (seen);
  case ORF_CLEANUP_MEASURE_DEVICE:
    return seen->device_bytes;
  case ORF_CLEANUP_MEASURE_UNSET:
  case ORF_CLEANUP_MEASURE_N:
  default:
    return -1;
  }
}

static void
note_before (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  cleanup->row->measured_by = choose_measure (cleanup, seen);
  cleanup->row->before = maybe (measure (cleanup, seen));
  cleanup->before_device_bytes = seen->device_bytes;
  g_array_append_vals (cleanup->before_processes, seen->process_bytes, seen->n_processes);
}

/* How the device changed beside what the workers did; told where it is more than noise. */
static OrfMaybeBytes
tell_others (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  gint64 others_bytes = seen->device_bytes - cleanup->before_device_bytes;
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (ORF_CLEANUP_MEASURE_DEVICE, 0);

  if (cleanup->row->measured_by != ORF_CLEANUP_MEASURE_DEVICE || seen->device_bytes < 0 ||
      orf_cleanup_meter_is_unified (cleanup->meter))
    return (OrfMaybeBytes){ 0 };
  for (guint i = 0; i < seen->n_processes; i++) {
    gint64 before_bytes = g_array_index (cleanup->before_processes, gint64, i);

    if (before_bytes < 0 || seen->process_bytes[i] < 0)
      return (OrfMaybeBytes){ 0 };
    others_bytes -= seen->process_bytes[i] - before_bytes;
  }
  return (OrfMaybeBytes){ TRUE, ABS (others_bytes) > floor_bytes ? others_bytes : 0 };
}

/* By its report since it was asked, else by what it told before and what was measured. */
static gint64
get_retained_bytes (OrfCleanup *cleanup, const Turn *turn)
{
  const OrfWorker *worker = orf_workers_find (cleanup->parts.workers, turn->member->id);
  gint64 freed_bytes = 0;

  if (worker == NULL || !orf_worker_is_live (worker))
    return 0;
  if (worker->reported_us > turn->asked_us && worker->allocator.reserved_bytes >= 0 &&
      worker->allocator.allocated_bytes >= 0)
    return MAX (worker->allocator.reserved_bytes - worker->allocator.allocated_bytes, 0);
  if (turn->member->unused_bytes < 0 || !orf_verdict_get_freed_bytes (&turn->turn, &freed_bytes))
    return -1;
  return MAX (turn->member->unused_bytes - MAX (freed_bytes, 0), 0);
}

static OrfMaybeBytes
tell_retained (OrfCleanup *cleanup)
{
  OrfMaybeBytes sum = { .known = cleanup->turns->len > 0 };

  for (guint i = 0; i < cleanup->turns->len; i++) {
    gint64 retained_bytes = get_retained_bytes (cleanup, cleanup->turns->pdata[i]);

    sum.known &= retained_bytes >= 0;
    sum.bytes += MAX (retained_bytes, 0);
  }
  return sum.known ? sum : (OrfMaybeBytes){ 0 };
}

static void
judge (OrfCleanup *cleanup)
{
  OrfCleanupRow *row = cleanup->row;
  g_autoptr (GArray) turns = g_array_new (FALSE, FALSE, sizeof (OrfTurn));
  OrfAttempt attempt = {
    .n_turns = cleanup->turns->len,
    .n_left_over = cleanup->enough ? 0 : cleanup->members->len - cleanup->turns->len,
    .before_bytes = row->before.known ? row->before.bytes : -1,
    .after_bytes = row->after.known ? row->after.bytes : -1,
    .measured_by = row->measured_by,
  };

  for (guint i = 0; i < cleanup->turns->len; i++)
    g_array_append_val (turns, ((Turn *) cleanup->turns->pdata[i])->turn);
  attempt.turns = (const OrfTurn *) turns->data;
  row->verdict = orf_verdict_of_attempt (&attempt);
}

static void
end (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  OrfCleanupRow *row = cleanup->row;

  row->after = maybe (measure (cleanup, seen));
  row->freed.known = row->before.known && row->after.known;
  row->freed.bytes = row->freed.known ? row->before.bytes - row->after.bytes : 0;
  row->others = tell_others (cleanup, seen);
  row->retained = tell_retained (cleanup);
  row->took_us = orf_clock_monotonic_us () - cleanup->begun_us;
  judge (cleanup);
  cleanup->phase = PHASE_ENDED;
  cleanup->ended (cleanup->user_data, cleanup);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

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
set_answer (Turn *turn, OrfTurnEnd turn_end, gint64 claimed_bytes, const char *text)
{
  turn->answered = TRUE;
  turn->answered_us = orf_clock_monotonic_us ();
  turn->turn.end = turn_end;
  turn->turn.claimed_bytes = claimed_bytes;
  if (text != NULL)
    turn->text = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), MAX_TEXT));
}

static void
answered_cb (gpointer user_data, OrfWorkerAskEnd ask_end, gint64 claimed_bytes, const char *text)
{
  OrfCleanup *cleanup = user_data;
  Turn *turn = get_turn (cleanup);

  g_clear_pointer (&turn->advice, g_free);
  set_answer (turn, map_end (ask_end), claimed_bytes, text);
  look_soon (cleanup);
}

static char *
explain (const OrfCleanupRow *row)
{
  if (row->reason != NULL)
    return g_strdup (row->reason);
  return g_strdup_printf ("gpu.cleanup, called by %s", row->actor != NULL ? row->actor : "orfeasd");
}

static void
ask (OrfCleanup *cleanup, Turn *turn)
{
  OrfWorkers *workers = cleanup->parts.workers;
  const OrfWorker *worker = orf_workers_find (workers, turn->member->id);
  gint64 left_us = turn->end_us - turn->begun_us;
  gint64 reserve_us = MIN (2 * cleanup->limits.settle_us, left_us / RESERVE_SHARE);
  g_autofree char *reason = explain (cleanup->row);

  turn->asked_us = orf_clock_now_us ();
  if (worker != NULL && orf_worker_is_live (worker))
    turn->advice = orf_workers_ask (workers, worker, ORF_WORKER_ADVICE_KIND_CLEANUP,
                                    cleanup->row->level, 0, turn->asked_us + left_us - reserve_us,
                                    reason, answered_cb, cleanup);
  if (turn->advice == NULL)
    set_answer (turn,
                worker != NULL && orf_worker_is_live (worker) ? ORF_TURN_TIMED_OUT : ORF_TURN_LOST,
                -1, "it could not be reached");
}

static gint64
measure_turn (const Turn *turn, const OrfCleanupLook *seen)
{
  switch (turn->turn.measured_by) {
  case ORF_CLEANUP_MEASURE_PROCESS:
    return seen->process_bytes[0];
  case ORF_CLEANUP_MEASURE_DEVICE:
    return seen->device_bytes;
  case ORF_CLEANUP_MEASURE_UNSET:
  case ORF_CLEANUP_MEASURE_N:
  default:
    return -1;
  }
}

static void
begin_turn (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  Turn *turn = get_turn (cleanup);
  OrfSettleLimits limits = { .window_us = cleanup->limits.settle_us };

  if (seen->process_bytes[0] >= 0)
    turn->turn.measured_by = ORF_CLEANUP_MEASURE_PROCESS;
  else if (seen->device_bytes >= 0)
    turn->turn.measured_by = ORF_CLEANUP_MEASURE_DEVICE;
  turn->turn.before_bytes = measure_turn (turn, seen);
  limits.band_bytes = orf_verdict_get_tolerance_bytes (turn->turn.measured_by, 0) / 2;
  orf_settle_begin (&cleanup->settle, &limits);
  cleanup->phase = PHASE_TURN;
  ask (cleanup, turn);
  look_later (cleanup);
}

/* What is waited for: of a process that died all that it had. */
static gint64
get_wanted_bytes (const Turn *turn)
{
  if (turn->turn.end == ORF_TURN_LOST)
    return turn->turn.measured_by == ORF_CLEANUP_MEASURE_PROCESS ? turn->turn.before_bytes : -1;
  return turn->turn.claimed_bytes >= 0 ? turn->turn.claimed_bytes : turn->member->expected_bytes;
}

static gboolean
is_over (OrfCleanup *cleanup, const Turn *turn, gint64 used_bytes)
{
  gint64 wanted_bytes = get_wanted_bytes (turn);
  gboolean known = used_bytes >= 0 && turn->turn.before_bytes >= 0;
  const OrfTurnFacts facts = {
    .answered = turn->answered,
    .may_still_free = turn->turn.end != ORF_TURN_REFUSED && turn->turn.end != ORF_TURN_TIMED_OUT,
    .answered_us = turn->answered_us,
    .wanted_bytes = wanted_bytes,
    .freed_bytes = known ? MAX (turn->turn.before_bytes - used_bytes, 0) : -1,
    .tolerance_bytes = orf_verdict_get_tolerance_bytes (turn->turn.measured_by,
                                                        MAX (wanted_bytes, 0)),
    .now_us = orf_clock_monotonic_us (),
    .grace_us = cleanup->limits.grace_us,
    .end_us = turn->end_us,
  };

  return orf_settle_turn_is_over (&cleanup->settle, &facts);
}

static OrfCleanupWorkerRow *
make_worker_row (const Turn *turn)
{
  OrfCleanupWorkerRow *row = orf_cleanup_worker_row_new ();

  row->worker_no = turn->member->no;
  row->name = g_strdup (turn->member->name);
  row->verdict = orf_verdict_of_turn (&turn->turn);
  row->measured_by = turn->turn.measured_by;
  row->idle = maybe (turn->turn.idle_bytes);
  row->before = maybe (turn->turn.before_bytes);
  row->after = maybe (turn->turn.after_bytes);
  row->claimed = maybe (turn->turn.claimed_bytes);
  row->freed.known = orf_verdict_get_freed_bytes (&turn->turn, &row->freed.bytes);
  row->took_us = turn->took_us;
  row->text = g_strdup (turn->text);
  return row;
}

static void
end_turn (OrfCleanup *cleanup, Turn *turn, gint64 used_bytes)
{
  if (turn->advice != NULL)
    orf_workers_cancel (cleanup->parts.workers, turn->advice);
  g_clear_pointer (&turn->advice, g_free);
  if (!turn->answered)
    turn->turn.end = ORF_TURN_TIMED_OUT;
  turn->turn.after_bytes = used_bytes;
  turn->took_us = orf_clock_monotonic_us () - turn->begun_us;
  g_ptr_array_add (cleanup->row->workers, make_worker_row (turn));
}

/* ---- the chain ------------------------------------------------------------------------------- */

/* The next worker's turn, or the end. */
static void
go_on (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  guint n_left = cleanup->members->len - cleanup->turns->len;
  gint64 now_us = orf_clock_monotonic_us ();
  Turn *turn;

  cleanup->enough = cleanup->limits.enough_bytes >= 0 && seen->device_bytes >= 0 &&
                    seen->device_bytes <= cleanup->limits.enough_bytes;
  if (n_left == 0 || cleanup->enough || now_us >= cleanup->limits.end_us) {
    cleanup->phase = PHASE_AFTER;
    look (cleanup);
    return;
  }
  turn = g_new0 (Turn, 1);
  turn->member = cleanup->members->pdata[cleanup->turns->len];
  turn->turn = (OrfTurn){
    .claimed_bytes = -1,
    .idle_bytes = turn->member->idle_bytes,
    .before_bytes = -1,
    .after_bytes = -1,
  };
  turn->begun_us = now_us;
  turn->end_us = now_us + orf_cleanup_share_us (cleanup->limits.end_us - now_us, n_left);
  g_ptr_array_add (cleanup->turns, turn);
  cleanup->phase = PHASE_TURN_BEGINS;
  look (cleanup);
}

static void
look_at_turn (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  Turn *turn = get_turn (cleanup);
  gint64 used_bytes = measure_turn (turn, seen);

  orf_settle_add (&cleanup->settle, seen->t_us, used_bytes);
  if (!is_over (cleanup, turn, used_bytes)) {
    look_later (cleanup);
    return;
  }
  end_turn (cleanup, turn, used_bytes);
  go_on (cleanup, seen);
}

static void
looked_cb (gpointer user_data, const OrfCleanupLook *seen)
{
  OrfCleanup *cleanup = user_data;

  switch (cleanup->phase) {
  case PHASE_BEFORE:
    note_before (cleanup, seen);
    go_on (cleanup, seen);
    break;
  case PHASE_TURN_BEGINS:
    begin_turn (cleanup, seen);
    break;
  case PHASE_TURN:
    look_at_turn (cleanup, seen);
    break;
  case PHASE_AFTER:
    end (cleanup, seen);
    break;
  case PHASE_ENDED:
  default:
    break;
  }
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfCleanup *
orf_cleanup_new (const OrfCleanupParts *parts,
                 const OrfCleanupLimits *limits,
                 OrfCleanupRow *row,
                 GPtrArray *members,
                 OrfCleanupEnded ended,
                 gpointer user_data)
{
  OrfCleanup *cleanup = g_new0 (OrfCleanup, 1);

  cleanup->parts = *parts;
  cleanup->limits = *limits;
  cleanup->row = row;
  cleanup->members = g_ptr_array_ref (members);
  cleanup->turns = g_ptr_array_new_with_free_func (turn_free);
  cleanup->before_processes = g_array_new (FALSE, FALSE, sizeof (gint64));
  cleanup->begun_us = orf_clock_monotonic_us ();
  cleanup->ended = ended;
  cleanup->user_data = user_data;
  cleanup->meter = orf_cleanup_meter_new (parts->gpu, parts->processes, row->device, looked_cb,
                                          cleanup);
  look (cleanup);
  return cleanup;
}

void
orf_cleanup_free (OrfCleanup *cleanup)
{
  if (cleanup == NULL)
    return;
  if (cleanup->turns->len > 0 && get_turn (cleanup)->advice != NULL)
    orf_workers_cancel (cleanup->parts.workers, get_turn (cleanup)->advice);
  g_clear_handle_id (&cleanup->pace, g_source_remove);
  orf_cleanup_meter_free (cleanup->meter);
  orf_cleanup_row_free (cleanup->row);
  g_ptr_array_unref (cleanup->turns);
  g_ptr_array_unref (cleanup->members);
  g_array_unref (cleanup->before_processes);
  g_free (cleanup);
}

void
orf_cleanup_hurry (OrfCleanup *cleanup)
{
  cleanup->limits.end_us = orf_clock_monotonic_us ();
  if (cleanup->turns->len > 0)
    get_turn (cleanup)->end_us = cleanup->limits.end_us;
  look_soon (cleanup);
}

const OrfCleanupRow *
orf_cleanup_get_row (const OrfCleanup *cleanup)
{
  return cleanup->row;
}

GPtrArray *
orf_cleanup_get_members (const OrfCleanup *cleanup)
{
  return cleanup->members;
}
