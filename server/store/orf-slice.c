/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-slice-private.h"

#include "history/orf-rollup.h"
#include "store/orf-file-twin.h"

/* ?1, ?2: the slice; ?3: from when on traces are wanted; ?4: the last hour that it ends within. */
#define IN_SLICE(column)  column " >= ?1 AND " column " < ?2"
#define COPY(table, rest) "INSERT INTO main." table " SELECT * FROM source." table " " rest
/* What began before it ended, and ended, if it did, after it began. */
#define OVERLAPPING(begin, end) "WHERE " begin " < ?2 AND coalesce (" end ", ?2) >= ?1"
#define SERIES_OF(table)                                                                           \
  "INSERT OR IGNORE INTO main.series SELECT * FROM source.series WHERE id IN "                     \
  "(SELECT series_id FROM main." table ")"
#define OF_TRACES(table, key) COPY (table, "WHERE " key " IN temp.wanted")

typedef struct {
  const char
    *table; /* of the source; where it has none, it is older than that, and nothing is done */
  const char *sql; /* NULL: it stays empty */
} Step;

/* In this order: what is copied says which rows of other tables are.  A table that is not here
 * stays empty (a test sees to it that each is here). */
static const Step steps[] = {
  /* samples that are not packed; those that are stand in chunks */
  { "packing", "INSERT INTO main.packing SELECT id, from_rowid, to_rowid, next_series_id, block, "
               "0, 0, 0, 0 FROM source.packing" },
  { "sample_raw", "INSERT INTO main.sample_raw (rowid, t_us, series_id, value) "
                  "SELECT r.rowid, r.t_us, r.series_id, r.value "
                  "FROM source.raw_block AS b CROSS JOIN source.sample_raw AS r "
                  "ON r.rowid BETWEEN b.first_rowid AND b.last_rowid "
                  "WHERE b.max_t_us >= ?1 AND b.min_t_us < ?2 AND " IN_SLICE (
                    "r.t_us") " AND r.rowid >= (SELECT from_rowid FROM main.packing)" },
  { "raw_block", "INSERT INTO main.raw_block SELECT min (r.rowid), max (r.rowid), min (r.t_us), "
                 "max (r.t_us) FROM source.raw_block AS b CROSS JOIN main.sample_raw AS r "
                 "ON r.rowid BETWEEN b.first_rowid AND b.last_rowid GROUP BY b.first_rowid" },
  { "chunk", NULL }, /* orf_slice_copy_chunks() */
  { "chunk_block", NULL },
  { "rollup_1m", "INSERT INTO main.rollup_1m SELECT r.* FROM source.series AS s CROSS JOIN "
                 "source.rollup_1m AS r ON r.series_id = s.id AND " IN_SLICE ("r.t_us") },
  { "rollup_1h", "INSERT INTO main.rollup_1h SELECT r.* FROM source.series AS s CROSS JOIN "
                 "source.rollup_1h AS r ON r.series_id = s.id "
                 "AND r.t_us > ?1 - 3600000000 AND r.t_us < ?4" },
  /* an hour is what its minutes are: the last of the slice ends with it */
  { "rollup_1h", "INSERT INTO main.rollup_1h SELECT m.series_id, ?4, sum (m.count), min (m.min), "
                 "max (m.max), CASE WHEN count (m.sum) = count (*) THEN sum (m.sum) END, "
                 "(SELECT l.last FROM main.rollup_1m AS l WHERE l.series_id = m.series_id "
                 "ORDER BY l.t_us DESC LIMIT 1), NULL "
                 "FROM main.rollup_1m AS m WHERE m.t_us >= ?4 GROUP BY m.series_id" },
  { "counter_fall", COPY ("counter_fall", "WHERE " IN_SLICE ("t_us")) },
  { "retention", "INSERT INTO main.retention SELECT id, max (packed_from_us, ?1), "
                 "max (minutes_from_us, ?1), max (hours_from_us, ?1) FROM source.retention" },

  { "event", COPY ("event", "WHERE " IN_SLICE ("t_us")) },
  { "incident", COPY ("incident", OVERLAPPING ("from_us", "to_us")) },
  { "pin", COPY ("pin", OVERLAPPING ("from_us", "to_us")) },
  { "gpu_process", COPY ("gpu_process", "WHERE " IN_SLICE ("t_us")) },
  { "gpu_event", COPY ("gpu_event", OVERLAPPING ("raised_us", "cleared_us")) },
  { "worker", COPY ("worker", OVERLAPPING ("registered_us", "coalesce (left_us, lost_us)")) },
  { "worker_batch", COPY ("worker_batch", "WHERE " IN_SLICE ("t_us")) },
  { "cleanup", COPY ("cleanup", "WHERE " IN_SLICE ("started_us")) },
  { "cleanup_worker",
    COPY ("cleanup_worker", "WHERE cleanup_id IN (SELECT id FROM main.cleanup)") },
  { "leak", COPY ("leak", OVERLAPPING ("since_us", "ended_us")) },
  { "prediction", COPY ("prediction", "WHERE " IN_SLICE ("made_us")) },
  { "forecast_warning",
    COPY ("forecast_warning",
          OVERLAPPING ("coalesce (made_us, came_us)", "coalesce (decided_us, came_us)")) },
  { "alert_rule", COPY ("alert_rule", "") },
  { "alert", COPY ("alert", OVERLAPPING ("started_us", "resolved_us")) },
  { "alert_event", COPY ("alert_event", "WHERE alert_id IN (SELECT id FROM main.alert)") },
  { "alert_notice", COPY ("alert_notice", "WHERE alert_id IN (SELECT id FROM main.alert)") },
  { "silence", COPY ("silence", OVERLAPPING ("from_us", "until_us")) },
  { "anomaly", COPY ("anomaly", OVERLAPPING ("started_us", "ended_us")) },
  { "load_run", COPY ("load_run", OVERLAPPING ("started_us", "started_us + took_us")) },
  { "load_slice", COPY ("load_slice", "WHERE load_id IN (SELECT id FROM main.load_run)") },
  { "cost", COPY ("cost", "WHERE t_us > ?1 - 3600000000 AND t_us < ?2") },
  { "cost_device", COPY ("cost_device", "") },
  { "cost_minute", COPY ("cost_minute", "WHERE " IN_SLICE ("t_us")) },
  { "cost_span", COPY ("cost_span", "WHERE " IN_SLICE ("t_us")) },
  { "cost_state", COPY ("cost_state", "") },

  /* by the index of operations, a look a class of lengths: no table of all spans is read through */
  { "span_operation", COPY ("span_operation", "") },
  { "span", "INSERT OR IGNORE INTO temp.wanted "
            "WITH RECURSIVE class (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM class WHERE n < 64) "
            "SELECT s.trace_no FROM source.span_operation AS o CROSS JOIN class CROSS JOIN "
            "source.span AS s INDEXED BY span_by_operation ON s.operation_no = o.operation_no "
            "AND s.length_class = class.n AND s.start_us >= ?3 AND s.start_us < ?2" },
  { "trace", OF_TRACES ("trace", "trace_no") },
  { "span", OF_TRACES ("span", "trace_no") },
  { "span_exemplar", OF_TRACES ("span_exemplar", "trace_no") },
  { "span_source", COPY ("span_source", "WHERE source_no IN (SELECT source_no FROM main.span)") },
  { "span_total", "INSERT INTO main.span_total SELECT 1, (SELECT count (*) FROM main.span), "
                  "(SELECT coalesce (sum (bytes), 0) FROM main.trace)" },
  { "span_stat",
    "INSERT INTO main.span_stat SELECT t.* FROM source.span_operation AS o CROSS JOIN "
    "(SELECT 60000000 AS step_us UNION SELECT 3600000000 UNION SELECT 86400000000) AS w "
    "CROSS JOIN source.span_stat AS t ON t.operation_no = o.operation_no "
    "AND t.step_us = w.step_us AND t.t_us > ?1 - w.step_us AND t.t_us < ?2" },
  { "span_edge", COPY ("span_edge", "WHERE t_us > ?1 - 3600000000 AND t_us < ?2") },
  { "span_gpu", "INSERT INTO main.span_gpu SELECT g.* FROM source.span_operation AS o CROSS JOIN "
                "source.span_gpu AS g ON g.operation_no = o.operation_no "
                "AND g.t_us > ?1 - 3600000000 AND g.t_us < ?2" },

  { "sample_raw", SERIES_OF ("sample_raw") },
  { "chunk", SERIES_OF ("chunk") },
  { "rollup_1m", SERIES_OF ("rollup_1m") },
  { "rollup_1h", SERIES_OF ("rollup_1h") },
  { "prediction", SERIES_OF ("prediction") },
  { "forecast_warning", SERIES_OF ("forecast_warning") },
  { "anomaly", SERIES_OF ("anomaly") },

  { "series", NULL }, /* by what is above */
  { "audit", NULL },
  { "idempotency", NULL },
  { "outbox", NULL },
  { "outbox_cursor", NULL },
  { "forecast_state", NULL },
  { "anomaly_state", NULL },
};

