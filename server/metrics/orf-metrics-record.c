/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: every sample is checked, then the families that are not in memory are looked
 * up, observations of histograms become counters, series get their ids, one batch goes to the
 * store, and once that says durable, the points go to the open chunks and the caller is answered.
 */
#include "metrics/orf-metrics-record.h"

#include <math.h>
#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-histogram.h"
#include "metrics/orf-running-total.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* Rows of one call: ten thousand samples are as many, but an observation is one for each bucket. */
#define MAX_ROWS 100000

/* One row of sample_raw to be. */
typedef struct {
  gint64 t_us;
  double value;
  gboolean observed; /* it is a counter of a histogram */
  double addend;     /* what that rises by */
} Row;

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  const OrfMetricsRecordParams *params; /* the call's */
  gint64 now_us;
  GArray *rows;      /* Row */
  GPtrArray *series; /* OrfSeries of each row, held */
  char *answer;      /* JSON */
} Record;

static void
record_free (Record *record)
{
  for (guint i = 0; record->series != NULL && i < record->series->len; i++)
    orf_registry_release (record->parts->registry, record->series->pdata[i]);
  g_clear_pointer (&record->series, g_ptr_array_unref);
  g_clear_pointer (&record->rows, g_array_unref);
  g_free (record->answer);
  g_free (record);
}

/* Takes error. */
static void
fail (Record *record, GError *error)
{
  orf_call_fail (record->call, error);
  record_free (record);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static gboolean
check_time (const Record *record, const OrfMetricsSample *sample, GError **error)
{
  const OrfConfig *config = record->parts->config;
  gint64 oldest_us = record->now_us - config->metrics.late_us;
  gint64 newest_us = record->now_us + config->metrics.future_us;
  g_autofree char *allowed = NULL;

  if (!sample->has_t_us || (sample->t_us >= oldest_us && sample->t_us <= newest_us))
    return TRUE;
  allowed = g_strdup_printf ("from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                             " ([metrics] late_us and future_us around now)",
                             oldest_us, newest_us);
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_OUT_OF_RANGE, "t_us", allowed,
                                          "t_us: %" G_GINT64_FORMAT " is too %s", sample->t_us,
                                          sample->t_us < oldest_us ? "old" : "far ahead"));
  return FALSE;
}

static gboolean
refuse (GError **error, const char *field, const char *allowed, const char *message)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: %s", field, message));
  return FALSE;
}

/* What the family says of the sample; it may be NULL. */
static gboolean
check_family (const OrfFamily *family, const OrfMetricsSample *sample, GError **error)
{
  if (family == NULL)
    return TRUE;
  if (family->builtin)
    return refuse (error, "name", "a name that is not built in",
                   "the daemon itself records this metric");
  if (family->kind == ORF_SERIES_KIND_COUNTER && sample->value < 0)
    return refuse (error, "value", "0 or more", "a counter is never negative");
  if (family->kind == ORF_SERIES_KIND_HISTOGRAM &&
      orf_series_name_get_label (sample->labels, "le") != NULL)
    return refuse (error, "labels.le", "any other key", "a histogram's buckets have this label");
  return TRUE;
}

static gboolean
check_sample (const Record *record, const OrfMetricsSample *sample, GError **error)
{
  OrfRegistry *registry = record->parts->registry;
  guint max_labels = (guint) record->parts->config->metrics.max_labels;

  if (!orf_series_name_check (sample->name, "name", error) ||
      !orf_series_name_check_labels (sample->labels, max_labels, "labels", error))
    return FALSE;
  if (!isfinite (sample->value))
    return refuse (error, "value", "a finite number", "there is none");
  if (orf_histogram_owns_name (registry, sample->name))
    return refuse (error, "name", "a name that no histogram uses",
                   "a histogram keeps its counters there");
  return check_time (record, sample, error) &&
         check_family (orf_registry_find_family (registry, sample->name), sample, error);
}

