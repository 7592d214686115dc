/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was counted of spans as they came: operations, their durations, who calls whom. */
#include <math.h>

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "history/orf-sketch.h"
#include "store/orf-connection.h"
#include "store/orf-retain-traces.h"
#include "store/orf-store-operations.h"
#include "store/orf-store-rows.h"
#include "store/orf-store-traces.h"

/* The first version whose files have the tables. */
#define FIRST_VERSION 13

static const char operations_sql[] =
  "SELECT operation_no, service, operation, first_us, last_us FROM span_operation "
  "WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR operation = ?2) "
  "AND last_us >= ?3 AND first_us < ?4 AND service <> '' ORDER BY service, operation";
static const char stats_sql[] = "SELECT spans, errors, sketch FROM span_stat "
                                "WHERE operation_no = ?1 AND step_us = ?2 AND t_us >= ?3 AND t_us "
                                "< ?4";
/* Of each operation the newest of its longest spans: as the index has them. */
static const char kinds_sql[] =
  "SELECT kind FROM span INDEXED BY span_by_operation WHERE operation_no = ?1 "
  "ORDER BY length_class DESC, start_us DESC, span_no DESC LIMIT 10";
static const char edges_sql[] =
  "SELECT parent, child, sum(calls), sum(errors) FROM span_edge WHERE t_us >= ?1 AND t_us < ?2 "
  "GROUP BY parent, child ORDER BY parent, child";

/* An operation while its rows are read. */
typedef struct {
  gint64 number;
  OrfOperationRow *row;
} Operation;

void
orf_operation_row_free (OrfOperationRow *row)
{
  g_free (row->service);
  g_free (row->operation);
  g_clear_pointer (&row->exemplars, g_array_unref);
  g_free (row);
}

void
orf_operation_kind_row_free (OrfOperationKindRow *row)
{
  g_free (row->operation);
  g_free (row);
}

void
orf_edge_row_free (OrfEdgeRow *row)
{
  g_free (row->parent);
  g_free (row->child);
  g_free (row);
}

/* ---- operations ------------------------------------------------------------------------------ */

static Operation *
make_operation (OrfStatement *statement)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->number = sqlite3_column_int64 (statement, 0);
  operation->row = g_new0 (OrfOperationRow, 1);
  operation->row->service = orf_statement_dup_sure_text (statement, 1);
  operation->row->operation = orf_statement_dup_sure_text (statement, 2);
  operation->row->from_us = sqlite3_column_int64 (statement, 3);
  operation->row->to_us = sqlite3_column_int64 (statement, 4) + 1;
  return operation;
}

static void
operation_free (gpointer data)
{
  Operation *operation = data;

  g_clear_pointer (&operation->row, orf_operation_row_free);
  g_free (operation);
}

/* NULL on error. */
static GPtrArray *
find_operations (const OrfOperationFilter *filter, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, operations_sql, error);
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (operation_free);

  if (statement == NULL)
    return NULL;
  orf_statement_bind_text (statement, 1, filter->service);
  orf_statement_bind_text (statement, 2, filter->operation);
  sqlite3_bind_int64 (statement, 3, filter->from_us);
  sqlite3_bind_int64 (statement, 4, filter->to_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_operation, operations,
                                 error)
           ? g_steal_pointer (&operations)
           : NULL;
}

static gboolean
operations_thread_cb (gconstpointer data,
                      OrfConnection *connection,
                      GPtrArray *rows,
                      GError **error)
{
  const OrfOperationFilter *filter = data;
  g_autoptr (GPtrArray) operations = NULL;

  operations = find_operations (filter, connection, error);
  if (operations == NULL)
    return FALSE;
  for (guint i = 0; i < operations->len; i++)
    g_ptr_array_add (rows, g_steal_pointer (&((Operation *) operations->pdata[i])->row));
  return TRUE;
}

/* ---- their kinds ----------------------------------------------------------------------------- */

