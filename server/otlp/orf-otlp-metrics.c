/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - Jobs are taken up in the order in which the ingest thread was through with them, since a slot
 *   means what the jobs before said; one whose series are looked up holds up those behind it.
 * - Everything that a job needs of a slot is looked at in one go, once all its series are there.
 * - What is on its way to the file holds its series itself, and remembers no slot but by its
 *   generation.
 */
#include "otlp/orf-otlp-metrics.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-running-total.h"
#include "orf-error.h"
#include "otlp/orf-otlp-slots.h"

#define TICK_S 60
/* Slots remembered for each series that may be: attributes in another order are another slot. */
#define SLOTS_A_SERIES 4
/* Of [memory] ingest_bytes: bytes of attributes as they came, also of what made no series.  The
 * rest is for requests. */
#define REMEMBERED_SHARE 2

#define NO_PLACE   "there is no place for another series ([metrics] max_series)"
#define IS_BUILTIN "the daemon itself records a metric of this name"

struct _OrfOtlpMetrics {
  const OrfMetricsParts *parts;
  OrfOtlpSlots *slots;
  GQueue jobs; /* OrfOtlpMetricsJob */
  guint tick_id;
  gboolean stopped;
  gboolean running; /* the queue is being looked at, further up the stack */
  /* of the first job, while its series are looked up */
  gboolean resolving;
  GPtrArray *asked;    /* OrfOtlpSeries, borrowed */
  GPtrArray *families; /* OrfSeries of histograms' families, found for it */
  gboolean trimmed;    /* asked again for no more than there is room for */
};

/* A row as it goes to the file. */
typedef struct {
  OrfSeries *series; /* held */
  gint64 t_us;
  double value;
  double addend; /* of a running total; NAN: it is none */
  guint32 slot;
} Row;

typedef struct {
  OrfOtlpMetrics *metrics;
  OrfOtlpCaller caller;
  GArray *rows; /* Row */
  guint64 generation, n_rejected;
  char *reason;
  gint64 oldest_us; /* that a row may be of */
} Write;

static void run (OrfOtlpMetrics *metrics);

/* ---- the end --------------------------------------------------------------------------------- */

static void
write_free (Write *write)
{
  for (guint i = 0; i < write->rows->len; i++)
    orf_registry_release (write->metrics->parts->registry,
                          g_array_index (write->rows, Row, i).series);
  g_array_unref (write->rows);
  g_free (write->reason);
  g_free (write);
}

