/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.query told as CSV. */
#include "metrics/orf-metrics-export.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "metrics/orf-metrics-csv.h"
#include "metrics/orf-metrics-query.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

static void
refuse_cells (OrfCall *call, guint n_series, guint64 max_cells)
{
  orf_call_fail (call, g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                                    "%u series have more cells in one table than [metrics] "
                                    "max_query_points (%" G_GUINT64_FORMAT
                                    "): ask for fewer series, a shorter span or a larger step_us, "
                                    "which also brings their points into common lines",
                                    n_series, max_cells));
}

static void
tell_csv (const OrfMetricsParts *parts, OrfCall *call, OrfMetricsQueryResult *taken)
{
  g_autoptr (OrfMetricsQueryResult) found = taken;
  guint64 max_cells = (guint64) parts->config->metrics.max_query_points;
  g_autoptr (GString) csv = g_string_new (NULL);
  OrfMetricsExportResult result = { NULL };

  if (!orf_metrics_csv_append (csv, found->series, max_cells, &result.rows)) {
    refuse_cells (call, found->series->len, max_cells);
    return;
  }
  if (orf_call_is_rest (call)) {
    orf_call_return_encoded (call, csv->str, csv->len);
    return;
  }
  result.csv = csv->str;
  orf_call_return_metrics_export (call, &result);
}

static void
export_cb (OrfCall *call, const OrfMetricsExportParams *params, gpointer user_data)
{
  const OrfMetricsQueryParams query = {
    .select = params->select,
    .expr = params->expr,
    .from_us = params->from_us,
    .has_from_us = params->has_from_us,
    .to_us = params->to_us,
    .has_to_us = params->has_to_us,
    .step_us = params->step_us,
    .has_step_us = params->has_step_us,
    .aggregate = params->aggregate,
    .by = params->by,
  };

  orf_metrics_query_run (user_data, call, &query, tell_csv);
}

void
orf_metrics_export_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_metrics_export (router, export_cb, (gpointer) parts);
}
