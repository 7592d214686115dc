/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-recover-private.h"

#include "store/orf-file-twin.h"
#include "store/orf-pack-merge.h"

#define STRING(number)  STRING_ (number)
#define STRING_(number) #number

/* What stays without its name has another one. */
#define NAMELESS(table, first, last)                                                               \
  {                                                                                                \
    table,                                                                                         \
      "INSERT OR IGNORE INTO series (id, name, labels, kind, help, created_us, last_us) "          \
      "SELECT series_id, 'recovered', '{\"series\":\"' || series_id || '\"}', 'gauge', "           \
      "'its name could not be read', min (" first "), max (" last ") FROM " table                  \
      " WHERE series_id NOT IN (SELECT id FROM series) GROUP BY series_id",                        \
      "series of " table " had no name: each is recovered{series=\"…\"} now"                     \
  }
#define ORPHANS(table, column, parent, key)                                                        \
  {                                                                                                \
    table, "DELETE FROM " table " WHERE " column " NOT IN (SELECT " key " FROM " parent ")",       \
      "rows of " table " were of no " parent                                                       \
  }

/* What may do without. */
#define NULL_ORPHANS(table, column, parent, key)                                                   \
  {                                                                                                \
    table,                                                                                         \
      "UPDATE " table " SET " column " = NULL WHERE " column " NOT IN (SELECT " key                \
      " FROM " parent ")",                                                                         \
      "rows of " table " had lost their " parent                                                   \
  }

/* The next row of parent has a number above all: who told of a lost one would tell of that. */
#define ABOVE_ALL(table, column, nobody, parent)                                                   \
  {                                                                                                \
    table,                                                                                         \
      "UPDATE " table " SET " column " = " nobody " WHERE " column                                 \
      " > coalesce ((SELECT max (id) FROM " parent "), 0)",                                        \
      "rows of " table " had lost their " parent, parent                                           \
  }

/* The last row of sample_raw has a number that none after it may have. */
#define NUMBERS_ABOVE(table, number, which)                                                        \
  {                                                                                                \
    table,                                                                                         \
      "UPDATE sample_raw SET rowid = (SELECT " number " FROM " table " " which ") WHERE rowid = "  \
      "(SELECT max (rowid) FROM sample_raw) AND rowid < (SELECT " number " FROM " table " " which  \
      ")",                                                                                         \
      NULL                                                                                         \
  }

typedef struct {
  const char *table; /* a file of before it has nothing of the kind */
  const char *sql;   /* ?1: now, where it has that */
  const char *text;  /* of how many rows it was, after their number; NULL: it is always done */
  const char *lost;  /* only where rows of that table are; NULL: in any case */
} Step;

