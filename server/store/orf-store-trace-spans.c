/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spans as they were sent: of one trace, and those that were slow. */
#include <string.h>

#include "orf-error.h"
#include "store/orf-connection.h"
#include "store/orf-store-traces.h"

/* The first version whose files have the tables. */
#define FIRST_VERSION 13
/* Entries of an index for one page of slow spans: 20 ms. */
#define MAX_LOOKED 40000
/* Texts of one read: each span has its resource's once more, which may have as many bytes as a
 * request, so that of one small one thousands of times as much could be made. */
#define MAX_READ_BYTES (32 * 1024 * 1024)

#define HEAD_COLUMNS                                                                               \
  "SELECT t.trace_id, s.span_id, s.parent_id, s.service, s.operation, s.kind, s.outcome, "         \
  "s.start_us, s.duration_us, s.usual_us, s.gpu"

#define ALL_COLUMNS                                                                                \
  HEAD_COLUMNS                                                                                     \
  ", s.flags, s.message, s.trace_state, s.attributes, s.events, s.links, s.dropped, "              \
  "r.resource, r.scope"
#define WITH_SOURCE " LEFT JOIN span_source AS r ON r.source_no = s.source_no "

/* Put in order by number alone: what is sorted holds all of its columns. */
static const char trace_sql[] = ALL_COLUMNS
  " FROM (SELECT x.span_no FROM span AS x WHERE x.trace_no = "
  "(SELECT trace_no FROM trace WHERE trace_id = ?1) "
  "ORDER BY x.start_us, x.span_no LIMIT ?2) AS o "
  "CROSS JOIN span AS s ON s.span_no = o.span_no "
  "CROSS JOIN trace AS t ON t.trace_no = s.trace_no" WITH_SOURCE;
static const char run_sql[] = ALL_COLUMNS
  ", s.span_no, coalesce(s.source_no, 0) "
  "FROM span AS s CROSS JOIN trace AS t ON t.trace_no = s.trace_no" WITH_SOURCE
  "WHERE s.span_no BETWEEN ?1 AND ?2 ORDER BY s.span_no LIMIT ?3";
static const char bounds_sql[] = "SELECT (SELECT min(span_no) FROM span), max(span_no) FROM span";
/* By the span's number, which the planner is told to begin with. */
static const char slow_sql[] = HEAD_COLUMNS
  " FROM span AS s CROSS JOIN trace AS t ON t.trace_no = s.trace_no WHERE s.span_no = ?1";

#define N_HEAD_COLUMNS 11
#define N_ALL_COLUMNS  20

typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  OrfTraceFilter filter;
  char *service, *operation; /* what the filter's are */
  GPtrArray *rows;
  OrfSpanPlace next;
  OrfSpansDone done;
  gpointer user_data;
} Read;

OrfSpanRow *
orf_span_row_new (void)
{
  return g_new0 (OrfSpanRow, 1);
}

void
orf_span_row_free (OrfSpanRow *row)
{
  if (row == NULL)
    return;
  g_free (row->service);
  g_free (row->operation);
  g_free (row->message);
  g_free (row->trace_state);
  g_free (row->attributes);
  g_free (row->events);
  g_free (row->links);
  g_free (row->gpu);
  g_free (row->dropped);
  g_free (row->resource);
  g_free (row->scope);
  g_free (row);
}

static OrfSpanRow *
make_head (OrfStatement *statement)
{
  OrfSpanRow *row = orf_span_row_new ();

  orf_statement_get_id (statement, 0, row->trace_id, ORF_TRACE_ID_BYTES);
  orf_statement_get_id (statement, 1, row->span_id, ORF_SPAN_ID_BYTES);
  row->has_parent = orf_statement_get_id (statement, 2, row->parent_id, ORF_SPAN_ID_BYTES);
  row->service = orf_statement_dup_sure_text (statement, 3);
  row->operation = orf_statement_dup_sure_text (statement, 4);
  row->kind = orf_span_kind_from_string ((const char *) sqlite3_column_text (statement, 5));
  row->outcome = orf_span_outcome_from_string ((const char *) sqlite3_column_text (statement, 6));
  row->start_us = sqlite3_column_int64 (statement, 7);
  row->duration_us = sqlite3_column_int64 (statement, 8);
  row->usual_us = sqlite3_column_int64 (statement, 9);
  row->gpu = orf_statement_dup_text (statement, 10);
  return row;
}

