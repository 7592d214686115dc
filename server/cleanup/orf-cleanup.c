/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chain of looks: each look's answer decides what is done next (observe is the meter, decide are
 * settle and verdict, and this acts).  BEFORE and AFTER look at all, the rest at those whose turn
 * it is: one, or a round of several where there is little time and each can be measured by itself.
 *
 * Invariants:
 * - Either a look is under way, or `pace` is set, or the attempt has ended.
 * - An advice is open only in TURNS, and all are closed before the next round.
 */
#include "cleanup/orf-cleanup.h"

#include "cleanup/orf-cleanup-crew.h"
#include "cleanup/orf-cleanup-plan.h"
#include "cleanup/orf-cleanup-turn.h"
#include "cleanup/orf-cleanup-verdict.h"
#include "core/orf-clock.h"
#include "core/orf-sum.h"

/* Between two looks: eight of them in the default window of quiet. */
#define PACE_US (25 * ORF_US_PER_MS)
/* While a worker may take again what it has just given: as long as the look before took, so that
 * looking costs half of a core at most, and the worker half of its page faults. */
#define MIN_PACE_US (2 * ORF_US_PER_MS)
/* A look takes a millisecond, and on a machine that has too much to do a thousand times as long:
 * what is not measured before or after is no verdict. */
#define MAX_PATIENCE_US (2 * ORF_US_PER_S)

typedef enum {
  PHASE_BEFORE,
  PHASE_ROUND_BEGINS, /* its workers are measured */
  PHASE_TURNS,
  PHASE_AFTER,
  PHASE_ENDED,
} Phase;

struct _OrfCleanup {
  OrfCleanupParts parts;
  OrfCleanupLimits limits;
  OrfCleanupRow *row;
  GPtrArray *members; /* those that are asked */
  OrfCleanupTurns shared;
  GPtrArray *turns;  /* OrfCleanupTurn, so far */
  guint round_start; /* from here on it is the round at hand */
  GPtrArray *looked; /* whose look is under way, of those; borrowed */
  OrfCleanupMeter *meter;
  Phase phase;
  gboolean enough;
  guint pace; /* 0: none */
  gint64 begun_us;
  gint64 before_device_bytes;
  GArray *before_processes; /* gint64 of each member; -1: cannot be told */
  OrfCleanupEnded ended;
  gpointer user_data;
};

static OrfMaybeBytes
maybe (gint64 bytes)
{
  return (OrfMaybeBytes){ .known = bytes >= 0, .bytes = MAX (bytes, 0) };
}

/* ---- looks ----------------------------------------------------------------------------------- */

static gboolean
is_tense (const OrfCleanup *cleanup)
{
  for (guint i = cleanup->round_start; i < cleanup->turns->len; i++) {
    if (orf_cleanup_turn_is_tense (cleanup->turns->pdata[i]))
      return cleanup->phase == PHASE_TURNS;
  }
  return FALSE;
}

static gboolean
has_process (const OrfCleanup *cleanup, guint member)
{
  return g_array_index (cleanup->before_processes, gint64, member) >= 0;
}

/* A turn has its member's place. */
static gboolean
can_glance (const OrfCleanup *cleanup)
{
  for (guint i = cleanup->round_start; i < cleanup->turns->len; i++) {
    if (!has_process (cleanup, i))
      return FALSE;
  }
  return is_tense (cleanup);
}

/* Whose processes are looked at, and of those whose turn it is, which. */
static GArray *
choose_pids (OrfCleanup *cleanup)
{
  gboolean all = cleanup->phase == PHASE_BEFORE || cleanup->phase == PHASE_AFTER;
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_ptr_array_set_size (cleanup->looked, 0);
  for (guint i = 0; all && i < cleanup->members->len; i++)
    g_array_append_val (pids, ((OrfCleanupMember *) cleanup->members->pdata[i])->pid);
  for (guint i = cleanup->round_start; !all && i < cleanup->turns->len; i++) {
    OrfCleanupTurn *turn = cleanup->turns->pdata[i];

    if (!orf_cleanup_turn_is_over (turn)) {
      g_array_append_val (pids, orf_cleanup_turn_get_member (turn)->pid);
      g_ptr_array_add (cleanup->looked, turn);
    }
  }
  return pids;
}

