/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-operations.h"

#include <math.h>

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "history/orf-sketch.h"
#include "store/orf-store-exemplars.h"
#include "store/orf-store-span-gpu.h"

#define DAY_US (24 * ORF_HOUR_US)
/* What is usual is told by the day so far: what became slower for good is slow no longer once it is
 * one of a hundred of that.  So few say nothing, and the day before holds. */
#define MIN_SPANS   100
#define USUAL_SHARE 0.99

static const char find_sql[] = "SELECT operation_no, coalesce(usual_us, 0) FROM span_operation "
                               "WHERE service = ?1 AND operation = ?2";
static const char count_sql[] = "SELECT count(*) FROM span_operation";
static const char insert_sql[] =
  "INSERT INTO span_operation (service, operation, first_us, last_us, spans, errors, "
  "max_duration_us, classes) VALUES (?1, ?2, 9223372036854775807, 0, 0, 0, 0, 0)";
static const char update_sql[] =
  "UPDATE span_operation SET first_us = min(first_us, ?2), last_us = max(last_us, ?3), "
  "spans = spans + ?4, errors = errors + ?5, max_duration_us = max(max_duration_us, ?6), "
  "classes = classes | ?7, usual_us = coalesce(?8, usual_us) WHERE operation_no = ?1";
static const char stat_sql[] = "SELECT spans, errors, sketch FROM span_stat "
                               "WHERE operation_no = ?1 AND step_us = ?2 AND t_us = ?3";
static const char write_stat_sql[] =
  "INSERT OR REPLACE INTO span_stat (operation_no, step_us, t_us, spans, errors, sketch) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const gint64 orf_operation_steps_us[] = { ORF_MINUTE_US, ORF_HOUR_US, DAY_US };

/* A row of span_operation. */
typedef struct {
  gint64 number, usual_us;
  gboolean beyond;
} Row;

/* Some of them as one. */
typedef struct {
  gint64 first_us, last_us, max_duration_us, classes;
  gint64 spans, errors;
  OrfSketch *sketch;
} Sum;

struct _OrfOperationBook {
  const OrfSpanBatch *batch;
  GArray *rows;    /* Row, one for each operation of the batch */
  GArray *written; /* OrfWrittenSpan */
};

static void
sum_clear (Sum *sum)
{
  g_clear_pointer (&sum->sketch, orf_sketch_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sum, sum_clear)

void
orf_operation_book_free (OrfOperationBook *book)
{
  g_array_unref (book->rows);
  g_array_unref (book->written);
  g_free (book);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* row->number 0: it is not there. */
static gboolean
find (OrfConnection *connection, const char *service, const char *name, Row *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, find_sql, error);
  gboolean found = FALSE;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, service);
  orf_statement_bind_text (statement, 2, name);
  if (!orf_connection_step (connection, statement, &found, error))
    return FALSE;
  *row = (Row){ 0 };
  if (found)
    *row = (Row){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1), FALSE };
  return TRUE;
}

static gboolean
find_or_add (
  OrfConnection *connection, const char *service, const char *name, Row *row, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;

  if (!find (connection, service, name, row, error))
    return FALSE;
  if (row->number > 0)
    return TRUE;
  statement = orf_connection_prepare (connection, insert_sql, error);
  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, service);
  orf_statement_bind_text (statement, 2, name);
  if (!orf_connection_run (connection, statement, error))
    return FALSE;
  row->number = sqlite3_last_insert_rowid (orf_connection_get_db (connection));
  return TRUE;
}

/* *room: how many more there may be; -1: not looked at yet. */
static gboolean
resolve (OrfConnection *connection,
         const char *service,
         const char *name,
         guint max_operations,
         gint64 *room,
         Row *row,
         GError **error)
{
  gint64 n_known;

  if (!find (connection, service, name, row, error))
    return FALSE;
  if (row->number > 0)
    return TRUE;
  if (*room < 0) {
    if (!orf_connection_get_int64 (connection, count_sql, &n_known, error))
      return FALSE;
    *room = MAX ((gint64) max_operations - n_known, 0);
  }
  if (*room > 0) {
    (*room)--;
    return find_or_add (connection, service, name, row, error);
  }
  if (!find_or_add (connection, "", "", row, error))
    return FALSE;
  /* They have nothing in common. */
  row->usual_us = 0;
  row->beyond = TRUE;
  return TRUE;
}

