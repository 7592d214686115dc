/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-mapper.h"

#include <string.h>

#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "otlp/orf-otlp-exponential.h"
#include "otlp/orf-otlp-mapper-private.h"

/* What a metric says of itself beside its name; more is not of use to anybody. */
#define MAX_UNIT_BYTES 63
#define MAX_HELP_BYTES 1024

/* AggregationTemporality. */
#define DELTA      1
#define CUMULATIVE 2

OrfOtlpMapper *
orf_otlp_mapper_new (char *const *promote)
{
  OrfOtlpMapper *mapper = g_new0 (OrfOtlpMapper, 1);

  mapper->cache = orf_otlp_cache_new ();
  mapper->labels = orf_otlp_labels_new ();
  mapper->bounds = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBound));
  mapper->parts = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBytes));
  mapper->promote = g_strdupv ((char **) promote);
  return mapper;
}

void
orf_otlp_mapper_free (OrfOtlpMapper *mapper)
{
  orf_otlp_cache_free (mapper->cache);
  orf_otlp_labels_free (mapper->labels);
  g_array_unref (mapper->bounds);
  g_array_unref (mapper->parts);
  g_strfreev (mapper->promote);
  g_free (mapper);
}

gsize
orf_otlp_mapper_get_size_bytes (const OrfOtlpMapper *mapper)
{
  return orf_otlp_cache_get_size_bytes (mapper->cache);
}

/* ---- one metric ------------------------------------------------------------------------------ */

static void
reject_all (OrfOtlpMapper *mapper, gsize n_points, const char *message)
{
  mapper->batch->n_points += n_points;
  for (gsize i = 0; i < n_points; i++)
    orf_otlp_mapper_reject (mapper, message);
}

/* FALSE, and all are rejected: no such temporality. */
static gboolean
get_temporality (OrfOtlpMapper *mapper, gint32 temporality, gsize n_points, guint *flags)
{
  if (temporality != DELTA && temporality != CUMULATIVE) {
    reject_all (mapper, n_points, "its temporality is neither delta nor cumulative");
    return FALSE;
  }
  *flags = temporality == DELTA ? ORF_OTLP_ROW_DELTA : ORF_OTLP_ROW_MONOTONIC;
  return TRUE;
}

static void
map_sum (OrfOtlpMapper *mapper, const Otlp__Sum *sum)
{
  guint flags;

  if (!get_temporality (mapper, sum->aggregation_temporality, sum->n_data_points, &flags))
    return;
  if (!sum->is_monotonic)
    flags &= ~(guint) ORF_OTLP_ROW_MONOTONIC;
  orf_otlp_map_numbers (mapper, sum->data_points, sum->n_data_points,
                        sum->is_monotonic ? ORF_SERIES_KIND_COUNTER : ORF_SERIES_KIND_GAUGE, flags);
}

static void
map_histogram (OrfOtlpMapper *mapper, const Otlp__Histogram *histogram)
{
  guint flags;

  if (get_temporality (mapper, histogram->aggregation_temporality, histogram->n_data_points,
                       &flags))
    orf_otlp_map_histograms (mapper, histogram->data_points, histogram->n_data_points, flags);
}

static void
map_exponential (OrfOtlpMapper *mapper, const Otlp__ExponentialHistogram *histogram)
{
  guint flags;

  if (get_temporality (mapper, histogram->aggregation_temporality, histogram->n_data_points,
                       &flags))
    orf_otlp_map_exponentials (mapper, histogram->data_points, histogram->n_data_points, flags);
}

static gsize
count_points (const Otlp__Metric *metric)
{
  if (metric->gauge != NULL)
    return metric->gauge->n_data_points;
  if (metric->sum != NULL)
    return metric->sum->n_data_points;
  if (metric->histogram != NULL)
    return metric->histogram->n_data_points;
  if (metric->exponential_histogram != NULL)
    return metric->exponential_histogram->n_data_points;
  return metric->summary != NULL ? metric->summary->n_data_points : 0;
}

/* Points of another kind, or in another unit, are another stream. */
static guint32
intern_metric (OrfOtlpMapper *mapper, guint32 scope, const Otlp__Metric *metric)
{
  const char *unit = metric->unit != NULL ? metric->unit : "";
  const guint8 kind = metric->gauge != NULL       ? 'g'
                      : metric->sum != NULL       ? (metric->sum->is_monotonic ? 'c' : 's')
                      : metric->histogram != NULL ? 'h'
                      : metric->exponential_histogram != NULL ? 'e'
                                                              : 'q';
  const OrfOtlpBytes parts[] = { { (const guint8 *) metric->name, strlen (metric->name) },
                                 { (const guint8 *) unit, strlen (unit) },
                                 { &kind, 1 } };

  return orf_otlp_cache_intern (mapper->cache, scope, parts, G_N_ELEMENTS (parts));
}