static void
look (OrfCleanup *cleanup)
{
  g_autoptr (GArray) pids = choose_pids (cleanup);
  gint64 left_us = cleanup->limits.end_us - orf_clock_monotonic_us ();
  gint64 patience_us = MIN (left_us, MAX_PATIENCE_US);

  if (!can_glance (cleanup) ||
      !orf_cleanup_meter_glance (cleanup->meter, (const gint64 *) pids->data, pids->len,
                                 patience_us))
    orf_cleanup_meter_look (cleanup->meter, (const gint64 *) pids->data, pids->len, patience_us);
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
look_later (OrfCleanup *cleanup, gint64 began_us)
{
  gint64 took_us = orf_clock_monotonic_us () - began_us;
  gint64 pace_us = is_tense (cleanup) ? CLAMP (took_us, MIN_PACE_US, PACE_US) : PACE_US;

  cleanup->pace = g_timeout_add ((guint) (pace_us / ORF_US_PER_MS), pace_cb, cleanup);
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

static void
answered_cb (gpointer user_data)
{
  look_soon (user_data);
}

/* ---- the whole, before and after ------------------------------------------------------------- */

/* Where the device shares the host's memory others move it all the time: the workers' own count. */
static OrfCleanupMeasure
choose_measure (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  gboolean by_processes = seen->n_processes > 0 && orf_cleanup_look_sum_processes (seen) >= 0;

  if (by_processes && (cleanup->shared.unified || seen->device_bytes < 0))
    return ORF_CLEANUP_MEASURE_PROCESS;
  return seen->device_bytes >= 0 ? ORF_CLEANUP_MEASURE_DEVICE : ORF_CLEANUP_MEASURE_UNSET;
}

static gint64
measure (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  switch (cleanup->row->measured_by) {
  case ORF_CLEANUP_MEASURE_PROCESS:
    return orf_cleanup_look_sum_processes (seen);
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

/* How much less the processes of the workers use than before.  FALSE: not all can be told. */
static gboolean
tell_given (const OrfCleanup *cleanup, const OrfCleanupLook *seen, gint64 *given_bytes)
{
  OrfCleanupLook before = *seen;
  gint64 before_bytes, now_bytes;

  before.process_bytes = (const gint64 *) cleanup->before_processes->data;
  before_bytes = orf_cleanup_look_sum_processes (&before);
  now_bytes = orf_cleanup_look_sum_processes (seen);
  if (before_bytes < 0 || now_bytes < 0)
    return FALSE;
  *given_bytes = before_bytes - now_bytes;
  return seen->n_processes > 0;
}

/* How the device changed beside what the workers did; told where it is more than noise. */
static OrfMaybeBytes
tell_others (const OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  gint64 floor_bytes = orf_verdict_get_tolerance_bytes (ORF_CLEANUP_MEASURE_DEVICE, 0);
  gint64 given_bytes = 0;
  gint64 others_bytes;

  if (cleanup->row->measured_by != ORF_CLEANUP_MEASURE_DEVICE || seen->device_bytes < 0 ||
      cleanup->shared.unified ||
      (seen->n_processes > 0 && !tell_given (cleanup, seen, &given_bytes)))
    return (OrfMaybeBytes){ 0 };
  others_bytes = seen->device_bytes - cleanup->before_device_bytes + given_bytes;
  return (OrfMaybeBytes){ TRUE, ABS (others_bytes) > floor_bytes ? others_bytes : 0 };
}

static OrfMaybeBytes
tell_retained (const OrfCleanup *cleanup)
{
  OrfMaybeBytes sum = { .known = cleanup->turns->len > 0 };

  for (guint i = 0; i < cleanup->turns->len; i++) {
    gint64 retained_bytes = orf_cleanup_turn_get_retained_bytes (cleanup->turns->pdata[i]);

    sum.known &= retained_bytes >= 0;
    sum.bytes = orf_sum_add (sum.bytes, MAX (retained_bytes, 0));
  }
  return sum.known ? sum : (OrfMaybeBytes){ 0 };
}

static void
judge (OrfCleanup *cleanup, const OrfCleanupLook *seen)
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
    g_array_append_val (turns, *orf_cleanup_turn_get_outcome (cleanup->turns->pdata[i]));
  attempt.turns = (const OrfTurn *) turns->data;
  attempt.has_given = tell_given (cleanup, seen, &attempt.given_bytes);
  row->verdict = orf_verdict_of_attempt (&attempt);
  if (attempt.n_turns > 0)
    row->released = maybe (orf_verdict_sum_released_bytes (&attempt));
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
  judge (cleanup, seen);
  cleanup->phase = PHASE_ENDED;
  cleanup->ended (cleanup->user_data, cleanup);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static gint64
get_pid (const OrfCleanup *cleanup, guint member)
{
  return ((const OrfCleanupMember *) cleanup->members->pdata[member])->pid;
}

/* Whether it can be measured by itself beside the n from first on: by a process that is none of
 * theirs. */
static gboolean
stands_apart (const OrfCleanup *cleanup, guint first, guint n)
{
  for (guint i = first; i < first + n; i++) {
    if (get_pid (cleanup, i) == get_pid (cleanup, first + n))
      return FALSE;
  }
  return has_process (cleanup, first + n);
}

/* How many of those that are left have their turns at once: where one is measured by the whole
 * device nobody else may move it. */
static guint
choose_n (const OrfCleanup *cleanup, gint64 left_us)
{
  guint first = cleanup->turns->len;
  guint n_left = cleanup->members->len - first;
  guint width = MIN (orf_cleanup_choose_width (left_us, n_left), n_left);
  guint n = 1;

  while (n < width && has_process (cleanup, first) && stands_apart (cleanup, first, n))
    n++;
  return n;
}

static void
add_turns (OrfCleanup *cleanup, gint64 now_us)
{
  guint n_left = cleanup->members->len - cleanup->turns->len;
  gint64 left_us = cleanup->limits.end_us - now_us;
  guint n = choose_n (cleanup, left_us);
  gint64 end_us = now_us + orf_cleanup_share_us (left_us, (n_left + n - 1) / n);

  cleanup->round_start = cleanup->turns->len;
  for (guint i = 0; i < n; i++) {
    const OrfCleanupMember *member = cleanup->members->pdata[cleanup->turns->len];

    g_ptr_array_add (cleanup->turns, orf_cleanup_turn_new (&cleanup->shared, member, end_us));
  }
}

/* The next round, or the end. */
static void
go_on (OrfCleanup *cleanup)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (cleanup->turns->len == cleanup->members->len || cleanup->enough ||
      now_us >= cleanup->limits.end_us) {
    cleanup->phase = PHASE_AFTER;
  } else {
    add_turns (cleanup, now_us);
    cleanup->phase = PHASE_ROUND_BEGINS;
  }
  look (cleanup);
}

static OrfCleanupSight
get_sight (const OrfCleanupLook *seen, guint process)
{
  return (OrfCleanupSight){ seen->t_us, seen->device_bytes, seen->process_bytes[process] };
}

static void
begin_round (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  cleanup->enough = cleanup->limits.enough_bytes >= 0 && seen->device_bytes >= 0 &&
                    seen->device_bytes <= cleanup->limits.enough_bytes;
  if (cleanup->enough) {
    g_ptr_array_set_size (cleanup->turns, (gint) cleanup->round_start);
    go_on (cleanup);
    return;
  }
  cleanup->phase = PHASE_TURNS;
  for (guint i = 0; i < cleanup->looked->len; i++) {
    const OrfCleanupSight sight = get_sight (seen, i);

    orf_cleanup_turn_begin (cleanup->looked->pdata[i], &sight);
  }
  look_later (cleanup, seen->t_us);
}

static void
add_rows (OrfCleanup *cleanup)
{
  for (guint i = cleanup->round_start; i < cleanup->turns->len; i++)
    g_ptr_array_add (cleanup->row->workers, orf_cleanup_turn_make_row (cleanup->turns->pdata[i]));
}

static void
look_at_turns (OrfCleanup *cleanup, const OrfCleanupLook *seen)
{
  gboolean over = TRUE;

  for (guint i = 0; i < cleanup->looked->len; i++) {
    const OrfCleanupSight sight = get_sight (seen, i);

    over &= orf_cleanup_turn_look (cleanup->looked->pdata[i], &sight);
  }
  if (over) {
    add_rows (cleanup);
    go_on (cleanup);
  } else {
    look_later (cleanup, seen->t_us);
  }
}

static void
looked_cb (gpointer user_data, const OrfCleanupLook *seen)
{
  OrfCleanup *cleanup = user_data;

  switch (cleanup->phase) {
  case PHASE_BEFORE:
    note_before (cleanup, seen);
    go_on (cleanup);
    break;
  case PHASE_ROUND_BEGINS:
    begin_round (cleanup, seen);
    break;
  case PHASE_TURNS:
    look_at_turns (cleanup, seen);
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

static char *
explain (const OrfCleanupRow *row)
{
  if (row->reason != NULL)
    return g_strdup (row->reason);
  return g_strdup_printf ("gpu.cleanup, called by %s", row->actor != NULL ? row->actor : "orfeasd");
}

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
  cleanup->turns = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cleanup_turn_free);
  cleanup->looked = g_ptr_array_new ();
  cleanup->before_processes = g_array_new (FALSE, FALSE, sizeof (gint64));
  cleanup->begun_us = orf_clock_monotonic_us ();
  cleanup->ended = ended;
  cleanup->user_data = user_data;
  cleanup->meter = orf_cleanup_meter_new (parts->gpu, parts->processes, row->device, looked_cb,
                                          cleanup);
  cleanup->shared = (OrfCleanupTurns){
    .workers = parts->workers,
    .level = row->level,
    .reason = explain (row),
    .unified = orf_cleanup_meter_is_unified (cleanup->meter),
    .settle_us = limits->settle_us,
    .grace_us = limits->grace_us,
    .answered = answered_cb,
    .user_data = cleanup,
  };
  look (cleanup);
  return cleanup;
}

void
orf_cleanup_free (OrfCleanup *cleanup)
{
  if (cleanup == NULL)
    return;
  g_clear_handle_id (&cleanup->pace, g_source_remove);
  g_ptr_array_unref (cleanup->turns); /* first: they close what is open */
  orf_cleanup_meter_free (cleanup->meter);
  orf_cleanup_row_free (cleanup->row);
  g_ptr_array_unref (cleanup->looked);
  g_ptr_array_unref (cleanup->members);
  g_array_unref (cleanup->before_processes);
  g_free (cleanup->shared.reason);
  g_free (cleanup);
}

void
orf_cleanup_hurry (OrfCleanup *cleanup)
{
  cleanup->limits.end_us = orf_clock_monotonic_us ();
  for (guint i = cleanup->round_start; i < cleanup->turns->len; i++)
    orf_cleanup_turn_hurry (cleanup->turns->pdata[i]);
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