static gboolean
add_kinds (OrfConnection *connection, const Operation *operation, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, kinds_sql, error);
  guint seen = 0; /* bit: a kind */
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation->number);
  while (orf_connection_step (connection, statement, &row, error)) {
    OrfSpanKind kind;
    OrfOperationKindRow *found;

    if (!row)
      return TRUE;
    kind = orf_span_kind_from_string ((const char *) sqlite3_column_text (statement, 0));
    if ((seen & 1U << kind) != 0)
      continue;
    seen |= 1U << kind;
    found = g_new0 (OrfOperationKindRow, 1);
    *found = (OrfOperationKindRow){ g_strdup (operation->row->operation), kind };
    g_ptr_array_add (rows, found);
  }
  return FALSE;
}

static gboolean
kinds_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfOperationFilter *filter = data;
  g_autoptr (GPtrArray) operations = NULL;

  operations = find_operations (filter, connection, error);
  if (operations == NULL)
    return FALSE;
  for (guint i = 0; i < operations->len; i++)
    if (!add_kinds (connection, operations->pdata[i], rows, error))
      return FALSE;
  return TRUE;
}

/* ---- their durations ------------------------------------------------------------------------- */

typedef struct {
  OrfConnection *connection;
  gint64 operation_no;
  gint64 spans, errors;
  OrfSketch *sketch;
} Sum;

static gboolean
add_row (Sum *sum, OrfStatement *statement, GError **error)
{
  g_autoptr (OrfSketch)
    sketch = orf_sketch_decode (sqlite3_column_blob (statement, 2),
                                (gsize) sqlite3_column_bytes (statement, 2), error);

  if (sketch == NULL)
    return FALSE;
  sum->spans += sqlite3_column_int64 (statement, 0);
  sum->errors += sqlite3_column_int64 (statement, 1);
  orf_sketch_merge (sum->sketch, sketch);
  return TRUE;
}

static gboolean
add_rows (Sum *sum, gint64 step_us, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (sum->connection, stats_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, sum->operation_no);
  sqlite3_bind_int64 (statement, 2, step_us);
  sqlite3_bind_int64 (statement, 3, from_us);
  sqlite3_bind_int64 (statement, 4, to_us);
  while (orf_connection_step (sum->connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    if (!add_row (sum, statement, error))
      return FALSE;
  }
  return FALSE;
}

/* Long steps between, shorter ones at both ends; both are whole ones of the shortest. */
static gboolean
add_window (Sum *sum, guint level, gint64 from_us, gint64 to_us, GError **error)
{
  gint64 step_us = orf_operation_steps_us[level];
  gint64 first_us = (from_us + step_us - 1) / step_us * step_us;
  gint64 last_us = to_us / step_us * step_us;

  if (from_us >= to_us)
    return TRUE;
  if (first_us >= last_us)
    return level == 0 || add_window (sum, level - 1, from_us, to_us, error);
  return add_rows (sum, step_us, first_us, last_us, error) &&
         (level == 0 || (add_window (sum, level - 1, from_us, first_us, error) &&
                         add_window (sum, level - 1, last_us, to_us, error)));
}

/* To whole minutes, or hours where minutes are gone. */
static gint64
round_down (gint64 t_us, gint64 now_us)
{
  gint64 step_us = t_us < now_us - ORF_RETAIN_MINUTES_US + ORF_HOUR_US ? ORF_HOUR_US
                                                                       : ORF_MINUTE_US;

  return t_us - t_us % step_us;
}

static gint64
round_up (gint64 t_us, gint64 now_us)
{
  gint64 step_us = t_us < now_us - ORF_RETAIN_MINUTES_US + ORF_HOUR_US ? ORF_HOUR_US
                                                                       : ORF_MINUTE_US;

  return (t_us + step_us - 1) / step_us * step_us;
}

static gboolean
sum_up (const OrfOperationFilter *filter,
        OrfConnection *connection,
        Operation *operation,
        GError **error)
{
  g_autoptr (OrfSketch) sketch = orf_sketch_new ();
  Sum sum = { connection, operation->number, 0, 0, sketch };
  OrfOperationRow *row = operation->row;
  gint64 now_us = orf_clock_now_us ();
  gint64 from_us = round_down (MAX (filter->from_us, row->from_us), now_us);
  gint64 to_us = round_up (MIN (filter->to_us, row->to_us), now_us);

  if (!add_window (&sum, ORF_N_OPERATION_STEPS - 1, from_us, to_us, error))
    return FALSE;
  row->exemplars = orf_exemplars_read (connection, operation->number, from_us, to_us, error);
  if (row->exemplars == NULL)
    return FALSE;
  row->from_us = MAX (filter->from_us, row->from_us);
  row->to_us = MIN (filter->to_us, row->to_us);
  row->spans = sum.spans;
  row->errors = sum.errors;
  row->p50_us = orf_sketch_quantile (sketch, 0.5);
  row->p95_us = orf_sketch_quantile (sketch, 0.95);
  row->p99_us = orf_sketch_quantile (sketch, 0.99);
  return TRUE;
}

static gboolean
stats_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfOperationFilter *filter = data;
  g_autoptr (GPtrArray) operations = NULL;

  operations = find_operations (filter, connection, error);
  if (operations == NULL)
    return FALSE;
  for (guint i = 0; i < operations->len; i++) {
    Operation *operation = operations->pdata[i];

    if (!sum_up (filter, connection, operation, error))
      return FALSE;
    if (operation->row->spans > 0)
      g_ptr_array_add (rows, g_steal_pointer (&operation->row));
  }
  return TRUE;
}

