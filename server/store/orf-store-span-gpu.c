/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-span-gpu.h"

#include <math.h>
#include <string.h>

#include "history/orf-rollup.h"

static const char write_sql[] =
  "INSERT INTO span_gpu (operation_no, t_us, device, spans, start_bytes, end_bytes, "
  "max_start_bytes, max_end_bytes, max_growth_bytes, high_spans, busy_us) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
  "ON CONFLICT (operation_no, t_us, device) DO UPDATE SET spans = spans + excluded.spans, "
  "start_bytes = start_bytes + excluded.start_bytes, end_bytes = end_bytes + excluded.end_bytes, "
  "max_start_bytes = max(max_start_bytes, excluded.max_start_bytes), "
  "max_end_bytes = max(max_end_bytes, excluded.max_end_bytes), "
  "max_growth_bytes = max(max_growth_bytes, excluded.max_growth_bytes), "
  "high_spans = high_spans + excluded.high_spans, busy_us = busy_us + excluded.busy_us";

/* Of one device. */
typedef struct {
  const char *device;
  gint64 spans, high_spans;
  double start_bytes, end_bytes; /* sums, which may be more than an integer holds */
  gint64 max_start_bytes, max_end_bytes, max_growth_bytes;
  double busy_us;
} Sum;

static Sum *
ensure_sum (GArray *sums, const char *device)
{
  const Sum fresh = { .device = device, .max_growth_bytes = G_MININT64 };

  for (guint i = 0; i < sums->len; i++) {
    Sum *sum = &g_array_index (sums, Sum, i);

    if (strcmp (sum->device, device) == 0)
      return sum;
  }
  g_array_append_val (sums, fresh);
  return &g_array_index (sums, Sum, sums->len - 1);
}

static void
add_device (GArray *sums, const char *name, const OrfMarkedDevice *device, gint64 duration_us)
{
  Sum *sum = ensure_sum (sums, name);

  sum->spans++;
  sum->high_spans += device->high;
  sum->start_bytes += (double) device->start_bytes;
  sum->end_bytes += (double) device->end_bytes;
  sum->max_start_bytes = MAX (sum->max_start_bytes, device->start_bytes);
  sum->max_end_bytes = MAX (sum->max_end_bytes, device->end_bytes);
  sum->max_growth_bytes = MAX (sum->max_growth_bytes, device->end_bytes - device->start_bytes);
  if (isfinite (device->busy_percent))
    sum->busy_us += (double) duration_us * device->busy_percent / 100;
}

static void
add_span (GArray *sums, const OrfSpanBatch *batch, const OrfSpan *span)
{
  const OrfSpanMark *mark = orf_span_batch_get_mark (batch, span);

  for (guint i = 0; mark != NULL && i < mark->n_devices; i++) {
    const OrfMarkedDevice *device = &g_array_index (batch->devices, OrfMarkedDevice,
                                                    mark->first + i);

    add_device (sums, orf_span_batch_get_text (batch, device->device), device, span->duration_us);
  }
}

static gboolean
write_sum (
  OrfConnection *connection, gint64 operation_no, gint64 t_us, const Sum *sum, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, t_us);
  orf_statement_bind_text (statement, 3, sum->device);
  sqlite3_bind_int64 (statement, 4, sum->spans);
  sqlite3_bind_double (statement, 5, sum->start_bytes);
  sqlite3_bind_double (statement, 6, sum->end_bytes);
  sqlite3_bind_int64 (statement, 7, sum->max_start_bytes);
  sqlite3_bind_int64 (statement, 8, sum->max_end_bytes);
  sqlite3_bind_int64 (statement, 9, sum->max_growth_bytes);
  sqlite3_bind_int64 (statement, 10, sum->high_spans);
  sqlite3_bind_double (statement, 11, sum->busy_us);
  return orf_connection_run (connection, statement, error);
}

gboolean
orf_span_gpu_write (OrfConnection *connection,
                    const OrfSpanBatch *batch,
                    const OrfWrittenSpan *spans,
                    guint n_spans,
                    GError **error)
{
  g_autoptr (GArray) sums = g_array_new (FALSE, FALSE, sizeof (Sum));

  for (guint from = 0, to; from < n_spans; from = to) {
    gint64 hour = spans[from].span->start_us / ORF_HOUR_US;

    g_array_set_size (sums, 0);
    for (to = from; to < n_spans && spans[to].span->start_us / ORF_HOUR_US == hour; to++)
      add_span (sums, batch, spans[to].span);
    for (guint i = 0; i < sums->len; i++)
      if (!write_sum (connection, spans->operation_no, hour * ORF_HOUR_US,
                      &g_array_index (sums, Sum, i), error))
        return FALSE;
  }
  return TRUE;
}