/* ---- rows ------------------------------------------------------------------------------------ */

static gboolean
run_step (sqlite3 *db, const char *sql, const OrfSlice *slice, GError **error)
{
  const gint64 values[] = { slice->from_us, slice->to_us, slice->traces_from_us,
                            orf_rollup_align (slice->to_us, ORF_HOUR_US) };
  g_autoptr (OrfTwinStatement) statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  for (int i = 0; i < sqlite3_bind_parameter_count (statement); i++)
    sqlite3_bind_int64 (statement, i + 1, values[i]);
  return sqlite3_step (statement) == SQLITE_DONE || orf_twin_fail (db, error);
}

static gboolean
copy_rows (const OrfTwinSource *source, const OrfSlice *slice, GError **error)
{
  gboolean has = FALSE;

  if (!orf_twin_has_table (source, "chunk", &has, error) ||
      (has && !orf_slice_copy_chunks (source->db, slice->from_us, slice->to_us, error)))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    if (steps[i].sql == NULL)
      continue;
    if (!orf_twin_has_table (source, steps[i].table, &has, error))
      return FALSE;
    if (has && !run_step (source->db, steps[i].sql, slice, error)) {
      g_prefix_error (error, "%s: ", steps[i].table);
      return FALSE;
    }
  }
  return TRUE;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gboolean