/* The client will send them again: they have to count then. */
static void
take_back (Write *write)
{
  OrfOtlpSlots *slots = write->metrics->slots;
  gboolean current = orf_otlp_slots_get_generation (slots) == write->generation;

  for (guint i = 0; i < write->rows->len; i++) {
    const Row *row = &g_array_index (write->rows, Row, i);

    if (isnan (row->addend))
      continue;
    orf_running_total_take_back (row->series, row->addend);
    if (current)
      orf_otlp_slots_get (slots, row->slot)->sent_us = 0;
  }
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result G_GNUC_UNUSED, const GError *error)
{
  Write *write = user_data;
  OrfRegistry *registry = write->metrics->parts->registry;

  if (error != NULL) {
    take_back (write);
    orf_otlp_caller_fail (&write->caller, error);
  } else {
    for (guint i = 0; i < write->rows->len; i++) {
      const Row *row = &g_array_index (write->rows, Row, i);

      orf_registry_append (registry, row->series, row->t_us, row->value);
    }
    orf_otlp_caller_succeed (&write->caller, &orf_otlp_metrics_signal, write->n_rejected,
                             write->reason);
  }
  write_free (write);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
add_row (Write *write, OrfOtlpSlot *slot, guint32 number, gint64 t_us, double value, double addend)
{
  const Row row = { slot->series, t_us, value, addend, number };

  orf_registry_hold (write->metrics->parts->registry, slot->series);
  slot->last_us = MAX (slot->last_us, t_us);
  g_array_append_val (write->rows, row);
}

/* What it rises by, once: a client that missed our answer sends the same again.  A late one counts
 * at the newest time there is, for behind a later total it would seem that the counter fell.
 * *before: what the series stood at. */
static void
add_delta (Write *write, OrfOtlpSlot *slot, const OrfOtlpRow *sent, double *before)
{
  gint64 t_us = MAX (sent->t_us, MAX (slot->last_us, slot->series->last_us));
  double base = sent->flags & ORF_OTLP_ROW_AFTER_PREVIOUS ? *before : 0, total;

  if (sent->start_us > 0 && sent->start_us == slot->start_us && sent->t_us == slot->sent_us) {
    *before = isnan (slot->series->total) ? base : slot->series->total;
    return;
  }
  slot->start_us = sent->start_us;
  slot->sent_us = sent->t_us;
  total = orf_running_total_add (slot->series, sent->value, base);
  *before = total - sent->value;
  add_row (write, slot, sent->slot, t_us, total, sent->value);
}

/* A counter that began anew says so by its start alone, if by now it stands higher than before. */
static void
add_cumulative (Write *write, OrfOtlpSlot *slot, const OrfOtlpRow *sent)
{
  if (sent->flags & ORF_OTLP_ROW_MONOTONIC && slot->start_us > 0 &&
      sent->start_us > slot->start_us && sent->start_us > slot->last_us &&
      sent->start_us < sent->t_us && sent->start_us > write->oldest_us)
    add_row (write, slot, sent->slot, sent->start_us, 0, NAN);
  slot->start_us = MAX (slot->start_us, sent->start_us);
  add_row (write, slot, sent->slot, sent->t_us, sent->value, NAN);
}

/* Rows from `at` on that belong to one point. */
static guint
measure_point (const GArray *rows, guint at)
{
  guint n = 1;

  while (at + n < rows->len &&
         !(g_array_index (rows, OrfOtlpRow, at + n).flags & ORF_OTLP_ROW_FIRST))
    n++;
  return n;
}

/* Why it cannot be taken; NULL: it can. */
static const OrfOtlpSlot *
find_refused (OrfOtlpSlots *slots, const OrfOtlpRow *rows, guint n_rows)
{
  for (guint i = 0; i < n_rows; i++) {
    const OrfOtlpSlot *slot = orf_otlp_slots_get (slots, rows[i].slot);

    if (slot->series == NULL)
      return slot;
  }
  return NULL;
}

static void
add_point (Write *write, const OrfOtlpRow *rows, guint n_rows, gint64 now_us)
{
  double before = 0;

  for (guint i = 0; i < n_rows; i++) {
    OrfOtlpSlot *slot = orf_otlp_slots_get (write->metrics->slots, rows[i].slot);

    slot->used_us = now_us;
    if (rows[i].flags & ORF_OTLP_ROW_DELTA)
      add_delta (write, slot, &rows[i], &before);
    else
      add_cumulative (write, slot, &rows[i]);
  }
}

static void
add_points (Write *write, OrfOtlpBatch *batch)
{
  const OrfOtlpRow *rows = (const OrfOtlpRow *) (gpointer) batch->rows->data;
  gint64 now_us = orf_clock_monotonic_us ();

  for (guint i = 0, n; i < batch->rows->len; i += n) {
    const OrfOtlpSlot *refused;

    n = measure_point (batch->rows, i);
    refused = find_refused (write->metrics->slots, &rows[i], n);
    if (refused != NULL)
      orf_otlp_batch_reject (batch, refused->name->name, refused->refusal);
    else
      add_point (write, &rows[i], n, now_us);
  }
}

static OrfSampleBatch *
make_batch (OrfOtlpMetrics *metrics, const Write *write)
{
  OrfRegistry *registry = metrics->parts->registry;
  OrfSampleBatch *batch = orf_sample_batch_new (write->rows->len);

  for (guint i = 0; i < metrics->families->len; i++)
    orf_registry_declare (registry, metrics->families->pdata[i], batch);
  for (guint i = 0; i < write->rows->len; i++) {
    const Row *row = &g_array_index (write->rows, Row, i);

    orf_registry_declare (registry, row->series, batch);
    orf_sample_batch_add (batch, row->t_us, row->series->id, row->value);
  }
  return batch;
}

/* All its series are there that will be. */
static void
write_job (OrfOtlpMetrics *metrics, OrfOtlpMetricsJob *job)
{
  Write *write = g_new0 (Write, 1);
  guint n_rows = job->batch->rows->len;

  write->metrics = metrics;
  write->caller = job->base.caller;
  write->generation = orf_otlp_slots_get_generation (metrics->slots);
  write->oldest_us = orf_clock_now_us () - metrics->parts->config->metrics.late_us;
  write->rows = g_array_sized_new (FALSE, FALSE, sizeof (Row), n_rows);
  job->base.caller.reply = NULL;
  add_points (write, job->batch);
  write->n_rejected = job->batch->n_rejected;
  write->reason = g_steal_pointer (&job->batch->reason);
  if (write->rows->len > 0) {
    orf_store_write_samples (metrics->parts->store, make_batch (metrics, write), NULL, written_cb,
                             write);
    return;
  }
  orf_otlp_caller_succeed (&write->caller, &orf_otlp_metrics_signal, write->n_rejected,
                           write->reason);
  write_free (write);
}

/* ---- series ---------------------------------------------------------------------------------- */

/* Asked for as far as it may be. */
static void
ask_for (OrfOtlpMetrics *metrics, OrfOtlpSeries *series)
{
  const OrfFamily *family = orf_registry_find_family (metrics->parts->registry, series->name);

  if (family != NULL && family->builtin) {
    if (series->kind != ORF_SERIES_KIND_HISTOGRAM)
      orf_otlp_slots_get (metrics->slots, series->slot)->refusal = IS_BUILTIN;
    return;
  }
  g_ptr_array_add (metrics->asked, series);
}

static void
gather_asked (OrfOtlpMetrics *metrics, OrfOtlpBatch *batch)
{
  g_ptr_array_set_size (metrics->asked, 0);
  for (guint i = 0; i < batch->new_series->len; i++)
    if (batch->new_series->pdata[i] != NULL)
      ask_for (metrics, batch->new_series->pdata[i]);
  for (guint i = 0; i < batch->rows->len; i++) {
    OrfOtlpSlot *slot = orf_otlp_slots_get (metrics->slots,
                                            g_array_index (batch->rows, OrfOtlpRow, i).slot);

    if (slot->series == NULL)
      ask_for (metrics, slot->name);
  }
}

/* Those that are there already, and as many new ones as there is room for; the others are refused.
 */
static void
trim_asked (OrfOtlpMetrics *metrics)
{
  OrfRegistry *registry = metrics->parts->registry;
  guint room = orf_registry_get_outside_room (registry), n = 0;

  for (guint i = 0; i < metrics->asked->len; i++) {
    OrfOtlpSeries *series = metrics->asked->pdata[i];
    gboolean known = orf_registry_find (registry, series->name, series->labels) != NULL;

    if (known || room > 0) {
      metrics->asked->pdata[n++] = series;
      room -= !known;
    } else if (series->kind != ORF_SERIES_KIND_HISTOGRAM) {
      orf_otlp_slots_get (metrics->slots, series->slot)->refusal = NO_PLACE;
    }
  }
  g_ptr_array_set_size (metrics->asked, (int) n);
}

static void resolve (OrfOtlpMetrics *metrics);

static void
settle (OrfOtlpMetrics *metrics, OrfSeries *const *series)
{
  for (guint i = 0; i < metrics->asked->len; i++) {
    const OrfOtlpSeries *asked = metrics->asked->pdata[i];

    if (asked->kind == ORF_SERIES_KIND_HISTOGRAM)
      g_ptr_array_add (metrics->families, series[i]);
    else if (orf_otlp_slots_get (metrics->slots, asked->slot)->series == NULL)
      orf_otlp_slots_settle (metrics->slots, asked->slot, series[i]);
  }
}

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  OrfOtlpMetrics *metrics = user_data;
  OrfOtlpMetricsJob *job = g_queue_peek_head (&metrics->jobs);

  if (metrics->stopped)
    return;
  if (error != NULL && !metrics->trimmed &&
      orf_error_get_code (error) == ORF_ERROR_RESOURCE_EXHAUSTED) {
    metrics->trimmed = TRUE;
    trim_asked (metrics);
    resolve (metrics);
    return;
  }
  metrics->resolving = FALSE;
  g_queue_pop_head (&metrics->jobs);
  if (error == NULL) {
    settle (metrics, series);
    write_job (metrics, job);
  } else {
    orf_otlp_caller_fail (&job->base.caller, error);
  }
  orf_otlp_job_free (&job->base);
  run (metrics);
}