static void
prefix_sample (GError *error, guint index)
{
  g_autofree char *prefix = g_strdup_printf ("samples[%u]", index);

  orf_error_prefix_field (error, prefix);
}

static gboolean
check_all (const Record *record, GError **error)
{
  GPtrArray *samples = record->params->samples;

  for (guint i = 0; i < samples->len; i++) {
    GError *local = NULL;

    if (check_sample (record, samples->pdata[i], &local))
      continue;
    prefix_sample (local, i);
    g_propagate_error (error, local);
    return FALSE;
  }
  return TRUE;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What was counted for a histogram and not written. */
static void
take_back_totals (Record *record)
{
  for (guint i = 0; i < record->rows->len; i++) {
    const Row *row = &g_array_index (record->rows, Row, i);

    if (row->observed)
      orf_running_total_take_back (record->series->pdata[i], row->addend);
  }
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Record *record = user_data;

  if (error != NULL || result->replayed_json != NULL)
    take_back_totals (record);
  if (error != NULL) {
    fail (record, g_error_copy (error));
    return;
  }
  if (result->replayed_json != NULL) {
    orf_call_return_encoded (record->call, result->replayed_json, strlen (result->replayed_json));
  } else {
    for (guint i = 0; i < record->rows->len; i++) {
      const Row *row = &g_array_index (record->rows, Row, i);

      orf_registry_append (record->parts->registry, record->series->pdata[i], row->t_us,
                           row->value);
    }
    orf_call_return_encoded (record->call, record->answer, strlen (record->answer));
  }
  record_free (record);
}

/* ---- the batch ------------------------------------------------------------------------------- */

static OrfSampleBatch *
make_batch (Record *record)
{
  OrfSampleBatch *batch = orf_sample_batch_new (record->rows->len);

  for (guint i = 0; i < record->rows->len; i++) {
    Row *row = &g_array_index (record->rows, Row, i);
    OrfSeries *series = record->series->pdata[i];

    if (row->observed)
      row->value = orf_running_total_add (series, row->addend, 0);
    orf_registry_declare (record->parts->registry, series, batch);
    orf_sample_batch_add (batch, row->t_us, series->id, row->value);
  }
  return batch;
}

static char *
make_answer (const Record *record)
{
  const OrfMetricsRecordResult result = { record->params->samples->len };
  GString *json = g_string_new (NULL);

  orf_encode (&orf_metrics_record_result_desc, &result, json,
              NULL); /* a number cannot break the schema */
  return g_string_free (json, FALSE);
}

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  Record *record = user_data;
  OrfIdempotency idempotency = { .key = orf_call_get_idempotency_key (record->call) };

  if (error != NULL) {
    fail (record, g_error_copy (error));
    return;
  }
  if (orf_call_is_ended (record->call)) {
    /* nobody waits, and nothing is promised */
    fail (record, g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "the caller went away"));
    return;
  }
  record->series = g_ptr_array_sized_new (n_series);
  for (guint i = 0; i < n_series; i++) {
    orf_registry_hold (record->parts->registry, series[i]);
    g_ptr_array_add (record->series, series[i]);
  }
  record->answer = make_answer (record);
  idempotency.method = orf_call_get_method (record->call)->name;
  idempotency.params_hash = orf_call_get_params_hash (record->call);
  idempotency.response_json = record->answer;
  orf_store_write_samples (record->parts->store, make_batch (record),
                           idempotency.key != NULL ? &idempotency : NULL, written_cb, record);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
add_plain (Record *record, GArray *refs, const OrfMetricsSample *sample, gint64 t_us)
{
  const OrfSeriesRef ref = { sample->name, sample->labels, ORF_SERIES_KIND_GAUGE };
  const Row row = { t_us, sample->value, FALSE, 0 };

  g_array_append_val (refs, ref);
  g_array_append_val (record->rows, row);
}

