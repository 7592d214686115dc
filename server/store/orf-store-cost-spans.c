/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-cost-spans.h"

#include <string.h>

#include "core/orf-split.h"

#define HOUR_US G_GINT64_CONSTANT (3600000000)

#define SPAN_COLUMNS                                                                               \
  "SELECT span_no, trace_no, span_id, parent_id, start_us, start_us + duration_us, operation_no "  \
  "FROM span "

static const char state_sql[] =
  "SELECT span_no, closed_us, coalesce((SELECT max(span_no) FROM span), 0), "
  "(SELECT min(t_us) FROM cost_minute) FROM cost_state";
static const char spans_sql[] = SPAN_COLUMNS
  "WHERE span_no > ?1 AND span_no <= ?2 ORDER BY span_no";
static const char trace_sql[] = SPAN_COLUMNS "WHERE trace_no = ?1 LIMIT ?2";
static const char operations_sql[] = "SELECT operation_no FROM span_operation WHERE service = ?1";
static const char put_sql[] =
  "INSERT INTO cost_span (t_us, operation_no, self_us) VALUES (?1, ?2, ?3) "
  "ON CONFLICT DO UPDATE SET self_us = self_us + excluded.self_us";
static const char look_sql[] = "UPDATE cost_state SET span_no = ?2 WHERE span_no = ?1";
static const char close_sql[] = "UPDATE cost_state SET closed_us = max(closed_us, ?1)";
static const char drop_minutes_sql[] = "DELETE FROM cost_minute WHERE t_us < ?1";
static const char drop_spans_sql[] = "DELETE FROM cost_span WHERE t_us < ?1";
static const char minutes_sql[] =
  "SELECT t_us, price_nano, used_us, devices FROM cost_minute WHERE t_us >= ?1 AND t_us < ?2 "
  "ORDER BY t_us, price_nano";
/* One whose operation has gone is nobody's. */
static const char selves_sql[] =
  "SELECT coalesce(o.service, ''), coalesce(nullif(o.operation, ''), '" ORF_COST_OTHER "'), "
  "s.self_us FROM cost_span AS s LEFT JOIN span_operation AS o USING (operation_no) "
  "WHERE s.t_us = ?1 ORDER BY s.operation_no";
static const char operation_sql[] =
  "SELECT service, coalesce(nullif(operation, ''), '" ORF_COST_OTHER "'), ?2 FROM span_operation "
  "WHERE operation_no = ?1";

OrfCostSelves *
orf_cost_selves_new (void)
{
  OrfCostSelves *selves = g_new0 (OrfCostSelves, 1);

  selves->selves = g_array_new (FALSE, FALSE, sizeof (OrfCostSelf));
  return selves;
}

void
orf_cost_selves_free (OrfCostSelves *selves)
{
  if (selves == NULL)
    return;
  g_array_unref (selves->selves);
  g_free (selves);
}

/* ---- a minute -------------------------------------------------------------------------------- */

/* Its time is how long it was active. */
static gpointer
make_self (OrfStatement *statement)
{
  OrfCostRow *row = g_new0 (OrfCostRow, 1);

  row->kind = ORF_COST_OPERATION;
  row->device = g_strdup ("");
  row->service = orf_statement_dup_sure_text (statement, 0);
  row->name = orf_statement_dup_sure_text (statement, 1);
  row->device_us = sqlite3_column_int64 (statement, 2);
  return row;
}

