/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A round goes through the stages below, each in steps of its own transaction.  Nothing that a
 * round remembers between steps has to be true after a kill: it begins at the front again, and
 * finds what is left.
 */
#include "store/orf-store-retain.h"

#include "core/orf-clock.h"
#include "store/orf-retain-chunks.h"
#include "store/orf-retain-rollups.h"
#include "store/orf-retain-traces.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-outbox.h"
#include "store/orf-store-purge.h"

/* Free pages are used again by what comes next; moving them to the end costs writes, so it is done
 * only once they are a quarter of the file and more than this (4 MiB). */
#define SHRINK_MIN_PAGES 1024
/* Pages moved in one step: under a millisecond, and some 0.5 MB in the WAL. */
#define SHRINK_STEP_SQL "PRAGMA incremental_vacuum (64)"

/* How far ahead of the clock a row's time may be. */
#define AHEAD_US (3600 * ORF_US_PER_S)

static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
/* What is not packed, or not handed on, stays, however old and however much it is. */
static const char old_run_sql[] =
  "SELECT first_rowid, last_rowid FROM raw_block WHERE (max_t_us < ?1 OR last_rowid <= ?2) "
  "AND first_rowid < ?3 AND last_rowid < ?4 AND last_rowid < (SELECT from_rowid FROM packing) "
  "ORDER BY first_rowid LIMIT 1";
static const char last_row_sql[] =
  "SELECT coalesce((SELECT last_rowid FROM raw_block ORDER BY first_rowid DESC LIMIT 1), 0)";
static const char drop_rows_sql[] = "DELETE FROM sample_raw WHERE rowid BETWEEN ? AND ?";
static const char drop_run_sql[] = "DELETE FROM raw_block WHERE first_rowid = ?";
static const char last_audit_sql[] = ORF_STORE_MAX_ID_SQL ("audit");
static const char last_event_sql[] = ORF_STORE_MAX_ID_SQL ("event");
static const char last_gpu_event_sql[] = ORF_STORE_MAX_ID_SQL ("gpu_event");
static const char last_load_sql[] = ORF_STORE_MAX_ID_SQL ("load_run");
static const char used_sql[] = "SELECT (page_count - freelist_count) * page_size "
                               "FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

typedef enum {
  STAGE_RAW,
  STAGE_KEYS,
  STAGE_AUDIT,
  STAGE_EVENTS,
  STAGE_GPU_EVENTS,
  STAGE_LOADS,
  STAGE_PROCESSES,
  STAGE_TRACES,
  STAGE_CHUNKS,
  STAGE_MINUTES,
  STAGE_HOURS,
  STAGE_FALLS,
  STAGE_SIZE,
  N_STAGES,
} Stage;

struct _OrfRetainer {
  Stage stage;
  Stage failed;  /* where the last step ended */
  guint passed;  /* bits of stages that this round passed over */
  OrfPins *pins; /* NULL: to be loaded */
  OrfPurge keys, audit, events, gpu_events, loads, processes;
  OrfRetainTraces traces;
  OrfRetainChunks chunks;
  OrfRetainRollups minutes, hours, falls;
  gboolean told_full; /* larger than max_bytes, and nothing more may go */
};

OrfRetainer *
orf_retainer_new (void)
{
  OrfRetainer *self = g_new0 (OrfRetainer, 1);

  self->keys = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("idempotency", "created_us"),
                           .drop_sql = ORF_PURGE_DROP_SQL ("idempotency") };
  self->audit = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("audit", "t_us"),
                            .drop_sql = ORF_PURGE_DROP_SQL ("audit") };
  self->events = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("event", "t_us"),
                             .drop_sql = ORF_PURGE_DROP_SQL ("event") };
  self->gpu_events = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("gpu_event", "raised_us"),
                                 .drop_sql = ORF_PURGE_DROP_SQL ("gpu_event") };
  self->loads = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("load_run", "started_us"),
                            .drop_sql = ORF_PURGE_DROP_SQL ("load_run") };
  self->processes = (OrfPurge){ .scan_sql = ORF_PURGE_SCAN_SQL ("gpu_process", "t_us"),
                                .drop_sql = ORF_PURGE_DROP_SQL ("gpu_process") };
  self->minutes = orf_retain_rollups_minutes ();
  self->hours = orf_retain_rollups_hours ();
  self->falls = orf_retain_rollups_falls ();
  return self;
}

