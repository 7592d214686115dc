/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-edges.h"

#include <string.h>

#include "core/orf-names.h"
#include "history/orf-rollup.h"

static const char known_sql[] =
  "SELECT span_id, parent_id, service, kind, start_us, outcome IS 'error' FROM span "
  "WHERE trace_no = ?1 ORDER BY span_id";
static const char parent_sql[] =
  "SELECT service, kind FROM span WHERE trace_no = ?1 AND span_id = ?2";
static const char add_sql[] =
  "INSERT INTO span_edge (t_us, parent, child, calls, errors) VALUES (?1, ?2, ?3, ?4, ?5) "
  "ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, errors = errors + excluded.errors";

typedef struct {
  gint64 t_us;
  char *parent, *child;
  gint64 calls, errors;
} Edge;

/* As many that were met last are looked through first: a batch has few. */
#define N_RECENT 8

struct _OrfEdgeBook {
  GHashTable *edges;      /* what it is of, as text -> Edge */
  Edge *recent[N_RECENT]; /* some of them; NULL: none */
  guint next_recent;
  GArray *known;          /* OrfEdgeSpan of the trace, by their ids */
  GStringChunk *services; /* theirs */
  gint64 trace_no;        /* whose parents are looked up one by one; 0: known has them all */
};

static void
edge_free (gpointer data)
{
  Edge *edge = data;

  g_free (edge->parent);
  g_free (edge->child);
  g_free (edge);
}

OrfEdgeBook *
orf_edge_book_new (void)
{
  OrfEdgeBook *book = g_new0 (OrfEdgeBook, 1);

  book->edges = orf_names_table_new (g_free, edge_free);
  book->known = g_array_new (FALSE, TRUE, sizeof (OrfEdgeSpan));
  book->services = g_string_chunk_new (256);
  return book;
}

void
orf_edge_book_free (OrfEdgeBook *book)
{
  g_hash_table_unref (book->edges);
  g_array_unref (book->known);
  g_string_chunk_free (book->services);
  g_free (book);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* FALSE: it is none, or of another size. */
static gboolean
copy_id (OrfStatement *statement, int column, guint8 id[ORF_SPAN_ID_BYTES])
{
  const void *data = sqlite3_column_blob (statement, column);

  if (data == NULL || sqlite3_column_bytes (statement, column) != ORF_SPAN_ID_BYTES)
    return FALSE;
  memcpy (id, data, ORF_SPAN_ID_BYTES);
  return TRUE;
}

static void
add_known (OrfEdgeBook *book, OrfStatement *statement)
{
  OrfEdgeSpan span = { 0 };

  if (!copy_id (statement, 0, span.span_id))
    return;
  span.has_parent = copy_id (statement, 1, span.parent_id);
  span.service = g_string_chunk_insert_const (book->services,
                                              orf_statement_get_sure_text (statement, 2));
  span.kind = orf_span_kind_from_string ((const char *) sqlite3_column_text (statement, 3));
  span.start_us = sqlite3_column_int64 (statement, 4);
  span.failed = sqlite3_column_int (statement, 5);
  g_array_append_val (book->known, span);
}

gboolean
orf_edge_book_begin_trace (
  OrfEdgeBook *book, OrfConnection *connection, gint64 trace_no, gint64 n_spans, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  g_array_set_size (book->known, 0);
  g_string_chunk_clear (book->services);
  book->trace_no = n_spans > ORF_EDGE_MAX_SPANS ? trace_no : 0;
  if (n_spans == 0 || book->trace_no > 0)
    return TRUE;
  statement = orf_connection_prepare (connection, known_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, trace_no);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    add_known (book, statement);
  }
  return FALSE;
}

/* ---- edges ----------------------------------------------------------------------------------- */

/* A service that calls itself does so from a client to a server. */
static gboolean
is_call (const OrfEdgeSpan *parent, const OrfEdgeSpan *child)
{
  return strcmp (parent->service, child->service) != 0 ||
         (parent->kind == ORF_SPAN_KIND_CLIENT && child->kind == ORF_SPAN_KIND_SERVER) ||
         (parent->kind == ORF_SPAN_KIND_PRODUCER && child->kind == ORF_SPAN_KIND_CONSUMER);
}