static void
add_observation (Record *record,
                 GArray *refs,
                 GPtrArray *names,
                 const OrfFamily *family,
                 const OrfMetricsSample *sample,
                 gint64 t_us)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (OrfHistogramRow));

  orf_histogram_observe (family, sample->labels, sample->value, names, parts);
  for (guint i = 0; i < parts->len; i++) {
    const OrfHistogramRow *part = &g_array_index (parts, OrfHistogramRow, i);
    const OrfSeriesRef ref = { part->name, part->labels, ORF_SERIES_KIND_COUNTER };
    const Row row = { t_us, 0, TRUE, part->addend };

    g_array_append_val (refs, ref);
    g_array_append_val (record->rows, row);
  }
}

/* Families are in memory now, as far as there are any. */
static gboolean
make_rows (Record *record, GArray *refs, GPtrArray *names, GError **error)
{
  GPtrArray *samples = record->params->samples;

  for (guint i = 0; i < samples->len; i++) {
    const OrfMetricsSample *sample = samples->pdata[i];
    const OrfFamily *family = orf_registry_find_family (record->parts->registry, sample->name);
    gint64 t_us = sample->has_t_us ? sample->t_us : record->now_us;
    GError *local = NULL;

    if (!check_family (family, sample, &local)) {
      prefix_sample (local, i);
      g_propagate_error (error, local);
      return FALSE;
    }
    if (family != NULL && family->kind == ORF_SERIES_KIND_HISTOGRAM && family->buckets != NULL)
      add_observation (record, refs, names, family, sample, t_us);
    else
      add_plain (record, refs, sample, t_us);
    if (refs->len > MAX_ROWS)
      return refuse (error, "samples", "observations that make at most 100000 rows",
                     "too many for one call");
  }
  return TRUE;
}

static void
go_on (Record *record)
{
  g_autoptr (GArray)
    refs = g_array_sized_new (FALSE, FALSE, sizeof (OrfSeriesRef), record->params->samples->len);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GError *error = NULL;

  record->rows = g_array_sized_new (FALSE, FALSE, sizeof (Row), record->params->samples->len);
  if (!make_rows (record, refs, names, &error)) {
    fail (record, error);
    return;
  }
  orf_registry_resolve (record->parts->registry, (const OrfSeriesRef *) refs->data, refs->len,
                        resolved_cb, record);
}

static void
families_cb (gpointer user_data, OrfFamily *const *families, guint n_families, const GError *error)
{
  Record *record = user_data;

  if (error != NULL)
    fail (record, g_error_copy (error));
  else
    go_on (record);
}

/* Names that memory does not know, each once. */
static GPtrArray *
find_unknown (const Record *record)
{
  g_autoptr (GHashTable) seen = orf_names_table_new (NULL, NULL);
  GPtrArray *unknown = g_ptr_array_new ();

  for (guint i = 0; i < record->params->samples->len; i++) {
    const OrfMetricsSample *sample = record->params->samples->pdata[i];

    if (orf_registry_find_family (record->parts->registry, sample->name) == NULL &&
        g_hash_table_add (seen, sample->name))
      g_ptr_array_add (unknown, sample->name);
  }
  return unknown;
}

static void
record_cb (OrfCall *call, const OrfMetricsRecordParams *params, gpointer user_data)
{
  Record *record = g_new0 (Record, 1);
  g_autoptr (GPtrArray) unknown = NULL;
  GError *error = NULL;

  record->parts = user_data;
  record->call = call;
  record->params = params;
  record->now_us = orf_clock_now_us ();
  if (!check_all (record, &error)) {
    fail (record, error);
    return;
  }
  unknown = find_unknown (record);
  if (unknown->len == 0)
    go_on (record);
  else
    orf_registry_resolve_families (record->parts->registry, (const char *const *) unknown->pdata,
                                   unknown->len, families_cb, record);
}

void
orf_metrics_record_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_metrics_record (router, record_cb, (gpointer) parts);
}