void
orf_retainer_free (OrfRetainer *self)
{
  g_clear_pointer (&self->pins, orf_pins_free);
  g_free (self);
}

void
orf_retainer_restart (OrfRetainer *self)
{
  OrfPurge *const purges[] = { &self->keys,       &self->audit, &self->events,
                               &self->gpu_events, &self->loads, &self->processes };

  self->stage = STAGE_RAW;
  g_clear_pointer (&self->pins, orf_pins_free);
  for (guint i = 0; i < G_N_ELEMENTS (purges); i++)
    orf_purge_restart (purges[i]);
  orf_retain_traces_restart (&self->traces);
  self->chunks.block = 0;
  orf_retain_rollups_restart (&self->minutes);
  orf_retain_rollups_restart (&self->hours);
  orf_retain_rollups_restart (&self->falls);
}

static gboolean
run_with (OrfConnection *connection, const char *sql, gint64 first, gint64 second, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  for (int i = 1; i <= sqlite3_bind_parameter_count (statement); i++)
    sqlite3_bind_int64 (statement, i, i == 1 ? first : second);
  return orf_connection_run (connection, statement, error);
}

/* ---- the stages: each does a little, and says whether there is more ----------------------------
 */

static gboolean
drop_oldest_run (OrfConnection *connection,
                 const OrfRetainLimits *limits,
                 gboolean *more,
                 GError **error)
{
  gint64 last_rowid, handed_on, first, last;

  if (!orf_connection_get_int64 (connection, last_row_sql, &last_rowid, error) ||
      !orf_outbox_get_keep_rowid (connection, &handed_on, error))
    return FALSE;
  {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, old_run_sql, error);

    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, limits->raw_before_us);
    sqlite3_bind_int64 (statement, 2, limits->raw_rows > 0 ? last_rowid - limits->raw_rows : 0);
    sqlite3_bind_int64 (statement, 3, limits->keep_rowid);
    sqlite3_bind_int64 (statement, 4, handed_on);
    if (!orf_connection_step (connection, statement, more, error))
      return FALSE;
    first = sqlite3_column_int64 (statement, 0);
    last = sqlite3_column_int64 (statement, 1);
  }
  return !*more || (run_with (connection, drop_rows_sql, first, last, error) &&
                    run_with (connection, drop_run_sql, first, 0, error));
}

static gboolean
purge (OrfPurge *purge,
       OrfConnection *connection,
       gint64 before_us,
       const OrfPins *pins,
       gboolean *more,
       GError **error)
{
  const OrfPurgeLimits limits = { .before_us = before_us,
                                  .ahead_us = orf_clock_now_us () + AHEAD_US,
                                  .pins = pins };

  return orf_purge_step (purge, connection, &limits, more, error);
}

/* Ids have no gaps, or few: fewer rows are kept by as many. */
static gboolean
purge_audit (OrfRetainer *self,
             OrfConnection *connection,
             const OrfRetainLimits *limits,
             gboolean *more,
             GError **error)
{
  OrfPurgeLimits rows = { .before_us = limits->audit_before_us,
                          .ahead_us = orf_clock_now_us () + AHEAD_US };
  gint64 last_id;

  if (!orf_connection_get_int64 (connection, last_audit_sql, &last_id, error))
    return FALSE;
  rows.trim_to_rowid = limits->audit_rows > 0 ? last_id - limits->audit_rows : 0;
  return orf_purge_step (&self->audit, connection, &rows, more, error);
}

/* By their number alone: a mark may tell of any time, and load tests and what devices told are
 * rare. */