static OrfSpanRow *
make_row (OrfStatement *statement)
{
  OrfSpanRow *row = make_head (statement);
  char **const texts[] = { &row->message, &row->trace_state, &row->attributes, &row->events,
                           &row->links,   &row->dropped,     &row->resource,   &row->scope };

  row->has_flags = sqlite3_column_type (statement, N_HEAD_COLUMNS) != SQLITE_NULL;
  row->flags = sqlite3_column_int64 (statement, N_HEAD_COLUMNS);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = orf_statement_dup_text (statement, N_HEAD_COLUMNS + 1 + (int) i);
  return row;
}

/* Of what a sender may make as long as it likes. */
static gsize
measure_texts (OrfStatement *statement)
{
  gsize bytes = 0;

  for (int i = N_HEAD_COLUMNS + 1; i < N_ALL_COLUMNS; i++)
    bytes += (gsize) sqlite3_column_bytes (statement, i);
  return bytes;
}

/* At most max, and no more than memory is meant for, but one; *cut: there are more. */
static gboolean
collect (OrfConnection *connection,
         OrfStatement *statement,
         OrfSpanRow *(*make) (OrfStatement *),
         guint max,
         GPtrArray *rows,
         gboolean *cut,
         GError **error)
{
  guint before = rows->len;
  gsize bytes = 0;
  gboolean row;

  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    bytes += measure_texts (statement);
    *cut = rows->len == before + max || (bytes > MAX_READ_BYTES && rows->len > before);
    if (*cut)
      return TRUE;
    g_ptr_array_add (rows, make (statement));
  }
  return FALSE;
}

/* ---- one trace ------------------------------------------------------------------------------- */

static gboolean
read_trace (OrfConnection *connection,
            const guint8 *trace_id,
            guint max,
            GPtrArray *rows,
            gboolean *cut,
            GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, trace_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_blob (statement, 1, trace_id, ORF_TRACE_ID_BYTES, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 2, (gint64) max + 1);
  return collect (connection, statement, make_row, max, rows, cut, error);
}

gboolean
orf_trace_spans_read (OrfConnection *connection,
                      const guint8 trace_id[ORF_TRACE_ID_BYTES],
                      guint max,
                      GPtrArray *rows,
                      gboolean *cut,
                      GError **error)
{
  guint before = rows->len;
  gboolean has;

  *cut = FALSE;
  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      (has && !read_trace (connection, trace_id, max, rows, cut, error)))
    return FALSE;
  if (rows->len > before)
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is no such trace");
  return FALSE;
}

static gboolean
trace_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Read *read = data;
  gboolean cut;

  if (!orf_trace_spans_read (connection, read->trace_id, read->filter.max, read->rows, &cut, error))
    return FALSE;
  read->next.span_no = cut;
  return TRUE;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static OrfSpanRow *
make_numbered_row (OrfStatement *statement)
{
  OrfSpanRow *row = make_row (statement);

  row->span_no = sqlite3_column_int64 (statement, N_ALL_COLUMNS);
  row->source_no = sqlite3_column_int64 (statement, N_ALL_COLUMNS + 1);
  return row;
}

gboolean
orf_spans_read_run (OrfConnection *connection,
                    gint64 from_no,
                    gint64 to_no,
                    guint max,
                    GPtrArray *rows,
                    GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, run_sql, error);
  gboolean cut; /* the next run begins there */

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, from_no);
  sqlite3_bind_int64 (statement, 2, to_no);
  sqlite3_bind_int64 (statement, 3, max);
  return collect (connection, statement, make_numbered_row, max, rows, &cut, error);
}

gboolean
orf_spans_get_bounds (OrfConnection *connection, gint64 *first_no, gint64 *last_no, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, bounds_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *first_no = sqlite3_column_int64 (statement, 0);
  *last_no = sqlite3_column_int64 (statement, 1);
  return TRUE;
}