static gboolean
add_more (
  OrfConnection *connection, gint64 t_us, const GArray *more, GPtrArray *rows, GError **error)
{
  for (guint i = 0; more != NULL && i < more->len; i++) {
    const OrfCostSelf *self = &g_array_index (more, OrfCostSelf, i);
    g_autoptr (OrfStatement) statement = NULL;

    if (self->t_us != t_us)
      continue;
    statement = orf_connection_prepare (connection, operation_sql, error);
    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, self->operation_no);
    sqlite3_bind_int64 (statement, 2, self->self_us);
    if (!orf_connection_collect (connection, statement, make_self, rows, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_selves (OrfConnection *connection, gint64 t_us, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, selves_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, t_us);
  return orf_connection_collect (connection, statement, make_self, rows, error);
}

static void
add_row (
  GPtrArray *rows, const OrfCostMinute *minute, const char *service, const char *name, gint64 us)
{
  OrfCostRow *row;

  if (us == 0)
    return;
  row = orf_cost_row_new (ORF_COST_OPERATION, minute->t_us - minute->t_us % HOUR_US, NULL, service,
                          name);
  row->price_nano = minute->price_nano;
  row->device_us = us;
  g_ptr_array_add (rows, row);
}

/* covered_us of the used time at one price is the operations'. */
static void
split_price (const OrfCostMinute *minute,
             const GPtrArray *selves,
             gint64 covered_us,
             GPtrArray *rows)
{
  g_autofree gint64 *weights = g_new (gint64, selves->len + 1);
  g_autofree gint64 *parts = g_new (gint64, selves->len + 1);

  for (guint i = 0; i < selves->len; i++)
    weights[i] = ((OrfCostRow *) selves->pdata[i])->device_us;
  orf_split (covered_us, weights, selves->len, parts);
  for (guint i = 0; i < selves->len; i++) {
    const OrfCostRow *self = selves->pdata[i];

    add_row (rows, minute, self->service, self->name, parts[i]);
  }
  add_row (rows, minute, NULL, ORF_COST_NOBODY, minute->used_us - covered_us);
}

/* minutes: of one time, at several prices.  Spans cannot have used a device for longer than they
 * were active: what is beyond is nobody's. */
static void
split_minute (const OrfCostMinute *minutes, guint n, const GPtrArray *selves, GPtrArray *rows)
{
  g_autofree gint64 *used = g_new (gint64, n);
  g_autofree gint64 *covered = g_new (gint64, n);
  gint64 used_us = 0, active_us = 0, devices = 0;

  for (guint i = 0; i < n; i++) {
    used[i] = minutes[i].used_us;
    used_us += used[i];
    devices += minutes[i].devices;
  }
  for (guint i = 0; i < selves->len; i++)
    active_us += ((OrfCostRow *) selves->pdata[i])->device_us;
  orf_split (MIN (used_us, active_us * MAX (devices, 1)), used, n, covered);
  for (guint i = 0; i < n; i++)
    split_price (&minutes[i], selves, covered[i], rows);
}

static GArray *
read_minutes (OrfConnection *connection, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, minutes_sql, error);
  g_autoptr (GArray) minutes = g_array_new (FALSE, FALSE, sizeof (OrfCostMinute));
  gboolean row;

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, from_us);
  sqlite3_bind_int64 (statement, 2, to_us);
  for (;;) {
    OrfCostMinute minute;

    if (!orf_connection_step (connection, statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer (&minutes);
    minute = (OrfCostMinute){
      .t_us = sqlite3_column_int64 (statement, 0),
      .price_nano = sqlite3_column_int64 (statement, 1),
      .used_us = sqlite3_column_int64 (statement, 2),
      .devices = sqlite3_column_int64 (statement, 3),
    };
    g_array_append_val (minutes, minute);
  }
}

gboolean
orf_cost_minutes_split (OrfConnection *connection,
                        gint64 from_us,
                        gint64 to_us,
                        const GArray *more,
                        GPtrArray *rows,
                        GError **error)
{
  g_autoptr (GArray) all = read_minutes (connection, from_us, to_us, error);
  const OrfCostMinute *minutes;

  if (all == NULL)
    return FALSE;
  minutes = (const OrfCostMinute *) (gpointer) all->data;
  for (guint from = 0, to; from < all->len; from = to) {
    g_autoptr (GPtrArray)
      selves = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_row_free);

    for (to = from + 1; to < all->len && minutes[to].t_us == minutes[from].t_us; to++)
      ;
    if (!read_selves (connection, minutes[from].t_us, selves, error) ||
        !add_more (connection, minutes[from].t_us, more, selves, error))
      return FALSE;
    split_minute (&minutes[from], to - from, selves, rows);
  }
  return TRUE;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
put_self (OrfConnection *connection, const OrfCostSelf *self, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, self->t_us);
  sqlite3_bind_int64 (statement, 2, self->operation_no);
  sqlite3_bind_int64 (statement, 3, self->self_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_selves (OrfConnection *connection, const OrfCostSelves *selves, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, look_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, selves->before_no);
  sqlite3_bind_int64 (statement, 2, selves->span_no);
  if (!orf_connection_run (connection, statement, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) == 0)
    return TRUE;
  for (guint i = 0; i < selves->selves->len; i++)
    if (!put_self (connection, &g_array_index (selves->selves, OrfCostSelf, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
close_minutes (OrfConnection *connection, const OrfCostSelves *selves, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_row_free);

  return orf_cost_minutes_split (connection, 0, selves->close_before_us, NULL, rows, error) &&
         orf_costs_add (connection, rows, selves->max_names, error) &&
         orf_connection_run_with (connection, drop_minutes_sql, selves->close_before_us, error) &&
         orf_connection_run_with (connection, drop_spans_sql, selves->close_before_us, error) &&
         orf_connection_run_with (connection, close_sql, selves->close_before_us, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  return put_selves (connection, data, error) && close_minutes (connection, data, error);
}

void
orf_store_write_cost_selves (OrfStore *store,
                             OrfCostSelves *selves,
                             OrfWriteDone done,
                             gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = selves,
    .free = (GDestroyNotify) orf_cost_selves_free,
    .bytes = sizeof *selves + selves->selves->len * sizeof (OrfCostSelf),
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

gboolean
orf_cost_state_read (OrfConnection *connection, OrfCostState *state, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, state_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *state = (OrfCostState){
    .span_no = row ? sqlite3_column_int64 (statement, 0) : -1,
    .closed_us = sqlite3_column_int64 (statement, 1),
    .last_span_no = sqlite3_column_int64 (statement, 2),
    .first_us = orf_statement_get_int64 (statement, 3, G_MAXINT64),
  };
  return TRUE;
}

/* Ids in a file that somebody else wrote may be of any length. */
static void
copy_id (OrfStatement *statement, int column, guint8 id[8])
{
  gsize length = (gsize) sqlite3_column_bytes (statement, column);

  memset (id, 0, 8);
  if (length > 0)
    memcpy (id, sqlite3_column_blob (statement, column), MIN (length, 8));
}

static gboolean
read_spans (OrfConnection *connection,
            const char *sql,
            gint64 first,
            gint64 second,
            GArray *spans,
            GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, first);
  sqlite3_bind_int64 (statement, 2, second);
  for (;;) {
    OrfCostSpan span = { 0 };

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    span.span_no = sqlite3_column_int64 (statement, 0);
    span.trace_no = sqlite3_column_int64 (statement, 1);
    copy_id (statement, 2, span.id);
    span.has_parent = sqlite3_column_type (statement, 3) != SQLITE_NULL;
    copy_id (statement, 3, span.parent);
    span.start_us = sqlite3_column_int64 (statement, 4);
    span.end_us = sqlite3_column_int64 (statement, 5);
    span.operation_no = sqlite3_column_int64 (statement, 6);
    g_array_append_val (spans, span);
  }
}

gboolean
orf_cost_spans_read (
  OrfConnection *connection, gint64 from_no, gint64 to_no, GArray *spans, GError **error)
{
  return read_spans (connection, spans_sql, from_no, to_no, spans, error);
}

gboolean
orf_cost_spans_read_trace (
  OrfConnection *connection, gint64 trace_no, guint max, GArray *spans, GError **error)
{
  return read_spans (connection, trace_sql, trace_no, max, spans, error);
}

gboolean
orf_cost_spans_read_operations (OrfConnection *connection,
                                const char *service,
                                GArray *operations,
                                GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, operations_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, service);
  while (orf_connection_step (connection, statement, &row, error)) {
    gint64 operation_no;

    if (!row)
      return TRUE;
    operation_no = sqlite3_column_int64 (statement, 0);
    g_array_append_val (operations, operation_no);
  }
  return FALSE;
}