static gboolean
purge_rows (OrfRetainer *self,
            OrfPurge *purge,
            const char *last_sql,
            OrfConnection *connection,
            gint64 keep_rows,
            gboolean *more,
            GError **error)
{
  OrfPurgeLimits rows = { .before_us = G_MININT64, .ahead_us = G_MAXINT64, .pins = self->pins };
  gint64 last_id;

  if (!orf_connection_get_int64 (connection, last_sql, &last_id, error))
    return FALSE;
  rows.trim_to_rowid = keep_rows > 0 ? last_id - keep_rows : 0;
  return orf_purge_step (purge, connection, &rows, more, error);
}

static gboolean
drop_traces (OrfRetainer *self,
             OrfConnection *connection,
             const OrfRetainLimits *all,
             gboolean *more,
             GError **error)
{
  const OrfHistoryLimits *history = &all->history;
  const OrfRetainTracesLimits limits = {
    .before_us = history->trace_us > 0 ? all->now_us - history->trace_us : 0,
    .max_bytes = history->trace_bytes,
    .max_exemplars = history->trace_exemplars,
    .now_us = all->now_us,
    .pins = self->pins,
  };

  return orf_retain_traces_step (&self->traces, connection, &limits, more, error);
}

static gboolean
drop_chunks (
  OrfRetainer *self, OrfConnection *connection, gint64 before_us, gboolean *more, GError **error)
{
  const OrfRetainChunksLimits limits = { .before_us = before_us,
                                         .now_us = orf_clock_now_us (),
                                         .pins = self->pins };

  return orf_retain_chunks_step (&self->chunks, connection, &limits, more, error);
}

static gboolean
drop_rollups (OrfRetainer *self,
              OrfRetainRollups *rollups,
              OrfConnection *connection,
              gint64 keep_us,
              gint64 now_us,
              gint64 deadline_us,
              gboolean *more,
              GError **error)
{
  orf_retain_rollups_plan (rollups, keep_us, now_us);
  return orf_retain_rollups_step (rollups, connection, self->pins, deadline_us, more, error);
}

/* Chunks first: they are the most, and minutes and hours still tell of their time. */
static gboolean
make_room (OrfRetainer *self,
           OrfConnection *connection,
           const OrfRetainLimits *limits,
           gboolean *more,
           GError **error)
{
  const OrfHistoryLimits *history = &limits->history;
  gint64 used_bytes;

  *more = FALSE;
  if (history->max_bytes == 0)
    return TRUE;
  if (!orf_connection_get_int64 (connection, used_sql, &used_bytes, error))
    return FALSE;
  /* a block that was begun goes as a whole */
  if (used_bytes <= history->max_bytes && self->chunks.block == 0) {
    self->told_full = FALSE;
    return TRUE;
  }
  if (!drop_chunks (self, connection, G_MAXINT64, more, error))
    return FALSE;
  if (*more)
    return TRUE;
  if (orf_retain_rollups_press (&self->minutes, history->rollup_1m_us, limits->now_us) ||
      orf_retain_rollups_press (&self->hours, history->rollup_1h_us, limits->now_us)) {
    self->stage = STAGE_MINUTES;
    *more = TRUE;
  } else if (!self->told_full) {
    g_warning ("the file holds %" G_GINT64_FORMAT " bytes, more than [history] max_bytes, and what "
               "is left is pinned or new",
               used_bytes);
    self->told_full = TRUE;
  }
  return TRUE;
}