OrfOperationBook *
orf_operation_book_open (OrfConnection *connection,
                         const OrfSpanBatch *batch,
                         guint max_operations,
                         GError **error)
{
  g_autoptr (OrfOperationBook) book = g_new0 (OrfOperationBook, 1);
  gint64 room = -1;

  book->batch = batch;
  book->rows = g_array_sized_new (FALSE, FALSE, sizeof (Row), batch->operations->len);
  book->written = g_array_sized_new (FALSE, FALSE, sizeof (OrfWrittenSpan), batch->spans->len);
  for (guint i = 0; i < batch->operations->len; i++) {
    const OrfSpanOperation *operation = &g_array_index (batch->operations, OrfSpanOperation, i);
    Row row;

    if (!resolve (connection, orf_span_batch_get_text (batch, operation->service),
                  orf_span_batch_get_text (batch, operation->name), max_operations, &room, &row,
                  error))
      return NULL;
    g_array_append_val (book->rows, row);
  }
  return g_steal_pointer (&book);
}

static const Row *
get_row (const OrfOperationBook *book, guint operation)
{
  return &g_array_index (book->rows, Row, operation);
}

gint64
orf_operation_book_get_number (const OrfOperationBook *book, guint operation)
{
  return get_row (book, operation)->number;
}

gboolean
orf_operation_book_is_beyond (const OrfOperationBook *book, guint operation)
{
  return get_row (book, operation)->beyond;
}

gint64
orf_operation_book_get_usual_us (const OrfOperationBook *book, guint operation)
{
  return get_row (book, operation)->usual_us;
}

/* ---- counting -------------------------------------------------------------------------------- */

void
orf_operation_book_count (OrfOperationBook *book,
                          const OrfSpan *span,
                          gint64 trace_no,
                          gint64 span_no)
{
  const OrfWrittenSpan written = { span, get_row (book, span->operation)->number, trace_no,
                                   span_no };

  g_array_append_val (book->written, written);
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfWrittenSpan *first = a, *second = b;
  gint64 first_us = first->span->start_us, second_us = second->span->start_us;

  if (first->operation_no != second->operation_no)
    return first->operation_no < second->operation_no ? -1 : 1;
  return (first_us > second_us) - (first_us < second_us);
}

static void
sum_up (const OrfWrittenSpan *written, guint n, Sum *sum)
{
  *sum = (Sum){ .first_us = written[0].span->start_us,
                .last_us = written[n - 1].span->start_us,
                .spans = n,
                .sketch = orf_sketch_new () };
  for (guint i = 0; i < n; i++) {
    const OrfSpan *span = written[i].span;

    sum->max_duration_us = MAX (sum->max_duration_us, span->duration_us);
    sum->classes |= G_GINT64_CONSTANT (1) << orf_span_get_length_class (span->duration_us);
    sum->errors += span->outcome == ORF_SPAN_OUTCOME_ERROR;
    orf_sketch_add (sum->sketch, (double) span->duration_us);
  }
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The statement frees it. */
static void
bind_sketch (OrfStatement *statement, int index, const OrfSketch *sketch)
{
  GByteArray *bytes = orf_sketch_encode (sketch);
  guint length = bytes->len;

  sqlite3_bind_blob (statement, index, g_byte_array_free (bytes, FALSE), (int) length, g_free);
}

static gboolean
read_stat (OrfConnection *connection,
           gint64 operation_no,
           gint64 step_us,
           gint64 t_us,
           Sum *sum,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, stat_sql, error);
  gboolean row = FALSE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, step_us);
  sqlite3_bind_int64 (statement, 3, t_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (!row) {
    sum->sketch = orf_sketch_new ();
    return TRUE;
  }
  sum->spans = sqlite3_column_int64 (statement, 0);
  sum->errors = sqlite3_column_int64 (statement, 1);
  sum->sketch = orf_sketch_decode (sqlite3_column_blob (statement, 2),
                                   (gsize) sqlite3_column_bytes (statement, 2), error);
  return sum->sketch != NULL;
}