attach (sqlite3 *db, const char *source, GError **error)
{
  g_autoptr (OrfTwinStatement) statement = NULL;

  if (!orf_twin_prepare (db, error))
    return FALSE;
  if (sqlite3_prepare_v2 (db, "ATTACH ?1 AS source", -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  sqlite3_bind_text (statement, 1, source, -1, SQLITE_STATIC);
  return sqlite3_step (statement) == SQLITE_DONE || orf_twin_fail (db, error);
}

static gboolean
make (sqlite3 *db, const OrfSlice *slice, GError **error)
{
  const OrfTwinSource source = { db, "source" };

  return orf_twin_exec (db, "CREATE TEMP TABLE wanted (trace_no INTEGER PRIMARY KEY); BEGIN",
                        error) &&
         orf_twin_make (db, &source, "type = 'table'", error) &&
         copy_rows (&source, slice, error) &&
         orf_twin_make (db, &source, "type = 'index'", error) &&
         orf_twin_make (db, &source, "type = 'view'", error) &&
         orf_twin_make_triggers (db, &source, error) &&
         orf_twin_copy_version (db, &source, error) && orf_twin_exec (db, "COMMIT", error);
}

gboolean
orf_slice_make (sqlite3 *db, const char *source, const OrfSlice *slice, GError **error)
{
  const OrfSlice whole = { .from_us = orf_rollup_align (slice->from_us, ORF_MINUTE_US),
                           .to_us = orf_rollup_align (slice->to_us + ORF_MINUTE_US - 1,
                                                      ORF_MINUTE_US),
                           .traces_from_us = slice->traces_from_us };

  return attach (db, source, error) && make (db, &whole, error) &&
         orf_twin_exec (db, "DETACH source", error);
}
