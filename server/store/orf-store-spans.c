/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A batch is written trace by trace, and within a trace by span ids: what came twice in it stands
 * side by side, parents are found by halving, and pages of the index are met one after the other.
 */
#include "store/orf-store-spans.h"

#include <string.h>

#include "store/orf-connection.h"
#include "store/orf-store-edges.h"
#include "store/orf-store-operations.h"
#include "store/orf-store-outbox.h"
#include "store/orf-store-private.h"

/* What a span takes beside its text, in its row and the indexes: measured over files of a million
 * spans. */
#define SPAN_BYTES 190

static const char find_trace_sql[] = "SELECT trace_no, spans FROM trace WHERE trace_id = ?1";
static const char add_trace_sql[] =
  "INSERT INTO trace (trace_id, start_us, end_us, spans, errors, bytes) "
  "VALUES (?1, 9223372036854775807, 0, 0, 0, 0)";
static const char update_trace_sql[] =
  "UPDATE trace SET start_us = min(start_us, ?2), end_us = max(end_us, ?3), spans = spans + ?4, "
  "errors = errors + ?5, bytes = bytes + ?6, root_no = coalesce(root_no, ?7) WHERE trace_no = ?1";
static const char add_span_sql[] =
  "INSERT OR IGNORE INTO span (trace_no, span_id, parent_id, service, operation, kind, start_us, "
  "duration_us, outcome, message, attributes, events, links, trace_state, flags, dropped, "
  "source_no, operation_no, length_class, usual_us, gpu, span_no) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
  "?20, ?21, ?22)";
static const char source_sql[] =
  "INSERT INTO span_source (digest, resource, scope, first_us, last_us) VALUES (?1, ?2, ?3, ?4, "
  "?5) ON CONFLICT (digest) DO UPDATE SET first_us = min(first_us, excluded.first_us), "
  "last_us = max(last_us, excluded.last_us) RETURNING source_no";
static const char total_sql[] = "UPDATE span_total SET spans = spans + ?1, bytes = bytes + ?2";

typedef struct {
  OrfSpanBatch *batch;
  guint *order; /* of its spans */
  guint max_operations;
  GPtrArray *tallies; /* OrfSpanTally of what is in the file now; NULL: nobody wants them */
  OrfStore *store;    /* main context alone, as what follows */
  OrfWriteDone done;
  gpointer user_data;
} Write;

/* What is added to a trace, or to all. */
typedef struct {
  gint64 start_us, end_us;
  gint64 spans, errors, bytes;
  gint64 root_no; /* 0: none */
} Sum;

typedef struct {
  const Write *write;
  OrfConnection *connection;
  OrfOperationBook *operations;
  OrfEdgeBook *edges;
  gint64 *source_nos;
  GArray *new_spans; /* OrfEdgeSpan of the trace */
  Sum total;
  /* Of the next span; 0: the one after the last there is, which SQLite may have given before: who
   * hands spans on by their numbers would take it for one that he has sent. */
  gint64 next_no;
} Run;

static const OrfSpan *
get_span (const Write *write, guint place)
{
  return &g_array_index (write->batch->spans, OrfSpan, write->order[place]);
}

/* ---- sources --------------------------------------------------------------------------------- */