/* *usual_us: what is usual after them, where the step is a day that had enough. */
static gboolean
add_stat (OrfConnection *connection,
          gint64 operation_no,
          gint64 step_us,
          const Sum *added,
          gint64 *usual_us,
          GError **error)
{
  g_auto (Sum) sum = { 0 };
  g_autoptr (OrfStatement) statement = NULL;
  gint64 t_us = added->first_us - added->first_us % step_us;

  if (!read_stat (connection, operation_no, step_us, t_us, &sum, error))
    return FALSE;
  statement = orf_connection_prepare (connection, write_stat_sql, error);
  if (statement == NULL)
    return FALSE;
  orf_sketch_merge (sum.sketch, added->sketch);
  sum.spans += added->spans;
  if (step_us == DAY_US && sum.spans >= MIN_SPANS)
    *usual_us = (gint64) ceil (orf_sketch_quantile (sum.sketch, USUAL_SHARE));
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, step_us);
  sqlite3_bind_int64 (statement, 3, t_us);
  sqlite3_bind_int64 (statement, 4, sum.spans);
  sqlite3_bind_int64 (statement, 5, sum.errors + added->errors);
  bind_sketch (statement, 6, sum.sketch);
  return orf_connection_run (connection, statement, error);
}

/* One row for each step in which some of them began; all: their sum, for mostly it is one step. */
static gboolean
add_stats (OrfConnection *connection,
           const OrfWrittenSpan *written,
           const Sum *all,
           gint64 step_us,
           gint64 *usual_us,
           GError **error)
{
  guint n = (guint) all->spans;

  if (all->first_us / step_us == all->last_us / step_us)
    return add_stat (connection, written->operation_no, step_us, all, usual_us, error);
  for (guint from = 0, to; from < n; from = to) {
    gint64 step = written[from].span->start_us / step_us;
    g_auto (Sum) sum = { 0 };

    for (to = from + 1; to < n && written[to].span->start_us / step_us == step; to++)
      ;
    sum_up (&written[from], to - from, &sum);
    if (!add_stat (connection, written->operation_no, step_us, &sum, usual_us, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_to_operation (
  OrfConnection *connection, gint64 operation_no, const Sum *sum, gint64 usual_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, update_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, sum->first_us);
  sqlite3_bind_int64 (statement, 3, sum->last_us);
  sqlite3_bind_int64 (statement, 4, sum->spans);
  sqlite3_bind_int64 (statement, 5, sum->errors);
  sqlite3_bind_int64 (statement, 6, sum->max_duration_us);
  sqlite3_bind_int64 (statement, 7, sum->classes);
  if (usual_us > 0)
    sqlite3_bind_int64 (statement, 8, usual_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_operation (OrfConnection *connection, const OrfWrittenSpan *written, guint n, GError **error)
{
  g_auto (Sum) sum = { 0 };
  gint64 usual_us = 0;

  sum_up (written, n, &sum);
  for (guint i = 0; i < ORF_N_OPERATION_STEPS; i++)
    if (!add_stats (connection, written, &sum, orf_operation_steps_us[i], &usual_us, error))
      return FALSE;
  return add_to_operation (connection, written->operation_no, &sum, usual_us, error);
}

/* Of one operation. */
static void
add_tally (const OrfOperationBook *book, const OrfWrittenSpan *written, guint n, GPtrArray *tallies)
{
  const OrfSpanOperation *operation = &g_array_index (book->batch->operations, OrfSpanOperation,
                                                      written->span->operation);
  OrfSpanTally *tally = orf_span_tally_new (orf_span_batch_get_text (book->batch,
                                                                     operation->service),
                                            orf_span_batch_get_text (book->batch, operation->name));

  for (guint i = 0; i < n; i++)
    orf_span_tally_add (tally, written[i].span);
  g_ptr_array_add (tallies, tally);
}

/* What operations of their own have beside their sums. */
static gboolean
write_examples (const OrfOperationBook *book,
                OrfConnection *connection,
                const OrfWrittenSpan *written,
                guint n,
                GPtrArray *tallies,
                GError **error)
{
  if (orf_operation_book_is_beyond (book, written->span->operation))
    return TRUE;
  if (tallies != NULL)
    add_tally (book, written, n, tallies);
  return orf_exemplars_write (connection, written, n, error) &&
         orf_span_gpu_write (connection, book->batch, written, n, error);
}

gboolean
orf_operation_book_write (OrfOperationBook *book,
                          OrfConnection *connection,
                          GPtrArray *tallies,
                          GError **error)
{
  const OrfWrittenSpan *written;

  g_array_sort (book->written, compare_cb);
  written = (const OrfWrittenSpan *) (gpointer) book->written->data;
  for (guint from = 0, to; from < book->written->len; from = to) {
    for (to = from + 1;
         to < book->written->len && written[to].operation_no == written[from].operation_no; to++)
      ;
    if (!write_operation (connection, &written[from], to - from, error) ||
        !write_examples (book, connection, &written[from], to - from, tallies, error))
      return FALSE;
  }
  return TRUE;
}