static void
map_metric (OrfOtlpMapper *mapper, guint32 scope, const Otlp__Metric *metric)
{
  g_autoptr (GError) error = NULL;

  mapper->metric = metric;
  mapper->name = metric->name != NULL ? metric->name : "";
  if (!orf_series_name_check (mapper->name, "name", &error)) {
    mapper->name = "with no name of ours";
    reject_all (mapper, count_points (metric), error->message);
    return;
  }
  mapper->context = intern_metric (mapper, scope, metric);
  if (metric->gauge != NULL)
    orf_otlp_map_numbers (mapper, metric->gauge->data_points, metric->gauge->n_data_points,
                          ORF_SERIES_KIND_GAUGE, 0);
  else if (metric->sum != NULL)
    map_sum (mapper, metric->sum);
  else if (metric->histogram != NULL)
    map_histogram (mapper, metric->histogram);
  else if (metric->exponential_histogram != NULL)
    map_exponential (mapper, metric->exponential_histogram);
  else if (metric->summary != NULL)
    orf_otlp_map_summaries (mapper, metric->summary->data_points, metric->summary->n_data_points);
}

/* ---- what they share ------------------------------------------------------------------------- */

void
orf_otlp_mapper_reject (OrfOtlpMapper *mapper, const char *message)
{
  orf_otlp_batch_reject (mapper->batch, mapper->name, message);
}

void
orf_otlp_mapper_drop (OrfOtlpMapper *mapper, gboolean fresh, const char *message)
{
  if (fresh)
    orf_otlp_cache_forget (mapper->cache);
  orf_otlp_mapper_reject (mapper, message);
}

gboolean
orf_otlp_mapper_read_labels (OrfOtlpMapper *mapper, const OrfOtlpPoint *point)
{
  gboolean sound;

  orf_otlp_labels_clear (mapper->labels);
  sound = orf_otlp_labels_set_resource (mapper->labels, mapper->resource, mapper->promote) &&
          orf_otlp_labels_set_scope (mapper->labels, mapper->scope);
  for (gsize i = 0; sound && i < point->n_attributes; i++) {
    const OrfOtlpBytes attribute = { point->attributes[i].data, point->attributes[i].len };

    sound = orf_otlp_labels_add_attribute (mapper->labels, attribute);
  }
  return sound;
}

static gboolean
set_time (OrfOtlpMapper *mapper, OrfOtlpPoint *point)
{
  const OrfOtlpLimits *limits = mapper->limits;

  point->t_us = point->time_ns > 0 ? (gint64) (point->time_ns / 1000) : limits->now_us;
  if (point->t_us < limits->now_us - limits->late_us)
    orf_otlp_mapper_reject (mapper, "its time is too old ([metrics] late_us)");
  else if (point->t_us > limits->now_us + limits->future_us)
    orf_otlp_mapper_reject (mapper, "its time is too far ahead ([metrics] future_us)");
  else
    return TRUE;
  return FALSE;
}

static OrfOtlpEntry *
find_entry (OrfOtlpMapper *mapper, const OrfOtlpPoint *point, gboolean *fresh)
{
  g_array_set_size (mapper->parts, 0);
  for (gsize i = 0; i < point->n_attributes; i++) {
    const OrfOtlpBytes part = { point->attributes[i].data, point->attributes[i].len };

    g_array_append_val (mapper->parts, part);
  }
  return orf_otlp_cache_find (mapper->cache, mapper->context,
                              (const OrfOtlpBytes *) (gpointer) mapper->parts->data,
                              mapper->parts->len, fresh);
}

OrfOtlpEntry *
orf_otlp_mapper_begin (OrfOtlpMapper *mapper, OrfOtlpPoint *point, gboolean *fresh)
{
  static const guint32 no_recorded_value = 1;
  OrfOtlpEntry *entry;

  mapper->batch->n_points++;
  if (point->flags & no_recorded_value || !set_time (mapper, point))
    return NULL;
  entry = find_entry (mapper, point, fresh);
  if (!*fresh || orf_otlp_mapper_read_labels (mapper, point))
    return entry;
  orf_otlp_mapper_drop (mapper, TRUE, "its attributes cannot be read");
  return NULL;
}

/* NULL where it is empty, too long, or no text. */
static char *
dup_text (const char *text, gsize max_bytes)
{
  if (text == NULL || text[0] == '\0' || strlen (text) > max_bytes ||
      !g_utf8_validate (text, -1, NULL))
    return NULL;
  return g_strdup (text);
}

