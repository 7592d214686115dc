/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A page of traces: spans that may match come newest first from the index, each is looked at more
 * closely where the index does not tell all, and a trace is told at its first.  On a later page a
 * trace that an earlier one told is known by a span of its own that matches and is newer.
 */
#include "store/orf-store-traces.h"

#include <string.h>

#include "store/orf-connection.h"
#include "store/orf-span-tags.h"

/* The first version whose files have the tables. */
#define FIRST_VERSION 13

/* For one page: entries of the index (20 ms), and rows of spans with their attributes (15 ms). */
#define MAX_LOOKED 40000
#define MAX_ROWS   3000
/* Of one trace, to see whether it was told before. */
#define MAX_TRACE_SPANS "5000"

#define SPAN_COLUMNS                                                                               \
  "SELECT s.service, s.operation, s.duration_us, s.outcome, s.attributes, r.resource, s.kind "     \
  "FROM span AS s LEFT JOIN span_source AS r ON r.source_no = s.source_no "

static const char span_sql[] = SPAN_COLUMNS "WHERE s.span_no = ?1";
static const char newer_sql[] = SPAN_COLUMNS
  "WHERE s.trace_no = ?1 AND (s.start_us, s.span_no) >= (?2, ?3) AND s.start_us < ?4 "
  "LIMIT " MAX_TRACE_SPANS;
static const char trace_sql[] =
  "SELECT t.trace_id, t.start_us, t.end_us, t.spans, t.errors, s.service, s.operation, s.outcome, "
  "s.gpu FROM trace AS t LEFT JOIN span AS s ON s.span_no = t.root_no WHERE t.trace_no = ?1";

typedef struct {
  OrfTraceFilter filter;
  char *service, *operation; /* what the filter's are */
  char **tags;
  GPtrArray *rows;
  OrfSpanPlace next;
  OrfTracesDone done;
  gpointer user_data;
} Read;

/* While it is read. */
typedef struct {
  const OrfTraceFilter *filter;
  GPtrArray *rows;
  OrfSpanPlace next;
  GHashTable *seen; /* trace_no of those that were told, here or before */
  guint n_rows;     /* of spans that were looked at */
} Page;

OrfTraceRow *
orf_trace_row_new (void)
{
  return g_new0 (OrfTraceRow, 1);
}

void
orf_trace_row_free (OrfTraceRow *row)
{
  if (row == NULL)
    return;
  g_free (row->service);
  g_free (row->operation);
  g_free (row->gpu);
  g_free (row);
}

/* ---- what matches ---------------------------------------------------------------------------- */

static const char *
get_text (OrfStatement *statement, int column)
{
  return (const char *) sqlite3_column_text (statement, column);
}

/* The row of a span. */
static gboolean
matches (const OrfTraceFilter *filter, OrfStatement *statement)
{
  if (filter->service != NULL && g_strcmp0 (get_text (statement, 0), filter->service) != 0)
    return FALSE;
  if (filter->operation != NULL && g_strcmp0 (get_text (statement, 1), filter->operation) != 0)
    return FALSE;
  if (sqlite3_column_int64 (statement, 2) < filter->min_duration_us ||
      (filter->max_duration_us > 0 &&
       sqlite3_column_int64 (statement, 2) > filter->max_duration_us))
    return FALSE;
  if (filter->kind != ORF_SPAN_KIND_UNSET &&
      g_strcmp0 (get_text (statement, 6), orf_span_kind_to_string (filter->kind)) != 0)
    return FALSE;
  if (filter->outcome != ORF_SPAN_OUTCOME_UNSET &&
      g_strcmp0 (get_text (statement, 3), orf_span_outcome_to_string (filter->outcome)) != 0)
    return FALSE;
  return filter->tags == NULL ||
         orf_span_tags_match (filter->tags, get_text (statement, 4), get_text (statement, 5));
}

/* Where the index does not tell all. */
static gboolean
check_span (
  Page *page, OrfConnection *connection, const OrfSpanEntry *entry, gboolean *match, GError **error)
{
  const OrfTraceFilter *filter = page->filter;
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  *match = filter->max_duration_us == 0 || entry->duration_us <= filter->max_duration_us;
  if (!*match || (!entry->beyond && filter->tags == NULL && filter->kind == ORF_SPAN_KIND_UNSET &&
                  filter->outcome != ORF_SPAN_OUTCOME_OK))
    return TRUE;
  page->n_rows++;
  statement = orf_connection_prepare (connection, span_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, entry->place.span_no);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *match = row && matches (filter, statement);
  return TRUE;
}

/* *told: a page before had it. */
static gboolean
check_newer (Page *page, OrfConnection *connection, gint64 trace_no, gboolean *told, GError **error)
{
  const OrfTraceFilter *filter = page->filter;
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  *told = FALSE;
  if (filter->before.span_no == 0)
    return TRUE;
  statement = orf_connection_prepare (connection, newer_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, trace_no);
  sqlite3_bind_int64 (statement, 2, filter->before.start_us);
  sqlite3_bind_int64 (statement, 3, filter->before.span_no);
  sqlite3_bind_int64 (statement, 4, filter->to_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    if (matches (filter, statement)) {
      *told = TRUE;
      return TRUE;
    }
  }
  return FALSE;
}