static const Step steps[] = {
  NAMELESS ("rollup_1h", "t_us", "t_us"),
  NAMELESS ("rollup_1m", "t_us", "t_us"),
  NAMELESS ("chunk", "start_us", "end_us"),
  NAMELESS ("sample_raw", "t_us", "t_us"),
  NAMELESS ("prediction", "made_us", "due_us"),
  NAMELESS ("forecast_warning", "coalesce (made_us, came_us, 0)", "coalesce (came_us, made_us, 0)"),
  NAMELESS ("anomaly", "started_us", "started_us"),
  ORPHANS ("counter_fall", "series_id", "series", "id"),

  /* hours of minutes that are all there */
  { "retention",
    "INSERT OR IGNORE INTO rollup_1h SELECT m.series_id, m.t_us - m.t_us % 3600000000 AS hour_us, "
    "sum (m.count), min (m.min), max (m.max), CASE WHEN count (m.sum) = count (*) THEN sum (m.sum) "
    "END, (SELECT l.last FROM rollup_1m AS l WHERE l.series_id = m.series_id "
    "AND l.t_us < m.t_us - m.t_us % 3600000000 + 3600000000 ORDER BY l.t_us DESC LIMIT 1), NULL "
    "FROM rollup_1m AS m WHERE m.t_us >= coalesce ((SELECT max (minutes_from_us, hours_from_us) "
    "FROM retention), 0) AND NOT EXISTS (SELECT 1 FROM rollup_1h AS h WHERE "
    "h.series_id = m.series_id AND h.t_us = m.t_us - m.t_us % 3600000000) "
    "GROUP BY m.series_id, hour_us",
    "hours were made of their minutes" },

  /* a block whose row is lost is as young as what it holds, and is merged with none */
  { "chunk_block",
    "INSERT INTO chunk_block SELECT c.block, " STRING (
      ORF_PACK_MERGE_GIVEN_UP) ", row_number () OVER (ORDER BY c.max_t_us) + coalesce ((SELECT "
                               "max (b.order_no) FROM chunk_block AS b WHERE "
                               "b.max_t_us <= c.max_t_us), 0), c.min_t_us, c.max_t_us, "
                               "c.chunks, c.samples FROM (SELECT id >> 32 AS block, "
                               "min (start_us) AS min_t_us, max (end_us) AS max_t_us, "
                               "count (*) AS chunks, sum (count) AS samples FROM chunk "
                               "GROUP BY 1) AS c "
                               "WHERE c.block NOT IN (SELECT block FROM chunk_block)",
    "rows of chunk_block were made of their chunks" },
  { "chunk_block",
    "UPDATE chunk_block SET chunks = c.chunks, samples = c.samples, "
    "min_t_us = min (min_t_us, c.min_start_us), max_t_us = max (max_t_us, c.max_end_us) "
    "FROM (SELECT b.block, count (k.id) AS chunks, coalesce (sum (k.count), 0) AS samples, "
    "coalesce (min (k.start_us), b.min_t_us) AS min_start_us, "
    "coalesce (max (k.end_us), b.max_t_us) AS max_end_us FROM chunk_block AS b LEFT JOIN chunk AS "
    "k "
    "ON k.id >= b.block << 32 AND k.id < (b.block + 1) << 32 GROUP BY b.block) AS c "
    "WHERE c.block = chunk_block.block AND (c.chunks <> chunk_block.chunks OR "
    "c.samples <> chunk_block.samples OR c.min_start_us < chunk_block.min_t_us OR "
    "c.max_end_us > chunk_block.max_t_us)",
    "rows of chunk_block told of other chunks than there are" },
  { "packing",
    "INSERT OR IGNORE INTO packing SELECT 1, 1 + coalesce (max (order_no), 0), 0, 0, "
    "coalesce (max (block), 0), 0, 0, 0, 0 FROM chunk_block",
    "row of packing was made of chunk_block" },
  { "packing",
    "UPDATE chunk_block SET level = " STRING (
      ORF_PACK_MERGE_GIVEN_UP) " FROM packing WHERE merge_block <> 0 AND "
                               "order_no > merge_from_order AND order_no <= merge_to_order",
    NULL },
  { "packing",
    "UPDATE packing SET merge_block = 0, merge_from_order = 0, merge_to_order = 0, "
    "merge_next_series_id = 0, block = max (block, coalesce ((SELECT max (block) FROM "
    "chunk_block), 0))",
    NULL },

  /* the time of it as a sample, which also takes a number above all that were ever given */
  { "sample_raw",
    "INSERT OR IGNORE INTO series (name, labels, kind, help, created_us, last_us) VALUES "
    "('recovered', '{}', 'gauge', 'when this file was made of a damaged one', ?1, ?1)",
    NULL },
  { "sample_raw",
    "INSERT INTO sample_raw (t_us, series_id, value) SELECT ?1, id, 1 FROM series "
    "WHERE name = 'recovered' AND labels = '{}'",
    NULL },
  NUMBERS_ABOVE ("packing", "max (from_rowid, to_rowid + 1)", ""),
  NUMBERS_ABOVE ("chunk_block", "max (order_no) + 1", ""),
  /* the others count spans */
  NUMBERS_ABOVE ("outbox_cursor",
                 "max (next_rowid)",
                 "WHERE destination NOT GLOB 'trace_export/*'"),
  NUMBERS_ABOVE ("outbox", "max (sample_rowid) + 1", ""),
  { "raw_block", "DELETE FROM raw_block", NULL },
  { "raw_block",
    "INSERT INTO raw_block SELECT min (id), max (id), min (t_us), max (t_us) FROM "
    "(SELECT rowid AS id, t_us, rowid - row_number () OVER (ORDER BY rowid) AS run "
    "FROM sample_raw) GROUP BY run, id / 1024",
    NULL },
  { "retention", "INSERT OR IGNORE INTO retention VALUES (1, ?1, ?1, ?1)",
    "row of retention was lost" },

  { "trace",
    "INSERT OR IGNORE INTO trace SELECT trace_no, CAST (printf ('%016d', trace_no) AS BLOB), "
    "min (start_us), max (start_us + duration_us), count (*), sum (outcome IS 'error'), "
    "min (CASE WHEN parent_id IS NULL THEN span_no END), "
    "1000 * count (*) FROM span WHERE trace_no NOT IN (SELECT trace_no FROM trace) GROUP BY "
    "trace_no",
    "traces had lost their id: it is of the digits of their number now" },
  ORPHANS ("trace", "trace_no", "span", "trace_no"),
  { "trace",
    "UPDATE trace SET spans = s.spans, errors = s.errors FROM (SELECT trace_no, count (*) AS "
    "spans, sum (outcome IS 'error') AS errors FROM span GROUP BY trace_no) AS s "
    "WHERE s.trace_no = trace.trace_no AND s.spans <> trace.spans",
    "traces have not all of their spans" },
  { "trace",
    "UPDATE trace SET root_no = NULL WHERE root_no IS NOT NULL AND "
    "root_no NOT IN (SELECT span_no FROM span)",
    "traces have no root any more" },
  /* one of several names collects them */
  { "span_operation",
    "INSERT OR IGNORE INTO span_operation SELECT operation_no, "
    "CASE WHEN min (service) = max (service) AND min (operation) = max (operation) "
    "THEN service ELSE '' END, "
    "CASE WHEN min (service) = max (service) AND min (operation) = max (operation) "
    "THEN operation ELSE '' END, min (start_us), "
    "max (start_us), count (*), sum (outcome IS 'error'), max (duration_us), "
    "sum (DISTINCT 1 << length_class), NULL FROM span WHERE operation_no NOT IN "
    "(SELECT operation_no FROM span_operation) GROUP BY operation_no",
    "operations were made of their spans" },
  ORPHANS ("span_exemplar", "span_no", "span", "span_no"),
  ORPHANS ("span_exemplar", "operation_no", "span_operation", "operation_no"),
  ORPHANS ("span_stat", "operation_no", "span_operation", "operation_no"),
  ORPHANS ("span_gpu", "operation_no", "span_operation", "operation_no"),
  ORPHANS ("cost_span", "operation_no", "span_operation", "operation_no"),
  NULL_ORPHANS ("span", "source_no", "span_source", "source_no"),
  { "span_total",
    "INSERT OR REPLACE INTO span_total SELECT 1, (SELECT count (*) FROM span), "
    "(SELECT coalesce (sum (bytes), 0) FROM trace)",
    NULL },
  { "cost_state", "INSERT OR IGNORE INTO cost_state VALUES (1, -1, ?1)",
    "row of cost_state was lost" },
  { "cost_state",
    "UPDATE cost_state SET span_no = min (span_no, coalesce ((SELECT max (span_no) FROM span), "
    "-1))",
    NULL },

  /* numbers are given again where the last rows were lost: nobody inherits */
  ORPHANS ("pin", "incident_id", "incident", "id"),
  { "pin",
    "INSERT INTO pin (incident_id, from_us, to_us) SELECT id, from_us, to_us FROM incident "
    "WHERE id NOT IN (SELECT incident_id FROM pin)",
    "incidents had lost their pin" },
  ORPHANS ("worker_batch", "worker_id", "worker", "id"),
  ORPHANS ("cleanup_worker", "cleanup_id", "cleanup", "id"),
  ABOVE_ALL ("cleanup_worker", "worker_id", "0", "worker"),
  ABOVE_ALL ("forecast_warning", "cleanup_id", "NULL", "cleanup"),
  ORPHANS ("alert_event", "alert_id", "alert", "id"),
  ORPHANS ("alert_notice", "alert_id", "alert", "id"),
  NULL_ORPHANS ("leak", "worker_id", "worker", "id"),
  { "alert_notice",
    "UPDATE alert_notice SET state = 'waiting', posted_us = NULL, outbox_id = NULL WHERE state = "
    "'posted' AND "
    "outbox_id NOT IN (SELECT id FROM outbox)",
    "notices were on their way: they are sent again", "outbox" },
  ORPHANS ("load_slice", "load_id", "load_run", "id"),
};