static gboolean
run_stage (OrfRetainer *self,
           OrfConnection *connection,
           const OrfRetainLimits *limits,
           gint64 deadline_us,
           gboolean *more,
           GError **error)
{
  const OrfHistoryLimits *history = &limits->history;

  switch (self->stage) {
  case STAGE_RAW:
    return drop_oldest_run (connection, limits, more, error);
  case STAGE_KEYS:
    return purge (&self->keys, connection, limits->keys_before_us, NULL, more, error);
  case STAGE_AUDIT:
    return purge_audit (self, connection, limits, more, error);
  case STAGE_EVENTS:
    return purge_rows (self, &self->events, last_event_sql, connection, limits->event_rows, more,
                       error);
  case STAGE_GPU_EVENTS:
    return purge_rows (self, &self->gpu_events, last_gpu_event_sql, connection, limits->event_rows,
                       more, error);
  case STAGE_LOADS:
    return purge_rows (self, &self->loads, last_load_sql, connection, limits->load_rows, more,
                       error);
  case STAGE_PROCESSES:
    return purge (&self->processes, connection, limits->raw_before_us, self->pins, more, error);
  case STAGE_TRACES:
    return drop_traces (self, connection, limits, more, error);
  case STAGE_CHUNKS:
    *more = FALSE;
    return history->packed_us == 0 ||
           drop_chunks (self, connection, limits->now_us - history->packed_us, more, error);
  case STAGE_MINUTES:
    return drop_rollups (self, &self->minutes, connection, history->rollup_1m_us, limits->now_us,
                         deadline_us, more, error);
  case STAGE_HOURS:
    return drop_rollups (self, &self->hours, connection, history->rollup_1h_us, limits->now_us,
                         deadline_us, more, error);
  case STAGE_FALLS:
    return drop_rollups (self, &self->falls, connection, history->rollup_1h_us, limits->now_us,
                         deadline_us, more, error);
  case STAGE_SIZE:
    return make_room (self, connection, limits, more, error);
  case N_STAGES:
    break;
  }
  *more = FALSE;
  return TRUE;
}

static gboolean
run_stages (OrfRetainer *self,
            OrfConnection *connection,
            const OrfRetainLimits *limits,
            gint64 deadline_us,
            GError **error)
{
  if (self->pins == NULL && (self->pins = orf_pins_load (connection, error)) == NULL)
    return FALSE;
  do {
    gboolean more;

    if (!run_stage (self, connection, limits, deadline_us, &more, error))
      return FALSE;
    if (!more)
      self->stage++;
  } while (self->stage < N_STAGES && orf_clock_monotonic_us () < deadline_us);
  return TRUE;
}

gboolean
orf_retainer_step (OrfRetainer *self,
                   OrfConnection *connection,
                   const OrfRetainLimits *limits,
                   gint64 deadline_us,
                   gboolean *more,
                   GError **error)
{
  if (!run_with (connection, begin_sql, 0, 0, error))
    return FALSE;
  if (!run_stages (self, connection, limits, deadline_us, error) ||
      !run_with (connection, commit_sql, 0, 0, error)) {
    orf_connection_rollback (connection);
    self->failed = self->stage;
    /* what it remembers may never have happened */
    orf_retainer_restart (self);
    return FALSE;
  }
  *more = self->stage < N_STAGES;
  if (!*more) {
    self->stage = STAGE_RAW;
    self->passed = 0;
  }
  return TRUE;
}

/* A stage that is come to a second time (room is still to be made) ends the round, too. */
gboolean
orf_retainer_pass_over (OrfRetainer *self)
{
  guint bit = 1u << self->failed;

  if ((self->passed & bit) == 0 && self->failed + 1 < N_STAGES) {
    self->passed |= bit;
    self->stage = self->failed + 1;
    return TRUE;
  }
  self->passed = 0;
  return FALSE;
}

gboolean
orf_retain_shrink (
  OrfConnection *connection, gboolean all, gint64 max_bytes, gboolean *more, GError **error)
{
  gint64 n_free, n_pages, page_bytes;

  if (!orf_connection_get_int64 (connection, "PRAGMA freelist_count", &n_free, error) ||
      !orf_connection_get_int64 (connection, "PRAGMA page_count", &n_pages, error) ||
      !orf_connection_get_int64 (connection, "PRAGMA page_size", &page_bytes, error))
    return FALSE;
  if (max_bytes > 0 && n_pages * page_bytes > max_bytes)
    all = TRUE;
  if (n_free == 0 || (!all && (n_free < SHRINK_MIN_PAGES || n_free < n_pages / 4))) {
    *more = FALSE;
    return TRUE;
  }
  if (!orf_connection_exec (connection, SHRINK_STEP_SQL, error))
    return FALSE;
  *more = TRUE;
  return TRUE;
}