static void
resolve (OrfOtlpMetrics *metrics)
{
  g_autoptr (GArray) refs = g_array_new (FALSE, FALSE, sizeof (OrfSeriesRef));

  for (guint i = 0; i < metrics->asked->len; i++) {
    const OrfOtlpSeries *series = metrics->asked->pdata[i];
    const OrfSeriesRef ref = { series->name, series->labels, series->kind, series->unit,
                               series->help };

    g_array_append_val (refs, ref);
  }
  metrics->resolving = TRUE;
  orf_registry_resolve (metrics->parts->registry, (const OrfSeriesRef *) (gpointer) refs->data,
                        refs->len, resolved_cb, metrics);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* The first job of the queue. */
static void
begin (OrfOtlpMetrics *metrics, OrfOtlpMetricsJob *job)
{
  orf_otlp_slots_take (metrics->slots, job->batch);
  g_ptr_array_set_size (metrics->families, 0);
  metrics->trimmed = FALSE;
  if (job->base.error != NULL) {
    g_queue_pop_head (&metrics->jobs);
    orf_otlp_caller_fail (&job->base.caller, job->base.error);
    orf_otlp_job_free (&job->base);
    return;
  }
  gather_asked (metrics, job->batch);
  if (metrics->asked->len > 0) {
    resolve (metrics);
    return;
  }
  g_queue_pop_head (&metrics->jobs);
  write_job (metrics, job);
  orf_otlp_job_free (&job->base);
}

/* No deeper for a long queue: who comes back here from below leaves it to the first. */
static void
run (OrfOtlpMetrics *metrics)
{
  if (metrics->running)
    return;
  metrics->running = TRUE;
  while (!metrics->resolving && metrics->jobs.length > 0)
    begin (metrics, g_queue_peek_head (&metrics->jobs));
  metrics->running = FALSE;
}

static void
take_cb (gpointer user_data, OrfOtlpJob *job)
{
  OrfOtlpMetrics *metrics = user_data;

  if (metrics->stopped) {
    orf_otlp_job_free (job);
    return;
  }
  g_queue_push_tail (&metrics->jobs, job);
  run (metrics);
}

static OrfOtlpJob *
make_cb (gpointer user_data)
{
  const OrfConfig *config = ((OrfOtlpMetrics *) user_data)->parts->config;
  OrfOtlpMetricsJob *job = g_new0 (OrfOtlpMetricsJob, 1);

  job->batch = orf_otlp_batch_new ();
  job->limits = (OrfOtlpLimits){
    .now_us = orf_clock_now_us (),
    .late_us = config->metrics.late_us,
    .future_us = config->metrics.future_us,
    .max_labels = (guint) config->metrics.max_labels,
    .max_rows = (guint) config->otlp.max_rows,
    .max_slots = (guint) config->metrics.max_series * SLOTS_A_SERIES,
    .max_remembered_bytes = (gsize) config->memory.ingest_bytes / REMEMBERED_SHARE,
  };
  return &job->base;
}

const OrfOtlpSignal orf_otlp_metrics_signal = {
  .path = "/v1/metrics",
  .rejected_key = "rejectedDataPoints",
  .noun = "data points",
  .make = make_cb,
  .read = orf_otlp_metrics_job_read_thread,
  .take = take_cb,
  .free = orf_otlp_metrics_job_clear,
};

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
tick_cb (gpointer user_data)
{
  OrfOtlpMetrics *metrics = user_data;

  orf_otlp_slots_tick (metrics->slots, metrics->parts->config->metrics.idle_us);
  return G_SOURCE_CONTINUE;
}

OrfOtlpMetrics *
orf_otlp_metrics_new (const OrfMetricsParts *parts)
{
  OrfOtlpMetrics *metrics = g_new0 (OrfOtlpMetrics, 1);

  metrics->parts = parts;
  metrics->slots = orf_otlp_slots_new (parts->registry);
  metrics->asked = g_ptr_array_new ();
  metrics->families = g_ptr_array_new ();
  metrics->tick_id = g_timeout_add_seconds (TICK_S, tick_cb, metrics);
  return metrics;
}

void
orf_otlp_metrics_stop (OrfOtlpMetrics *metrics)
{
  OrfOtlpJob *job;

  metrics->stopped = TRUE;
  g_clear_handle_id (&metrics->tick_id, g_source_remove);
  while ((job = g_queue_pop_head (&metrics->jobs)) != NULL)
    orf_otlp_job_free (job);
}

void
orf_otlp_metrics_free (OrfOtlpMetrics *metrics)
{
  orf_otlp_slots_free (metrics->slots, FALSE);
  g_ptr_array_unref (metrics->asked);
  g_ptr_array_unref (metrics->families);
  g_free (metrics);
}