static gboolean
run_step (sqlite3 *db, const Step *step, gint64 now_us, GPtrArray *lines, GError **error)
{
  g_autoptr (OrfTwinStatement) statement = NULL;
  int n;

  if (sqlite3_prepare_v2 (db, step->sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  if (sqlite3_bind_parameter_count (statement) > 0)
    sqlite3_bind_int64 (statement, 1, now_us);
  if (sqlite3_step (statement) != SQLITE_DONE)
    return orf_twin_fail (db, error);
  n = sqlite3_changes (db);
  if (n > 0 && step->text != NULL)
    g_ptr_array_add (lines, g_strdup_printf ("%d %s", n, step->text));
  return TRUE;
}

gboolean
orf_recover_mend (sqlite3 *db, GPtrArray *tables, gint64 now_us, GPtrArray *lines, GError **error)
{
  const OrfTwinSource twin = { db, "main" };
  gboolean has = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    if (steps[i].lost != NULL && !orf_recover_is_partial (tables, steps[i].lost))
      continue;
    if (!orf_twin_has_table (&twin, steps[i].table, &has, error))
      return FALSE;
    if (has && !run_step (db, &steps[i], now_us, lines, error)) {
      g_prefix_error (error, "%s: ", steps[i].table);
      return FALSE;
    }
  }
  return TRUE;
}