/* ---- edges ----------------------------------------------------------------------------------- */

static OrfEdgeRow *
make_edge (OrfStatement *statement)
{
  OrfEdgeRow *row = g_new0 (OrfEdgeRow, 1);

  row->parent = orf_statement_dup_sure_text (statement, 0);
  row->child = orf_statement_dup_sure_text (statement, 1);
  row->calls = sqlite3_column_int64 (statement, 2);
  row->errors = sqlite3_column_int64 (statement, 3);
  return row;
}

static gboolean
edges_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfOperationFilter *filter = data;
  g_autoptr (OrfStatement) statement = NULL;

  statement = orf_connection_prepare (connection, edges_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->from_us - filter->from_us % ORF_HOUR_US);
  sqlite3_bind_int64 (statement, 2, filter->to_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_edge, rows, error);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void
filter_free (gpointer data)
{
  OrfOperationFilter *filter = data;

  g_free ((char *) filter->service);
  g_free ((char *) filter->operation);
  g_free (filter);
}

static OrfOperationFilter *
filter_copy (const OrfOperationFilter *filter)
{
  OrfOperationFilter *copy = g_memdup2 (filter, sizeof *filter);

  copy->service = g_strdup (filter->service);
  copy->operation = g_strdup (filter->operation);
  return copy;
}

void
orf_store_read_operations (OrfStore *store, OrfCancel *cancel, OrfRowsDone done, gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, operations_thread_cb,
                                   (GDestroyNotify) orf_operation_row_free, NULL, filter_free };
  const OrfOperationFilter all = { .to_us = G_MAXINT64 };

  orf_store_read_rows (store, &how, filter_copy (&all), cancel, done, user_data);
}

void
orf_store_read_operation_kinds (
  OrfStore *store, const char *service, OrfCancel *cancel, OrfRowsDone done, gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, kinds_thread_cb,
                                   (GDestroyNotify) orf_operation_kind_row_free, NULL,
                                   filter_free };
  const OrfOperationFilter filter = { .service = service, .to_us = G_MAXINT64 };

  orf_store_read_rows (store, &how, filter_copy (&filter), cancel, done, user_data);
}

void
orf_store_read_operation_stats (OrfStore *store,
                                const OrfOperationFilter *filter,
                                OrfCancel *cancel,
                                OrfRowsDone done,
                                gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, stats_thread_cb,
                                   (GDestroyNotify) orf_operation_row_free, NULL, filter_free };

  orf_store_read_rows (store, &how, filter_copy (filter), cancel, done, user_data);
}

void
orf_store_read_edges (OrfStore *store,
                      gint64 from_us,
                      gint64 to_us,
                      OrfCancel *cancel,
                      OrfRowsDone done,
                      gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, edges_thread_cb,
                                   (GDestroyNotify) orf_edge_row_free, NULL, filter_free };
  const OrfOperationFilter filter = { .from_us = from_us, .to_us = to_us };

  orf_store_read_rows (store, &how, filter_copy (&filter), cancel, done, user_data);
}