gboolean
orf_otlp_mapper_add_series (OrfOtlpMapper *mapper,
                            const char *ending,
                            const char *key,
                            const char *value,
                            OrfSeriesKind kind,
                            guint32 *slot)
{
  g_autoptr (OrfOtlpSeries) series = orf_otlp_series_new ();
  g_autoptr (GError) error = NULL;

  series->kind = kind;
  series->name = g_strconcat (mapper->name, ending, NULL);
  series->unit = dup_text (mapper->metric->unit, MAX_UNIT_BYTES);
  series->help = dup_text (mapper->metric->description, MAX_HELP_BYTES);
  series->labels = kind == ORF_SERIES_KIND_HISTOGRAM
                     ? g_new0 (char *, 1)
                     : orf_otlp_labels_make (mapper->labels, key, value);
  if (!orf_series_name_check (series->name, "name", &error) ||
      !orf_series_name_check_labels (series->labels, mapper->limits->max_labels, "attributes",
                                     &error)) {
    orf_otlp_mapper_reject (mapper, error->message);
    return FALSE;
  }
  *slot = series->slot = orf_otlp_cache_next_slot (mapper->cache);
  g_ptr_array_add (mapper->batch->new_series, g_steal_pointer (&series));
  return TRUE;
}

void
orf_otlp_mapper_add_row (
  OrfOtlpMapper *mapper, const OrfOtlpPoint *point, guint32 slot, double value, guint flags)
{
  const OrfOtlpRow row = { .t_us = point->t_us,
                           .start_us = (gint64) (point->start_ns / 1000),
                           .value = value,
                           .slot = slot,
                           .flags = flags };

  g_array_append_val (mapper->batch->rows, row);
}

/* ---- one request ----------------------------------------------------------------------------- */

/* FALSE: there are too many rows. */
static gboolean
map_scope (OrfOtlpMapper *mapper, guint32 resource, const Otlp__ScopeMetrics *scope)
{
  guint32 context;

  mapper->scope = (OrfOtlpBytes){ scope->scope.data, scope->scope.len };
  context = orf_otlp_cache_intern (mapper->cache, resource, &mapper->scope, 1);
  for (size_t i = 0; i < scope->n_metrics; i++) {
    map_metric (mapper, context, scope->metrics[i]);
    if (mapper->batch->rows->len > mapper->limits->max_rows)
      return FALSE;
  }
  return TRUE;
}

static gboolean
map_resource (OrfOtlpMapper *mapper, const Otlp__ResourceMetrics *resource)
{
  guint32 context;

  mapper->resource = (OrfOtlpBytes){ resource->resource.data, resource->resource.len };
  context = orf_otlp_cache_intern (mapper->cache, 0, &mapper->resource, 1);
  for (size_t i = 0; i < resource->n_scope_metrics; i++)
    if (!map_scope (mapper, context, resource->scope_metrics[i]))
      return FALSE;
  return TRUE;
}

static gboolean
map_request (OrfOtlpMapper *mapper, const Otlp__MetricsRequest *request, GError **error)
{
  const OrfOtlpLimits *limits = mapper->limits;
  OrfOtlpBatch *batch = mapper->batch;

  for (size_t i = 0; i < request->n_resource_metrics; i++)
    if (!map_resource (mapper, request->resource_metrics[i])) {
      g_array_set_size (batch->rows, 0);
      g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                   "the request makes more than %u rows ([otlp] max_rows): send fewer points at a "
                   "time",
                   limits->max_rows);
      return FALSE;
    }
  return TRUE;
}

/* At the end of a request, not when the next one comes: what is remembered counts as [memory]
 * ingest_bytes, and while those are full none comes. */
static void
forget_if_full (OrfOtlpMapper *mapper)
{
  if (orf_otlp_cache_get_n_slots (mapper->cache) < mapper->limits->max_slots &&
      orf_otlp_cache_get_size_bytes (mapper->cache) < mapper->limits->max_remembered_bytes)
    return;
  orf_otlp_cache_reset (mapper->cache);
  mapper->was_reset = TRUE;
}

gboolean
orf_otlp_mapper_run (OrfOtlpMapper *mapper,
                     const OrfOtlpLimits *limits,
                     const Otlp__MetricsRequest *request,
                     OrfOtlpBatch *batch,
                     GError **error)
{
  gboolean mapped;

  mapper->limits = limits;
  mapper->batch = batch;
  batch->reset = mapper->was_reset;
  mapper->was_reset = FALSE;
  mapped = map_request (mapper, request, error);
  forget_if_full (mapper);
  return mapped;
}
