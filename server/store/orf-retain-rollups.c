/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-retain-rollups.h"

#include "core/orf-clock.h"
#include "history/orf-rollup.h"

/* Rows that go at once: half a millisecond. */
#define STEP_ROWS     "512"
#define DAY_US        (24 * ORF_HOUR_US)
#define MIN_PERIOD_US (10 * ORF_MINUTE_US)
/* A round drops as much of what is kept as this; each dirties a page or two of each series. */
#define ROUNDS 64
/* What is kept where no age is set, for want of a better figure: when room is short. */
#define LONG_US (3650 * DAY_US)

#define SERIES_SQL(table)                                                                          \
  "SELECT series_id FROM " table " WHERE series_id >= ?1 ORDER BY series_id LIMIT 1"
#define RANGE(table)     " FROM " table " WHERE series_id = ?1 AND t_us >= ?2 AND t_us < ?3"
#define ROW_SQL(table)   "SELECT t_us" RANGE (table) " ORDER BY t_us LIMIT 1"
#define FAR_SQL(table)   "SELECT t_us" RANGE (table) " ORDER BY t_us LIMIT 1 OFFSET " STEP_ROWS
#define DROP_SQL(table)  "DELETE" RANGE (table)
#define NOTE_SQL(column) "UPDATE retention SET " column " = max(" column ", ?1) WHERE id = 1"

static const OrfRetainRollups minutes = {
  .series_sql = SERIES_SQL ("rollup_1m"),
  .row_sql = ROW_SQL ("rollup_1m"),
  .far_sql = FAR_SQL ("rollup_1m"),
  .drop_sql = DROP_SQL ("rollup_1m"),
  .note_sql = NOTE_SQL ("minutes_from_us"),
  .step_us = ORF_MINUTE_US,
};
static const OrfRetainRollups hours = {
  .series_sql = SERIES_SQL ("rollup_1h"),
  .row_sql = ROW_SQL ("rollup_1h"),
  .far_sql = FAR_SQL ("rollup_1h"),
  .drop_sql = DROP_SQL ("rollup_1h"),
  .note_sql = NOTE_SQL ("hours_from_us"),
  .step_us = ORF_HOUR_US,
};

static const OrfRetainRollups falls = {
  .series_sql = SERIES_SQL ("counter_fall"),
  .row_sql = ROW_SQL ("counter_fall"),
  .far_sql = FAR_SQL ("counter_fall"),
  .drop_sql = DROP_SQL ("counter_fall"),
  .note_sql = NOTE_SQL ("hours_from_us"),
  .step_us = ORF_HOUR_US,
};

OrfRetainRollups
orf_retain_rollups_minutes (void)
{
  return minutes;
}

OrfRetainRollups
orf_retain_rollups_hours (void)
{
  return hours;
}

OrfRetainRollups
orf_retain_rollups_falls (void)
{
  return falls;
}

void
orf_retain_rollups_restart (OrfRetainRollups *rollups)
{
  rollups->running = FALSE;
  rollups->before_us = 0;
}

static void
begin (OrfRetainRollups *rollups, gint64 before_us)
{
  rollups->running = TRUE;
  rollups->before_us = before_us;
  rollups->series_id = G_MININT64;
  rollups->from_us = G_MININT64;
}

void
orf_retain_rollups_plan (OrfRetainRollups *rollups, gint64 keep_us, gint64 now_us)
{
  gint64 period_us = CLAMP (keep_us / ROUNDS, MIN_PERIOD_US, DAY_US);
  gint64 before_us = MAX (keep_us > 0 ? now_us - keep_us : 0, rollups->pressed_us);

  if (!rollups->running && before_us > 0 &&
      (rollups->before_us == 0 || before_us >= rollups->before_us + period_us))
    begin (rollups, before_us);
}

gboolean
orf_retain_rollups_press (OrfRetainRollups *rollups, gint64 keep_us, gint64 now_us)
{
  gint64 span_us = keep_us > 0 ? keep_us : LONG_US;
  gint64 from_us = MAX (rollups->before_us, now_us - span_us);
  gint64 least_us = 60 * rollups->step_us;
  gint64 last_us = now_us - least_us; /* what is this young stays */

  if (last_us - from_us < least_us)
    return FALSE;
  rollups->pressed_us = MIN (from_us + MAX (span_us / ROUNDS, least_us), last_us);
  begin (rollups, rollups->pressed_us);
  return TRUE;
}

static gboolean
note (OrfRetainRollups *rollups, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (connection, rollups->note_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rollups->before_us);
  return orf_connection_run (connection, statement, error);
}

/* *found: the first column of the only row, if there is one. */
static gboolean
ask (OrfRetainRollups *rollups,
     OrfConnection *connection,
     const char *sql,
     gint64 to_us,
     gint64 *value,
     gboolean *found,
     GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rollups->series_id);
  if (sqlite3_bind_parameter_count (statement) == 3) {
    sqlite3_bind_int64 (statement, 2, rollups->from_us);
    sqlite3_bind_int64 (statement, 3, to_us);
  }
  if (!orf_connection_step (connection, statement, found, error))
    return FALSE;
  if (*found)
    *value = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

static gboolean
drop (OrfRetainRollups *rollups, OrfConnection *connection, gint64 to_us, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (connection, rollups->drop_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rollups->series_id);
  sqlite3_bind_int64 (statement, 2, rollups->from_us);
  sqlite3_bind_int64 (statement, 3, to_us);
  return orf_connection_run (connection, statement, error);
}

/* Some rows of the series from from_us on, or a leap over a pinned window. */
static gboolean
drop_some (OrfRetainRollups *rollups,
           OrfConnection *connection,
           const OrfPins *pins,
           GError **error)
{
  gint64 to_us = rollups->before_us, t_us, far_us;
  OrfPinnedWindow window;
  gboolean found;

  if (!ask (rollups, connection, rollups->row_sql, to_us, &t_us, &found, error))
    return FALSE;
  if (!found) {
    rollups->series_id++;
    rollups->from_us = G_MININT64;
    return TRUE;
  }
  rollups->from_us = t_us;
  /* a row of which a part is pinned stays */
  if (orf_pins_find (pins, t_us, G_MAXINT64, &window)) {
    if (window.from_us < t_us + rollups->step_us) {
      rollups->from_us = window.to_us;
      return TRUE;
    }
    to_us = MIN (to_us, window.from_us - rollups->step_us + 1);
  }
  if (!ask (rollups, connection, rollups->far_sql, to_us, &far_us, &found, error))
    return FALSE;
  to_us = found ? far_us : to_us;
  if (!drop (rollups, connection, to_us, error))
    return FALSE;
  rollups->from_us = to_us;
  return TRUE;
}

gboolean
orf_retain_rollups_step (OrfRetainRollups *rollups,
                         OrfConnection *connection,
                         const OrfPins *pins,
                         gint64 deadline_us,
                         gboolean *more,
                         GError **error)
{
  if (rollups->running && rollups->series_id == G_MININT64 && !note (rollups, connection, error))
    return FALSE;
  while (rollups->running) {
    gint64 id = rollups->series_id;

    if (rollups->from_us == G_MININT64) {
      if (!ask (rollups, connection, rollups->series_sql, 0, &id, &rollups->running, error))
        return FALSE;
      rollups->series_id = id;
    }
    if (rollups->running && !drop_some (rollups, connection, pins, error))
      return FALSE;
    if (orf_clock_monotonic_us () >= deadline_us)
      break;
  }
  *more = rollups->running;
  return TRUE;
}
