/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A merge in rounds: of each run of the index (an operation's spans of one length class, by time)
 * those are taken that may be among the newest n behind the place, and a run that ended before the
 * n-th is not looked at.  n doubles, for who asked for a few has them mostly in the first round.
 */
#include "store/orf-store-span-scan.h"

#include "store/orf-span-batch.h"

#define FIRST_ROUND 512
#define LAST_ROUND  16384

/* Newest first, so that most runs of those who have gone are never looked at. */
static const char operations_sql[] =
  "SELECT operation_no, classes, last_us, errors, service = '' AND operation = '' "
  "FROM span_operation WHERE last_us >= ?3 AND max_duration_us >= ?4 "
  "AND (((?1 IS NULL OR service = ?1) AND (?2 IS NULL OR operation = ?2)) "
  "OR (service = '' AND operation = '')) ORDER BY last_us DESC";

#define RUN_SQL(index, condition)                                                                  \
  "SELECT start_us, span_no, trace_no, duration_us FROM span INDEXED BY " index                    \
  " WHERE operation_no = ?1 AND " condition                                                        \
  " AND (start_us, span_no) < (?3, ?4) AND start_us >= ?5 "                                        \
  "ORDER BY start_us DESC, span_no DESC LIMIT ?6"

static const char *const run_sqls[] = {
  [ORF_SPAN_SCAN_ALL] = RUN_SQL ("span_by_operation", "length_class = ?2"),
  [ORF_SPAN_SCAN_FAILED] = RUN_SQL ("span_failed", "outcome = 'error' AND ?2 = 0"),
  [ORF_SPAN_SCAN_SLOW] = RUN_SQL ("span_slow", "usual_us IS NOT NULL AND ?2 = 0"),
};

typedef struct {
  gint64 operation_no;
  guint length_class;
  gint64 last_us;
  gboolean beyond;
  gboolean ended; /* there is nothing behind the place */
} RunOf;

struct _OrfSpanScan {
  OrfConnection *connection;
  OrfSpanScanFilter filter;
  GArray *runs;    /* RunOf, newest first */
  GArray *entries; /* OrfSpanEntry of this round, in order */
  guint next;      /* of entries */
  guint round;     /* how many it is for */
  gboolean last;   /* there is none behind this round */
  OrfSpanPlace place;
  guint n_looked;
  gboolean cut;
};

void
orf_span_scan_free (OrfSpanScan *scan)
{
  g_array_unref (scan->runs);
  g_array_unref (scan->entries);
  g_free (scan);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void
add_runs (OrfSpanScan *scan, OrfStatement *statement)
{
  RunOf run = {
    .operation_no = sqlite3_column_int64 (statement, 0),
    .last_us = sqlite3_column_int64 (statement, 2),
    .beyond = sqlite3_column_int (statement, 4),
  };
  gint64 classes = sqlite3_column_int64 (statement, 1);

  if (scan->filter.kind != ORF_SPAN_SCAN_ALL) {
    if (scan->filter.kind == ORF_SPAN_SCAN_SLOW || sqlite3_column_int64 (statement, 3) > 0)
      g_array_append_val (scan->runs, run);
    return;
  }
  run.length_class = orf_span_get_length_class (scan->filter.min_duration_us);
  for (; run.length_class < 63; run.length_class++)
    if (classes & G_GINT64_CONSTANT (1) << run.length_class)
      g_array_append_val (scan->runs, run);
}

OrfSpanScan *
orf_span_scan_new (OrfConnection *connection, const OrfSpanScanFilter *filter, GError **error)
{
  g_autoptr (OrfSpanScan) scan = g_new0 (OrfSpanScan, 1);
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  scan->connection = connection;
  scan->filter = *filter;
  scan->runs = g_array_new (FALSE, FALSE, sizeof (RunOf));
  scan->entries = g_array_new (FALSE, FALSE, sizeof (OrfSpanEntry));
  scan->round = FIRST_ROUND;
  scan->place = filter->before;
  statement = orf_connection_prepare (connection, operations_sql, error);
  if (statement == NULL)
    return NULL;
  orf_statement_bind_text (statement, 1, filter->service);
  orf_statement_bind_text (statement, 2, filter->operation);
  sqlite3_bind_int64 (statement, 3, filter->from_us);
  sqlite3_bind_int64 (statement, 4, filter->min_duration_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return g_steal_pointer (&scan);
    add_runs (scan, statement);
  }
  return NULL;
}

/* ---- a round --------------------------------------------------------------------------------- */

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfSpanPlace *first = &((const OrfSpanEntry *) a)->place;
  const OrfSpanPlace *second = &((const OrfSpanEntry *) b)->place;

  if (first->start_us != second->start_us)
    return first->start_us > second->start_us ? -1 : 1;
  return (first->span_no < second->span_no) - (first->span_no > second->span_no);
}

/* Only the newest of the round are left.  The time of the last one, before which there is nothing
 * to look for. */
static gint64
trim (OrfSpanScan *scan)
{
  g_array_sort (scan->entries, compare_cb);
  if (scan->entries->len < scan->round)
    return scan->filter.from_us;
  g_array_set_size (scan->entries, scan->round);
  return g_array_index (scan->entries, OrfSpanEntry, scan->round - 1).place.start_us;
}

static gboolean
take_run (OrfSpanScan *scan, RunOf *run, gint64 floor_us, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (scan->connection, run_sqls[scan->filter.kind], error);
  guint before = scan->entries->len;
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, run->operation_no);
  sqlite3_bind_int (statement, 2, (int) run->length_class);
  sqlite3_bind_int64 (statement, 3, scan->place.start_us);
  sqlite3_bind_int64 (statement, 4, scan->place.span_no);
  sqlite3_bind_int64 (statement, 5, floor_us);
  sqlite3_bind_int64 (statement, 6, scan->round);
  while (orf_connection_step (scan->connection, statement, &row, error)) {
    OrfSpanEntry entry;

    if (!row) {
      run->ended = floor_us == scan->filter.from_us && scan->entries->len == before;
      return TRUE;
    }
    entry = (OrfSpanEntry){
      { sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1) },
      sqlite3_column_int64 (statement, 2),
      sqlite3_column_int64 (statement, 3),
      run->beyond,
    };
    g_array_append_val (scan->entries, entry);
  }
  return FALSE;
}