static gboolean
write_source (Run *run, guint number, gint64 first_us, gint64 last_us, GError **error)
{
  const OrfSpanBatch *batch = run->write->batch;
  const OrfSpanSource *source = &g_array_index (batch->sources, OrfSpanSource, number);
  g_autoptr (OrfStatement) statement = orf_connection_prepare (run->connection, source_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_blob (statement, 1, source->digest, sizeof source->digest, SQLITE_STATIC);
  orf_statement_bind_text (statement, 2, orf_span_batch_get_text (batch, source->resource));
  orf_statement_bind_text (statement, 3, orf_span_batch_get_text (batch, source->scope));
  sqlite3_bind_int64 (statement, 4, first_us);
  sqlite3_bind_int64 (statement, 5, last_us);
  if (!orf_connection_step (run->connection, statement, &row, error))
    return FALSE;
  run->source_nos[number] = sqlite3_column_int64 (statement, 0);
  return orf_connection_run (run->connection, statement, error);
}

static gboolean
write_sources (Run *run, GError **error)
{
  const OrfSpanBatch *batch = run->write->batch;
  guint n_sources = batch->sources->len;
  g_autofree gint64 *first_us = g_new (gint64, n_sources);
  g_autofree gint64 *last_us = g_new0 (gint64, n_sources);

  for (guint i = 0; i < n_sources; i++)
    first_us[i] = G_MAXINT64;
  for (guint i = 0; i < batch->spans->len; i++) {
    const OrfSpan *span = &g_array_index (batch->spans, OrfSpan, i);

    if (span->source == 0)
      continue;
    first_us[span->source - 1] = MIN (first_us[span->source - 1], span->start_us);
    last_us[span->source - 1] = MAX (last_us[span->source - 1], span->start_us);
  }
  for (guint i = 0; i < n_sources; i++)
    if (first_us[i] != G_MAXINT64 && !write_source (run, i, first_us[i], last_us[i], error))
      return FALSE;
  return TRUE;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static void
bind_id (OrfStatement *statement, int index, const guint8 *id, int length)
{
  sqlite3_bind_blob (statement, index, id, length, SQLITE_STATIC);
}

/* The texts of a span, and how many bytes they are. */
static gint64
bind_texts (OrfStatement *statement, const OrfSpanBatch *batch, const OrfSpan *span)
{
  const OrfSpanMark *mark = orf_span_batch_get_mark (batch, span);
  const OrfSpanOperation *operation = &g_array_index (batch->operations, OrfSpanOperation,
                                                      span->operation);
  const struct {
    int index;
    const char *text;
  } texts[] = {
    { 4, orf_span_batch_get_text (batch, operation->service) },
    { 5, orf_span_batch_get_text (batch, operation->name) },
    { 6, orf_span_kind_to_string (span->kind) },
    { 9, orf_span_outcome_to_string (span->outcome) },
    { 10, orf_span_batch_get_text (batch, span->message) },
    { 11, orf_span_batch_get_text (batch, span->attributes) },
    { 12, orf_span_batch_get_text (batch, span->events) },
    { 13, orf_span_batch_get_text (batch, span->links) },
    { 14, orf_span_batch_get_text (batch, span->trace_state) },
    { 16, orf_span_batch_get_text (batch, span->dropped) },
    { 21, mark != NULL ? orf_span_batch_get_text (batch, mark->text) : NULL },
  };
  gint64 bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    gsize length;

    if (texts[i].text == NULL)
      continue;
    length = strlen (texts[i].text);
    sqlite3_bind_text (statement, texts[i].index, texts[i].text, (int) length, SQLITE_STATIC);
    bytes += (gint64) length;
  }
  return bytes;
}

static gint64
bind_span (OrfStatement *statement, const Run *run, gint64 trace_no, const OrfSpan *span)
{
  gint64 usual_us = orf_operation_book_get_usual_us (run->operations, span->operation);

  sqlite3_bind_int64 (statement, 1, trace_no);
  bind_id (statement, 2, span->span_id, ORF_SPAN_ID_BYTES);
  if (span->has_parent)
    bind_id (statement, 3, span->parent_id, ORF_SPAN_ID_BYTES);
  sqlite3_bind_int64 (statement, 7, span->start_us);
  sqlite3_bind_int64 (statement, 8, span->duration_us);
  if (span->has_flags)
    sqlite3_bind_int64 (statement, 15, span->flags);
  if (span->source > 0)
    sqlite3_bind_int64 (statement, 17, run->source_nos[span->source - 1]);
  sqlite3_bind_int64 (statement, 18,
                      orf_operation_book_get_number (run->operations, span->operation));
  sqlite3_bind_int (statement, 19, (int) orf_span_get_length_class (span->duration_us));
  if (usual_us > 0 && span->duration_us > usual_us)
    sqlite3_bind_int64 (statement, 20, usual_us);
  orf_statement_bind_int64 (statement, 22, run->next_no, run->next_no > 0);
  return bind_texts (statement, run->write->batch, span);
}

static void
note_new (Run *run, const OrfSpan *span, gint64 trace_no, gint64 span_no, gint64 bytes, Sum *sum)
{
  const OrfSpanBatch *batch = run->write->batch;
  const OrfSpanOperation *operation = &g_array_index (batch->operations, OrfSpanOperation,
                                                      span->operation);
  OrfEdgeSpan edge = {
    .has_parent = span->has_parent,
    .service = orf_span_batch_get_text (batch, operation->service),
    .kind = span->kind,
    .start_us = span->start_us,
    .failed = span->outcome == ORF_SPAN_OUTCOME_ERROR,
  };

  memcpy (edge.span_id, span->span_id, sizeof edge.span_id);
  memcpy (edge.parent_id, span->parent_id, sizeof edge.parent_id);
  /* Who calls whom is bounded as operations are. */
  if (!orf_operation_book_is_beyond (run->operations, span->operation))
    g_array_append_val (run->new_spans, edge);
  orf_operation_book_count (run->operations, span, trace_no, span_no);
  sum->start_us = MIN (sum->start_us, span->start_us);
  sum->end_us = MAX (sum->end_us, span->start_us + span->duration_us);
  sum->spans++;
  sum->errors += edge.failed;
  sum->bytes += SPAN_BYTES + bytes;
  if (!span->has_parent && sum->root_no == 0)
    sum->root_no = span_no;
}

static gboolean
write_span (Run *run, gint64 trace_no, const OrfSpan *span, Sum *sum, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (run->connection, add_span_sql, error);
  sqlite3 *db = orf_connection_get_db (run->connection);
  gint64 bytes;

  if (statement == NULL)
    return FALSE;
  bytes = bind_span (statement, run, trace_no, span);
  if (!orf_connection_run (run->connection, statement, error))
    return FALSE;
  /* 0: there is one of this id */
  if (sqlite3_changes (db) > 0) {
    note_new (run, span, trace_no, sqlite3_last_insert_rowid (db), bytes, sum);
    run->next_no = 0;
  }
  return TRUE;
}

/* ---- traces ---------------------------------------------------------------------------------- */

static gboolean
add_trace (Run *run, const guint8 *trace_id, gint64 *trace_no, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (run->connection, add_trace_sql, error);

  if (statement == NULL)
    return FALSE;
  bind_id (statement, 1, trace_id, ORF_TRACE_ID_BYTES);
  if (!orf_connection_run (run->connection, statement, error))
    return FALSE;
  *trace_no = sqlite3_last_insert_rowid (orf_connection_get_db (run->connection));
  return TRUE;
}

/* *n_spans: those it has already. */
static gboolean
find_trace (Run *run, const guint8 *trace_id, gint64 *trace_no, gint64 *n_spans, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (run->connection, find_trace_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_id (statement, 1, trace_id, ORF_TRACE_ID_BYTES);
  if (!orf_connection_step (run->connection, statement, &row, error))
    return FALSE;
  *n_spans = 0;
  if (!row)
    return add_trace (run, trace_id, trace_no, error);
  *trace_no = sqlite3_column_int64 (statement, 0);
  *n_spans = sqlite3_column_int64 (statement, 1);
  return TRUE;
}

static gboolean
update_trace (Run *run, gint64 trace_no, const Sum *sum, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (run->connection, update_trace_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, trace_no);
  sqlite3_bind_int64 (statement, 2, sum->start_us);
  sqlite3_bind_int64 (statement, 3, sum->end_us);
  sqlite3_bind_int64 (statement, 4, sum->spans);
  sqlite3_bind_int64 (statement, 5, sum->errors);
  sqlite3_bind_int64 (statement, 6, sum->bytes);
  if (sum->root_no > 0)
    sqlite3_bind_int64 (statement, 7, sum->root_no);
  return orf_connection_run (run->connection, statement, error);
}

/* The spans of one trace. */
static gboolean
write_trace (Run *run, guint from, guint to, GError **error)
{
  Sum sum = { .start_us = G_MAXINT64 };
  gint64 trace_no, n_spans;

  if (!find_trace (run, get_span (run->write, from)->trace_id, &trace_no, &n_spans, error) ||
      !orf_edge_book_begin_trace (run->edges, run->connection, trace_no, n_spans, error))
    return FALSE;
  g_array_set_size (run->new_spans, 0);
  for (guint i = from; i < to; i++)
    if (!write_span (run, trace_no, get_span (run->write, i), &sum, error))
      return FALSE;
  if (sum.spans == 0)
    return TRUE;
  run->total.spans += sum.spans;
  run->total.bytes += sum.bytes;
  return update_trace (run, trace_no, &sum, error) &&
         orf_edge_book_link (run->edges, run->connection,
                             (const OrfEdgeSpan *) (gpointer) run->new_spans->data,
                             run->new_spans->len, error);
}

static gboolean
write_traces (Run *run, GError **error)
{
  const Write *write = run->write;
  guint n_spans = write->batch->spans->len;

  for (guint from = 0, to; from < n_spans; from = to) {
    const guint8 *trace_id = get_span (write, from)->trace_id;

    for (to = from + 1;
         to < n_spans && memcmp (get_span (write, to)->trace_id, trace_id, ORF_TRACE_ID_BYTES) == 0;
         to++)
      ;
    if (!write_trace (run, from, to, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_total (Run *run, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (run->connection, total_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, run->total.spans);
  sqlite3_bind_int64 (statement, 2, run->total.bytes);
  return orf_connection_run (run->connection, statement, error);
}

/* ---- the job --------------------------------------------------------------------------------- */

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Write *write = data;
  g_autoptr (OrfOperationBook)
    operations = orf_operation_book_open (connection, write->batch, write->max_operations, error);
  g_autoptr (OrfEdgeBook) edges = orf_edge_book_new ();
  g_autofree gint64 *source_nos = g_new0 (gint64, write->batch->sources->len);
  g_autoptr (GArray) new_spans = g_array_new (FALSE, FALSE, sizeof (OrfEdgeSpan));
  Run run = { write, connection, operations, edges, source_nos, new_spans, { 0 }, 0 };

  /* it may be tried again, by itself */
  if (write->tallies != NULL)
    g_ptr_array_set_size (write->tallies, 0);
  return operations != NULL && orf_outbox_get_next_span_no (connection, &run.next_no, error) &&
         write_sources (&run, error) && write_traces (&run, error) &&
         orf_operation_book_write (operations, connection, write->tallies, error) &&
         orf_edge_book_write (edges, connection, error) && write_total (&run, error);
}

static int
compare_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const OrfSpan *spans = user_data;
  guint first_place = *(const guint *) a, second_place = *(const guint *) b;
  const OrfSpan *first = &spans[first_place], *second = &spans[second_place];
  int order = memcmp (first->trace_id, second->trace_id, ORF_TRACE_ID_BYTES);

  if (order == 0)
    order = memcmp (first->span_id, second->span_id, ORF_SPAN_ID_BYTES);
  /* of two with the same ids the first one stays */
  return order != 0 ? order : (first_place > second_place) - (first_place < second_place);
}

static guint *
make_order (const OrfSpanBatch *batch)
{
  guint *order = g_new (guint, batch->spans->len);

  for (guint i = 0; i < batch->spans->len; i++)
    order[i] = i;
  g_qsort_with_data (order, (int) batch->spans->len, sizeof *order, compare_cb, batch->spans->data);
  return order;
}

static void
write_free (gpointer data)
{
  Write *write = data;

  orf_span_batch_free (write->batch);
  g_free (write->order);
  g_clear_pointer (&write->tallies, g_ptr_array_unref);
  g_free (write);
}

/* Before write_free(). */
static void
done_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Write *write = user_data;
  const OrfStore *store = write->store;

  /* a repetition wrote nothing */
  if (result != NULL && result->replayed_json == NULL && write->tallies != NULL &&
      store->spans_written != NULL)
    store->spans_written (store->spans_written_data, write->tallies);
  write->done (write->user_data, result, error);
}

void
orf_store_set_spans_written (OrfStore *store, OrfSpansWritten written, gpointer user_data)
{
  store->spans_written = written;
  store->spans_written_data = user_data;
}

void
orf_store_set_span_states (OrfStore *store, const OrfSpanStates *states)
{
  store->span_states = states;
}

void
orf_store_write_spans (OrfStore *store,
                       OrfSpanBatch *batch,
                       guint max_operations,
                       const OrfIdempotency *idempotency,
                       OrfWriteDone done,
                       gpointer user_data)
{
  Write *write = g_new0 (Write, 1);
  OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = write,
    .free = write_free,
    .idempotency = idempotency,
  };

  if (store->span_states != NULL)
    orf_span_states_mark (store->span_states, batch);
  *write = (Write){ batch, make_order (batch), max_operations, NULL, store, done, user_data };
  if (store->spans_written != NULL)
    write->tallies = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_tally_free);
  change.bytes = sizeof *write + batch->spans->len * sizeof *write->order +
                 orf_span_batch_measure (batch);
  orf_store_write (store, &change, done_cb, write);
}
