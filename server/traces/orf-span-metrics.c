/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-span-metrics.h"

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "metrics/orf-series-name.h"
#include "store/orf-store-spans.h"
#include "traces/orf-span-seats.h"
#include "traces/orf-trace-id.h"

/* Counters need not be sampled as often as gauges: an operation has 19 series. */
#define PERIOD_US (5 * ORF_US_PER_S)
#define RANK_US   ORF_MINUTE_US

struct _OrfSpanMetrics {
  const OrfConfig *config;
  OrfStore *store;
  OrfSpanSeats *seats;
  gint64 ranked_us;
  char *le[ORF_SPAN_N_CLASSES];
};

static guint
get_max (const OrfSpanMetrics *metrics)
{
  return (guint) metrics->config->trace.max_metric_operations;
}

static void
written_cb (gpointer user_data, const GPtrArray *tallies)
{
  OrfSpanMetrics *metrics = user_data;

  for (guint i = 0; i < tallies->len; i++)
    orf_span_seats_add (metrics->seats, tallies->pdata[i], get_max (metrics));
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
fill_operation (const OrfSpanMetrics *metrics, OrfFrame *frame, const OrfSpanTally *sum)
{
  const char *const labels[] = { sum->operation, sum->service, NULL };
  gint64 n = 0;

  orf_frame_add (frame, ORF_METRIC_SPAN_CALLS, labels, (double) sum->spans);
  orf_frame_add (frame, ORF_METRIC_SPAN_ERRORS, labels, (double) sum->errors);
  for (guint i = 0; i < ORF_SPAN_N_CLASSES; i++) {
    const char *const with_le[] = { metrics->le[i], sum->operation, sum->service, NULL };

    n += sum->counts[i];
    orf_frame_add (frame, ORF_METRIC_SPAN_DURATION_US_BUCKET, with_le, (double) n);
  }
  orf_frame_add (frame, ORF_METRIC_SPAN_DURATION_US_COUNT, labels, (double) sum->spans);
  orf_frame_add (frame, ORF_METRIC_SPAN_DURATION_US_SUM, labels, (double) sum->sum_us);
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfSpanMetrics *metrics = self;
  g_autoptr (GPtrArray) seated = NULL;

  if (ABS (frame->t_us - metrics->ranked_us) >= RANK_US) {
    metrics->ranked_us = frame->t_us;
    orf_span_seats_rank (metrics->seats, get_max (metrics));
  }
  seated = orf_span_seats_dup_seated (metrics->seats);
  for (guint i = 0; i < seated->len; i++)
    fill_operation (metrics, frame, seated->pdata[i]);
}

static gint64
get_period_us_cb (gpointer self)
{
  return PERIOD_US;
}

/* ---- exemplars ------------------------------------------------------------------------------- */

static guint
find_class (const OrfSpanMetrics *metrics, const char *le)
{
  guint place = 0;

  while (place < ORF_SPAN_N_CLASSES && g_strcmp0 (metrics->le[place], le) != 0)
    place++;
  return place;
}

/* NULL: the series has none. */
static const OrfSpanExemplar *
find_exemplar (const OrfSpanMetrics *metrics, const OrfSpanTally *sum, const OrfSeries *series)
{
  const char *name = series->family->name;
  guint place;

  if (g_str_equal (name, orf_metrics[ORF_METRIC_SPAN_ERRORS].name))
    return &sum->failed;
  if (!g_str_equal (name, orf_metrics[ORF_METRIC_SPAN_DURATION_US_BUCKET].name))
    return NULL;
  place = find_class (metrics, orf_series_name_get_label (series->labels, "le"));
  return place < ORF_SPAN_N_CLASSES ? &sum->exemplars[place] : NULL;
}

/* Ids are 63 characters with their names; the format has room for 128. */
static char *
format (const OrfSpanExemplar *exemplar, double value)
{
  g_autofree char *trace = orf_trace_id_format (exemplar->trace_id, ORF_TRACE_ID_BYTES);
  g_autofree char *span = orf_trace_id_format (exemplar->span_id, ORF_SPAN_ID_BYTES);
  const char *const labels[] = { "span_id", span, "trace_id", trace, NULL };

  return orf_exemplar_format (labels, value, exemplar->start_us);
}

static char *
exemplar_cb (gpointer user_data, const OrfSeries *series)
{
  OrfSpanMetrics *metrics = user_data;
  const char *service = orf_series_name_get_label (series->labels, "service");
  const char *operation = orf_series_name_get_label (series->labels, "operation");
  const OrfSpanTally *sum = service != NULL && operation != NULL
                              ? orf_span_seats_find (metrics->seats, service, operation)
                              : NULL;
  const OrfSpanExemplar *exemplar = sum != NULL ? find_exemplar (metrics, sum, series) : NULL;

  if (exemplar == NULL || exemplar->start_us == 0 ||
      exemplar->start_us < orf_clock_now_us () - ORF_SPAN_EXEMPLAR_US)
    return NULL;
  /* a failure adds one to its counter */
  return format (exemplar,
                 exemplar == &sum->failed ? 1 : (double) exemplar->duration_us / ORF_US_PER_S);
}

void
orf_span_metrics_expose (OrfSpanMetrics *metrics, OrfExposition *exposition)
{
  orf_exposition_set_exemplars (exposition, exemplar_cb, metrics);
}

/* ---- life ------------------------------------------------------------------------------------ */

static const OrfSamplerSource ops = {
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

OrfSpanMetrics *
orf_span_metrics_new (const OrfConfig *config, OrfStore *store, OrfSampler *sampler)
{
  OrfSpanMetrics *metrics = g_new0 (OrfSpanMetrics, 1);

  metrics->config = config;
  metrics->store = store;
  metrics->seats = orf_span_seats_new ();
  for (guint i = 0; i < ORF_SPAN_N_BOUNDS; i++)
    metrics->le[i] = g_strdup_printf ("%" G_GINT64_FORMAT, orf_span_bounds_us[i]);
  metrics->le[ORF_SPAN_N_BOUNDS] = g_strdup ("+Inf");
  orf_store_set_spans_written (store, written_cb, metrics);
  orf_sampler_add_source (sampler, &ops, metrics);
  return metrics;
}

void
orf_span_metrics_free (OrfSpanMetrics *metrics)
{
  orf_store_set_spans_written (metrics->store, NULL, NULL);
  for (guint i = 0; i < ORF_SPAN_N_CLASSES; i++)
    g_free (metrics->le[i]);
  orf_span_seats_free (metrics->seats);
  g_free (metrics);
}