static Edge *
find_recent (const OrfEdgeBook *book, gint64 t_us, const char *parent, const char *child)
{
  for (guint i = 0; i < N_RECENT && book->recent[i] != NULL; i++) {
    Edge *edge = book->recent[i];

    if (edge->t_us == t_us && strcmp (edge->parent, parent) == 0 &&
        strcmp (edge->child, child) == 0)
      return edge;
  }
  return NULL;
}

static Edge *
get_edge (OrfEdgeBook *book, gint64 t_us, const OrfEdgeSpan *parent, const OrfEdgeSpan *child)
{
  Edge *edge = find_recent (book, t_us, parent->service, child->service);
  g_autofree char *key = NULL;

  if (edge != NULL)
    return edge;
  key = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GSIZE_FORMAT " %s%s", t_us,
                         strlen (parent->service), parent->service, child->service);
  edge = g_hash_table_lookup (book->edges, key);
  if (edge == NULL) {
    edge = g_new0 (Edge, 1);
    *edge = (Edge){ t_us, g_strdup (parent->service), g_strdup (child->service), 0, 0 };
    g_hash_table_insert (book->edges, g_steal_pointer (&key), edge);
  }
  book->recent[book->next_recent++ % N_RECENT] = edge;
  return edge;
}

static void
add_edge (OrfEdgeBook *book, const OrfEdgeSpan *parent, const OrfEdgeSpan *child)
{
  Edge *edge;

  if (!is_call (parent, child))
    return;
  edge = get_edge (book, child->start_us - child->start_us % ORF_HOUR_US, parent, child);
  edge->calls++;
  edge->errors += child->failed;
}

static const OrfEdgeSpan *
find_span (const OrfEdgeSpan *spans, guint n_spans, const guint8 id[ORF_SPAN_ID_BYTES])
{
  guint low = 0, high = n_spans;

  while (low < high) {
    guint middle = (low + high) / 2;
    int order = memcmp (spans[middle].span_id, id, ORF_SPAN_ID_BYTES);

    if (order == 0)
      return &spans[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static gboolean
look_up_parent (OrfEdgeBook *book,
                OrfConnection *connection,
                const OrfEdgeSpan *child,
                GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, parent_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, book->trace_no);
  sqlite3_bind_blob (statement, 2, child->parent_id, ORF_SPAN_ID_BYTES, SQLITE_STATIC);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (row) {
    const OrfEdgeSpan parent = {
      .service = orf_statement_get_sure_text (statement, 0),
      .kind = orf_span_kind_from_string ((const char *) sqlite3_column_text (statement, 1)),
    };

    add_edge (book, &parent, child);
  }
  return TRUE;
}

gboolean
orf_edge_book_link (OrfEdgeBook *book,
                    OrfConnection *connection,
                    const OrfEdgeSpan *spans,
                    guint n_spans,
                    GError **error)
{
  const OrfEdgeSpan *known = (const OrfEdgeSpan *) (gpointer) book->known->data;

  for (guint i = 0; i < n_spans; i++) {
    const OrfEdgeSpan *parent;

    if (!spans[i].has_parent)
      continue;
    parent = find_span (spans, n_spans, spans[i].parent_id);
    if (parent == NULL)
      parent = find_span (known, book->known->len, spans[i].parent_id);
    if (parent != NULL)
      add_edge (book, parent, &spans[i]);
    else if (book->trace_no > 0 && !look_up_parent (book, connection, &spans[i], error))
      return FALSE;
  }
  for (guint i = 0; i < book->known->len; i++) {
    const OrfEdgeSpan *parent = known[i].has_parent ? find_span (spans, n_spans, known[i].parent_id)
                                                    : NULL;

    if (parent != NULL)
      add_edge (book, parent, &known[i]);
  }
  return TRUE;
}

gboolean
orf_edge_book_write (OrfEdgeBook *book, OrfConnection *connection, GError **error)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, book->edges);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Edge *edge = value;
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, add_sql, error);

    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, edge->t_us);
    orf_statement_bind_text (statement, 2, edge->parent);
    orf_statement_bind_text (statement, 3, edge->child);
    sqlite3_bind_int64 (statement, 4, edge->calls);
    sqlite3_bind_int64 (statement, 5, edge->errors);
    if (!orf_connection_run (connection, statement, error))
      return FALSE;
  }
  return TRUE;
}