static gboolean
take_runs (OrfSpanScan *scan, GError **error)
{
  gint64 floor_us = scan->filter.from_us;

  for (guint i = 0; i < scan->runs->len; i++) {
    RunOf *run = &g_array_index (scan->runs, RunOf, i);

    if (run->last_us < floor_us)
      break;
    if (!run->ended && !take_run (scan, run, floor_us, error))
      return FALSE;
    if (scan->entries->len >= 2 * scan->round)
      floor_us = trim (scan);
  }
  trim (scan);
  return TRUE;
}

static gboolean
fill (OrfSpanScan *scan, GError **error)
{
  g_array_set_size (scan->entries, 0);
  scan->next = 0;
  if (!take_runs (scan, error))
    return FALSE;
  scan->last = scan->entries->len < scan->round;
  scan->round = MIN (2 * scan->round, LAST_ROUND);
  return TRUE;
}

gboolean
orf_span_scan_next (OrfSpanScan *scan, OrfSpanEntry *entry, gboolean *found, GError **error)
{
  *found = FALSE;
  while (!*found) {
    if (scan->next == scan->entries->len) {
      if (scan->last)
        return TRUE;
      if (!fill (scan, error))
        return FALSE;
      continue;
    }
    if (scan->n_looked == scan->filter.max_looked) {
      scan->cut = TRUE;
      return TRUE;
    }
    *entry = g_array_index (scan->entries, OrfSpanEntry, scan->next++);
    scan->n_looked++;
    scan->place = entry->place;
    *found = entry->duration_us >= scan->filter.min_duration_us;
  }
  return TRUE;
}

gboolean
orf_span_scan_is_cut (const OrfSpanScan *scan)
{
  return scan->cut;
}

OrfSpanPlace
orf_span_scan_get_place (const OrfSpanScan *scan)
{
  return scan->place;
}