/* ---- slow ones ------------------------------------------------------------------------------- */

static gboolean
add_slow (Read *read, OrfConnection *connection, const OrfSpanEntry *entry, GError **error)
{
  const OrfTraceFilter *filter = &read->filter;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, slow_sql, error);
  g_autoptr (OrfSpanRow) row = NULL;
  gboolean there;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, entry->place.span_no);
  if (!orf_connection_step (connection, statement, &there, error))
    return FALSE;
  if (!there)
    return TRUE;
  row = make_head (statement);
  if ((filter->service == NULL || g_strcmp0 (filter->service, row->service) == 0) &&
      (filter->operation == NULL || g_strcmp0 (filter->operation, row->operation) == 0))
    g_ptr_array_add (read->rows, g_steal_pointer (&row));
  return TRUE;
}

static gboolean
read_page (Read *read, OrfConnection *connection, OrfSpanScan *scan, GError **error)
{
  for (;;) {
    OrfSpanPlace before = orf_span_scan_get_place (scan);
    OrfSpanEntry entry;
    gboolean found;

    if (!orf_span_scan_next (scan, &entry, &found, error))
      return FALSE;
    if (!found) {
      if (orf_span_scan_is_cut (scan))
        read->next = orf_span_scan_get_place (scan);
      return TRUE;
    }
    if (!add_slow (read, connection, &entry, error))
      return FALSE;
    /* one more tells whether there is a next page, which begins with it */
    if (read->rows->len > read->filter.max) {
      g_ptr_array_set_size (read->rows, (int) read->filter.max);
      read->next = before;
      return TRUE;
    }
  }
}

static gboolean
read_slow (Read *read, OrfConnection *connection, GError **error)
{
  const OrfTraceFilter *filter = &read->filter;
  const OrfSpanScanFilter scanned = {
    .kind = ORF_SPAN_SCAN_SLOW,
    .service = filter->service,
    .operation = filter->operation,
    .from_us = filter->from_us,
    .before = filter->before.span_no > 0 ? filter->before : (OrfSpanPlace){ filter->to_us, 0 },
    .max_looked = MAX_LOOKED,
  };
  g_autoptr (OrfSpanScan) scan = orf_span_scan_new (connection, &scanned, error);

  return scan != NULL && read_page (read, connection, scan, error);
}

static gboolean
slow_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  gboolean has;

  return orf_connection_has_version (connection, FIRST_VERSION, &has, error) &&
         (!has || read_slow (data, connection, error));
}

/* ---- both ------------------------------------------------------------------------------------ */

static void
read_cb (gpointer user_data, const GError *error)
{
  Read *read = user_data;

  read->done (read->user_data, error == NULL ? read->rows : NULL, read->next, error);
  g_ptr_array_unref (read->rows);
  g_free (read->service);
  g_free (read->operation);
  g_free (read);
}

static Read *
read_new (OrfSpansDone done, gpointer user_data)
{
  Read *read = g_new0 (Read, 1);

  read->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  read->done = done;
  read->user_data = user_data;
  return read;
}

void
orf_store_read_trace (OrfStore *store,
                      const guint8 trace_id[ORF_TRACE_ID_BYTES],
                      guint max,
                      OrfCancel *cancel,
                      OrfSpansDone done,
                      gpointer user_data)
{
  Read *read = read_new (done, user_data);

  memcpy (read->trace_id, trace_id, ORF_TRACE_ID_BYTES);
  read->filter.max = max;
  orf_store_read (store, trace_thread_cb, read, cancel, read_cb, read);
}

void
orf_store_read_slow_spans (OrfStore *store,
                           const OrfTraceFilter *filter,
                           OrfCancel *cancel,
                           OrfSpansDone done,
                           gpointer user_data)
{
  Read *read = read_new (done, user_data);

  read->filter = *filter;
  read->filter.tags = NULL;
  read->filter.service = read->service = g_strdup (filter->service);
  read->filter.operation = read->operation = g_strdup (filter->operation);
  orf_store_read (store, slow_thread_cb, read, cancel, read_cb, read);
}