/* ---- a page ---------------------------------------------------------------------------------- */

static OrfTraceRow *
make_row (OrfStatement *statement)
{
  OrfTraceRow *row = orf_trace_row_new ();
  const void *id = sqlite3_column_blob (statement, 0);

  if (id != NULL && sqlite3_column_bytes (statement, 0) == ORF_TRACE_ID_BYTES)
    memcpy (row->trace_id, id, ORF_TRACE_ID_BYTES);
  row->start_us = sqlite3_column_int64 (statement, 1);
  row->end_us = sqlite3_column_int64 (statement, 2);
  row->spans = sqlite3_column_int64 (statement, 3);
  row->errors = sqlite3_column_int64 (statement, 4);
  row->service = orf_statement_dup_text (statement, 5);
  row->operation = orf_statement_dup_text (statement, 6);
  row->outcome = orf_span_outcome_from_string (get_text (statement, 7));
  row->gpu = orf_statement_dup_text (statement, 8);
  return row;
}

static gboolean
add_trace (Page *page, OrfConnection *connection, gint64 trace_no, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, trace_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, trace_no);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, page->rows, error);
}

/* A span that may match. */
static gboolean
take_entry (Page *page, OrfConnection *connection, const OrfSpanEntry *entry, GError **error)
{
  gpointer key = GSIZE_TO_POINTER ((gsize) entry->trace_no);
  gboolean match, told;

  if (g_hash_table_contains (page->seen, key))
    return TRUE;
  if (!check_span (page, connection, entry, &match, error))
    return FALSE;
  if (!match)
    return TRUE;
  g_hash_table_add (page->seen, key);
  return check_newer (page, connection, entry->trace_no, &told, error) &&
         (told || add_trace (page, connection, entry->trace_no, error));
}

static gboolean
read_page (Page *page, OrfConnection *connection, OrfSpanScan *scan, GError **error)
{
  OrfSpanEntry entry;
  gboolean found;

  for (;;) {
    OrfSpanPlace before = orf_span_scan_get_place (scan);

    if (!orf_span_scan_next (scan, &entry, &found, error))
      return FALSE;
    if (!found) {
      if (orf_span_scan_is_cut (scan))
        page->next = orf_span_scan_get_place (scan);
      return TRUE;
    }
    if (!take_entry (page, connection, &entry, error))
      return FALSE;
    /* one more tells whether there is a next page, which begins with it */
    if (page->rows->len > page->filter->max) {
      g_ptr_array_set_size (page->rows, (int) page->filter->max);
      page->next = before;
      return TRUE;
    }
    if (page->n_rows >= MAX_ROWS) {
      page->next = entry.place;
      return TRUE;
    }
  }
}

gboolean
orf_traces_read (OrfConnection *connection,
                 const OrfTraceFilter *filter,
                 GPtrArray *rows,
                 OrfSpanPlace *next,
                 GError **error)
{
  OrfSpanScanFilter scanned = {
    .kind = filter->outcome == ORF_SPAN_OUTCOME_ERROR ? ORF_SPAN_SCAN_FAILED : ORF_SPAN_SCAN_ALL,
    .service = filter->service,
    .operation = filter->operation,
    .min_duration_us = filter->min_duration_us,
    .from_us = filter->from_us,
    .before = filter->before,
    .max_looked = MAX_LOOKED,
  };
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Page page = { filter, rows, { 0, 0 }, seen, 0 };
  g_autoptr (OrfSpanScan) scan = NULL;
  gboolean has;

  if (filter->before.span_no == 0)
    scanned.before.start_us = filter->to_us;
  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (has) {
    scan = orf_span_scan_new (connection, &scanned, error);
    if (scan == NULL || !read_page (&page, connection, scan, error))
      return FALSE;
  }
  *next = page.next;
  return TRUE;
}

static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Read *read = data;

  return orf_traces_read (connection, &read->filter, read->rows, &read->next, error);
}

static void
read_cb (gpointer user_data, const GError *error)
{
  Read *read = user_data;

  read->done (read->user_data, error == NULL ? read->rows : NULL, read->next, error);
  g_ptr_array_unref (read->rows);
  g_strfreev (read->tags);
  g_free (read->service);
  g_free (read->operation);
  g_free (read);
}

void
orf_store_read_traces (OrfStore *store,
                       const OrfTraceFilter *filter,
                       OrfCancel *cancel,
                       OrfTracesDone done,
                       gpointer user_data)
{
  Read *read = g_new0 (Read, 1);

  read->filter = *filter;
  read->filter.service = read->service = g_strdup (filter->service);
  read->filter.operation = read->operation = g_strdup (filter->operation);
  read->tags = g_strdupv ((char **) filter->tags);
  read->filter.tags = (const char *const *) read->tags;
  read->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_row_free);
  read->done = done;
  read->user_data = user_data;
  orf_store_read (store, read_thread_cb, read, cancel, read_cb, read);
}
