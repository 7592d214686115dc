/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-remote-batch.h"

#include "core/orf-clock.h"
#include "store/orf-store-raw.h"

/* A part is closed once it is as large: well within what receivers take (32 MiB and more). */
#define MAX_PART_BYTES (4 * 1024 * 1024)

/* A sample that is late, with where it belongs. */
typedef struct {
  OrfRemoteSeries *series;
  OrfWriteSample sample;
} Late;

typedef struct {
  OrfRemoteBatch *batch;
  OrfWriteRequest *request;
  GArray *rows;      /* OrfSample */
  GPtrArray *series; /* OrfRemoteSeries of each row; NULL: it is left out */
  GPtrArray *met;    /* OrfRemoteSeries, each once */
  GArray *late;      /* Late */
} Work;

void
orf_remote_part_free (OrfRemotePart *part)
{
  g_bytes_unref (part->body);
  g_free (part);
}

OrfRemoteBatch *
orf_remote_batch_new (gint64 from_rowid, gint64 to_rowid, guint max_samples)
{
  OrfRemoteBatch *batch = g_new0 (OrfRemoteBatch, 1);

  batch->from_rowid = batch->next_rowid = from_rowid;
  batch->to_rowid = to_rowid;
  batch->max_samples = max_samples;
  return batch;
}

void
orf_remote_batch_free (OrfRemoteBatch *batch)
{
  g_queue_clear_full (&batch->parts, (GDestroyNotify) orf_remote_part_free);
  g_free (batch);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void
close_part (Work *work)
{
  OrfRemotePart *part;

  if (orf_write_request_get_size (work->request) == 0)
    return;
  part = g_new0 (OrfRemotePart, 1);
  part->n_samples = orf_write_request_get_n_samples (work->request);
  part->body = orf_write_request_pack (work->request);
  g_queue_push_tail (&work->batch->parts, part);
}

static void
add (Work *work, const OrfRemoteSeries *series, const OrfWriteSample *samples, guint n)
{
  if (n == 0)
    return;
  orf_write_request_add (work->request, series->labels, samples, n);
  if (orf_write_request_get_size (work->request) >= MAX_PART_BYTES)
    close_part (work);
}

/* Those that rise stay, in place; returns how many.  Of two at one millisecond the later row is
 * sent: a receiver has room for one. */
static guint
take_rising (Work *work, OrfRemoteSeries *series, OrfWriteSample *samples)
{
  guint n = 0;

  for (guint i = 0; i < series->n; i++) {
    const OrfWriteSample sample = samples[i];

    if (sample.t_ms > series->last_ms) {
      series->last_ms = sample.t_ms;
      samples[n++] = sample;
    } else if (n > 0 && sample.t_ms == series->last_ms) {
      samples[n - 1] = sample;
    } else {
      const Late late = { series, sample };

      g_array_append_val (work->late, late);
    }
  }
  return n;
}

static int
compare_late (gconstpointer a, gconstpointer b)
{
  const Late *left = a, *right = b;

  if (left->series != right->series) /* in the order in which they were met */
    return left->series->at < right->series->at ? -1 : 1;
  return (left->sample.t_ms > right->sample.t_ms) - (left->sample.t_ms < right->sample.t_ms);
}

static void
add_late (Work *work)
{
  g_autofree OrfWriteSample *samples = g_new (OrfWriteSample, work->late->len);

  g_array_sort (work->late, compare_late); /* stable: GLib sorts by merging */
  for (guint i = 0; i < work->late->len;) {
    OrfRemoteSeries *series = g_array_index (work->late, Late, i).series;
    guint n = 0;

    for (; i < work->late->len && g_array_index (work->late, Late, i).series == series; i++) {
      const OrfWriteSample sample = g_array_index (work->late, Late, i).sample;

      if (n > 0 && samples[n - 1].t_ms == sample.t_ms)
        n--;
      samples[n++] = sample;
    }
    add (work, series, samples, n);
  }
  close_part (work);
}

/* ---- rows by series -------------------------------------------------------------------------- */

static gboolean
find_series (Work *work, OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  guint64 number = orf_remote_names_get_batch (names);

  for (guint i = 0; i < work->rows->len; i++) {
    OrfRemoteSeries *series;

    if (!orf_remote_names_find (names, connection,
                                g_array_index (work->rows, OrfSample, i).series_id, &series, error))
      return FALSE;
    g_ptr_array_add (work->series, series);
    if (series == NULL) {
      work->batch->n_left_out++;
      continue;
    }
    if (series->batch != number) {
      series->batch = number;
      series->n = 0;
      g_ptr_array_add (work->met, series);
    }
    series->n++;
  }
  return TRUE;
}

/* Each series' samples side by side, in the order of arrival; series->at is where they begin. */
static OrfWriteSample *
gather (Work *work)
{
  OrfWriteSample *samples = g_new (OrfWriteSample, work->rows->len + 1);
  guint at = 0;

  for (guint i = 0; i < work->met->len; i++) {
    OrfRemoteSeries *series = work->met->pdata[i];

    series->at = at;
    at += series->n;
    series->n = 0;
  }
  for (guint i = 0; i < work->rows->len; i++) {
    const OrfSample *row = &g_array_index (work->rows, OrfSample, i);
    OrfRemoteSeries *series = work->series->pdata[i];

    if (series != NULL)
      samples[series->at + series->n++] = (OrfWriteSample){
        .t_ms = row->t_us / ORF_US_PER_MS,
        .value = row->value * series->multiply / series->divide,
      };
  }
  return samples;
}

static void
make_parts (Work *work)
{
  g_autofree OrfWriteSample *samples = gather (work);

  for (guint i = 0; i < work->met->len; i++) {
    OrfRemoteSeries *series = work->met->pdata[i];

    add (work, series, samples + series->at, take_rising (work, series, samples + series->at));
  }
  close_part (work);
  if (work->late->len > 0)
    add_late (work);
}

static gboolean
read_rows (Work *work, OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  OrfRemoteBatch *batch = work->batch;
  gint64 last = batch->from_rowid - 1;

  if (!orf_raw_get_bounds (connection, &batch->first_rowid, &batch->last_rowid, error))
    return FALSE;
  if (batch->max_samples == 0)
    return TRUE;
  if (!orf_raw_read (connection, batch->from_rowid, batch->to_rowid, batch->max_samples, work->rows,
                     &last, error))
    return FALSE;
  batch->next_rowid = last + 1;
  batch->n_rows = work->rows->len;
  if (batch->n_rows == 0)
    return TRUE;
  batch->from_us = g_array_index (work->rows, OrfSample, 0).t_us;
  if (!orf_remote_names_begin (names, connection, orf_clock_monotonic_us (), error) ||
      !find_series (work, names, connection, error))
    return FALSE;
  make_parts (work);
  return TRUE;
}

gboolean
orf_remote_batch_read (OrfRemoteBatch *batch,
                       OrfRemoteNames *names,
                       OrfConnection *connection,
                       GError **error)
{
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (OrfSample));
  g_autoptr (GArray) late = g_array_new (FALSE, FALSE, sizeof (Late));
  g_autoptr (GPtrArray) series = g_ptr_array_new ();
  g_autoptr (GPtrArray) met = g_ptr_array_new ();
  Work work = { batch, request, rows, series, met, late };

  return read_rows (&work, names, connection, error);
}
