/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one query: the series that the selector means are found; the points of their open
 * chunks are taken; what the chunks do not have is read from the file (orf-query-points.h); each
 * series' points are aggregated where that is asked, and told. Where everything is in the chunks,
 * the answer is made before the handler returns.
 */
#include "metrics/orf-metrics-query.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "metrics/orf-expr-parse.h"
#include "metrics/orf-expr-query.h"
#include "metrics/orf-query-groups.h"
#include "metrics/orf-query-points.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

#define DEFAULT_SPAN_US (300 * ORF_US_PER_S)
/* An increase starts from the last point before its window: as far as this back, or a step. */
#define LOOK_BACK_US (300 * ORF_US_PER_S)

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  OrfMetricsQueryParams params; /* what it points to is the call's */
  OrfMetricsQueryDone done;
  OrfSelector *selector; /* or */
  OrfExpr *expr;
  gint64 from_us, to_us;
  gint64 read_from_us; /* from_us, less what an increase looks back */
} Query;

static void
query_free (Query *query)
{
  g_clear_pointer (&query->selector, orf_selector_free);
  orf_expr_free (query->expr);
  g_free (query);
}

/* Takes error. */
static void
fail (Query *query, GError *error)
{
  orf_call_fail (query->call, error);
  query_free (query);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static OrfWindowSpec
get_windows (const Query *query)
{
  const OrfMetricsQueryParams *params = &query->params;

  return (OrfWindowSpec){ query->from_us, query->to_us, params->has_step_us ? params->step_us : 0,
                          params->aggregate };
}

/* Takes the points. */
static OrfQueryGroups *
make_groups (const Query *query, OrfQueryPoints *read)
{
  OrfQueryGroups *groups = orf_query_groups_new ((const char *const *) query->params.by);

  for (guint i = 0; i < read->selected->len; i++)
    orf_query_groups_add (groups, read->selected->pdata[i],
                          g_steal_pointer (&read->points->pdata[i]),
                          g_steal_pointer (&read->rollups->pdata[i]));
  return groups;
}

/* Without a step the points themselves are the bound, and they were looked at. */
static gboolean
check_windows (const Query *query, guint n_series, GError **error)
{
  const OrfWindowSpec windows = get_windows (query);
  guint64 most = (guint64) query->parts->config->metrics.max_query_points;

  if (windows.step_us == 0 || n_series == 0 || orf_window_count (&windows) <= most / n_series)
    return TRUE;
  return orf_query_points_refuse (query->parts, error);
}

/* Takes series. */
static void
give (Query *query, GPtrArray *series)
{
  OrfMetricsQueryResult *result = orf_metrics_query_result_new ();

  result->series = series;
  result->from_us = query->from_us;
  result->to_us = query->to_us;
  query->done (query->parts, query->call, result);
  query_free (query);
}

static void
tell (Query *query, OrfQueryGroups *groups)
{
  const OrfWindowSpec windows = get_windows (query);

  give (query, windows.step_us > 0 || windows.aggregate != ORF_METRICS_AGGREGATE_UNSET
                 ? orf_query_groups_aggregate (groups, &windows)
                 : orf_query_groups_take_points (groups));
}

static void
read_cb (gpointer user_data, OrfQueryPoints *read, const GError *failure)
{
  Query *query = user_data;
  const OrfMetricsParts *parts = query->parts;
  g_autoptr (OrfQueryGroups) groups = NULL;
  GError *error = NULL;

  if (failure != NULL) {
    fail (query, g_error_copy (failure));
    return;
  }
  groups = make_groups (query, read);
  if (check_windows (query, orf_query_groups_count (groups, query->from_us), &error))
    tell (query, groups);
  else
    fail (query, error);
  orf_query_points_free (parts, read);
}

/* Which columns of rollups the aggregate needs; of UNSET, that of either kind of series. */
static OrfRollupPart
get_part (OrfMetricsAggregate aggregate)
{
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_AVG:
  case ORF_METRICS_AGGREGATE_SUM:
    return ORF_ROLLUP_SUM;
  case ORF_METRICS_AGGREGATE_MIN:
    return ORF_ROLLUP_MIN;
  case ORF_METRICS_AGGREGATE_MAX:
    return ORF_ROLLUP_MAX;
  case ORF_METRICS_AGGREGATE_LAST:
    return ORF_ROLLUP_LAST;
  case ORF_METRICS_AGGREGATE_COUNT:
    return ORF_ROLLUP_COUNT;
  case ORF_METRICS_AGGREGATE_P50:
  case ORF_METRICS_AGGREGATE_P95:
  case ORF_METRICS_AGGREGATE_P99:
    return ORF_ROLLUP_SKETCH;
  default:
    return ORF_ROLLUP_ALL;
  }
}

/* The longest rollups that lie within windows: these begin at multiples of the step.  One window
 * over the whole span takes what there is.  0: points are needed; so they are to find the last of
 * several series, as a rollup does not tell when its last sample was. */
static gint64
get_rollup_us (const Query *query)
{
  const OrfWindowSpec windows = get_windows (query);
  gboolean may_be_last = windows.aggregate == ORF_METRICS_AGGREGATE_LAST ||
                         windows.aggregate == ORF_METRICS_AGGREGATE_UNSET;

  if (!orf_window_takes_rollups (windows.aggregate) ||
      (windows.step_us == 0 && windows.aggregate == ORF_METRICS_AGGREGATE_UNSET) ||
      (may_be_last && query->params.by != NULL))
    return 0;
  if (windows.step_us % ORF_HOUR_US == 0)
    return ORF_HOUR_US;
  return windows.step_us % ORF_MINUTE_US == 0 ? ORF_MINUTE_US : 0;
}

static void
read_points (Query *query)
{
  const OrfWindowSpec windows = get_windows (query);
  const OrfQueryPointsSpec spec = {
    .rollup_us = get_rollup_us (query),
    .rolled_from_us = query->from_us,
    .part = get_part (windows.aggregate),
    .rising = orf_window_looks_back (windows.aggregate),
    .selector = query->selector,
    .from_us = query->read_from_us,
    .to_us = query->to_us,
    .max_points = (guint64) query->parts->config->metrics.max_query_points,
    .n_told = orf_window_count (&windows),
  };

  orf_query_points_read (query->parts, &spec, orf_call_get_cancel (query->call), read_cb, query);
}

/* ---- an expression --------------------------------------------------------------------------- */

/* What its series are called: it parses to the expression, and does not begin with a minus, which
 * spreadsheets would take for a formula. */
static char *
dup_name (const OrfExpr *expr)
{
  char *text = orf_expr_print (expr);
  char *name = *text == '-' ? g_strdup_printf ("(%s)", text) : g_strdup (text);

  g_free (text);
  return name;
}

static OrfMetricsSeriesPoints *
new_series (const OrfExprLine *line, const OrfGrid *grid, const char *name)
{
  OrfMetricsSeriesPoints *series = orf_metrics_series_points_new ();

  series->series = orf_series_name_to_text (name, line->labels);
  series->name = g_strdup (name);
  series->labels = g_strdupv (line->labels);
  series->points = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), grid->n_steps);
  for (guint i = 0; i < grid->n_steps; i++) {
    const OrfPoint point = { orf_grid_get_time_us (grid, i), line->values[i] };

    g_array_append_val (series->points, point);
  }
  return series;
}

/* The multiples of step_us in the span; without one its last moment. */
static OrfGrid
get_grid (const Query *query)
{
  gint64 step_us = query->params.has_step_us ? query->params.step_us : 0;
  gint64 last_us = query->to_us - 1;
  gint64 first_us;

  if (step_us == 0)
    return (OrfGrid){ last_us, 0, 1 };
  last_us -= last_us % step_us;
  first_us = (query->from_us + step_us - 1) / step_us * step_us;
  if (last_us < first_us)
    return (OrfGrid){ last_us, step_us, 0 };
  return (OrfGrid){ last_us, step_us, (guint) MIN ((last_us - first_us) / step_us + 1, G_MAXUINT) };
}

static void
evaluated_cb (gpointer user_data, const OrfExprVector *vector, const GError *error)
{
  Query *query = user_data;
  const OrfGrid grid = get_grid (query);
  g_autofree char *name = NULL;
  g_autoptr (GPtrArray) series = NULL;

  if (error != NULL) {
    fail (query, g_error_copy (error));
    return;
  }
  name = dup_name (query->expr);
  series = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_metrics_series_points_free);
  for (guint i = 0; i < vector->lines->len; i++)
    g_ptr_array_add (series, new_series (vector->lines->pdata[i], &grid, name));
  give (query, g_steal_pointer (&series));
}

static void
evaluate (Query *query)
{
  const OrfGrid grid = get_grid (query);
  g_autoptr (OrfExprVector) nothing = orf_expr_vector_new (FALSE, 0);
  GError *error = NULL;

  if (grid.n_steps == 0) {
    evaluated_cb (query, nothing, NULL);
    return;
  }
  if (grid.n_steps > (guint64) query->parts->config->metrics.max_query_points) {
    orf_query_points_refuse (query->parts, &error);
    fail (query, error);
    return;
  }
  orf_expr_query_run (query->parts, query->expr, &grid, orf_call_get_cancel (query->call),
                      evaluated_cb, query);
}

/* ---- the call -------------------------------------------------------------------------------- */

static gboolean
refuse (
  GError **error, OrfErrorCode code, const char *field, const char *allowed, const char *message)
{
  g_propagate_error (error, orf_error_new_field (code, field, allowed, "%s: %s", field, message));
  return FALSE;
}

static gboolean
set_span (Query *query, GError **error)
{
  const OrfMetricsQueryParams *params = &query->params;

  /* up to now, now included */
  query->to_us = params->has_to_us ? params->to_us : orf_clock_now_us () + 1;
  query->from_us = params->has_from_us ? params->from_us : MAX (query->to_us - DEFAULT_SPAN_US, 0);
  query->read_from_us = query->from_us;
  if (query->from_us >= query->to_us)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "from_us", "less than to_us",
                   "the span is empty");
  if (orf_window_looks_back (params->aggregate))
    query->read_from_us = MAX (
      query->from_us - MIN (params->has_step_us ? params->step_us : LOOK_BACK_US, LOOK_BACK_US), 0);
  return TRUE;
}

static gboolean
prepare (Query *query, GError **error)
{
  const OrfMetricsQueryParams *params = &query->params;

  if (params->select == NULL)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "select", "a selector", "which series?");
  if (params->by != NULL && !params->has_step_us &&
      params->aggregate == ORF_METRICS_AGGREGATE_UNSET)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "aggregate",
                   "how merged series are put together", "by needs it");
  query->selector = orf_selector_parse (params->select, error);
  return query->selector != NULL && set_span (query, error);
}

static gboolean
prepare_expr (Query *query, GError **error)
{
  const OrfMetricsQueryParams *params = &query->params;

  if (params->select != NULL)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "expr", "expr or select, not both",
                   "select is given too");
  if (params->aggregate != ORF_METRICS_AGGREGATE_UNSET)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "aggregate", "it goes with select",
                   "an expression says it itself, as avg(NAME, 5m)");
  if (params->by != NULL)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "by", "it goes with select",
                   "an expression says it itself, as sum by (LABEL) (NAME)");
  query->expr = orf_expr_parse (params->expr, error);
  return query->expr != NULL && set_span (query, error);
}

void
orf_metrics_query_run (const OrfMetricsParts *parts,
                       OrfCall *call,
                       const OrfMetricsQueryParams *params,
                       OrfMetricsQueryDone done)
{
  Query *query = g_new0 (Query, 1);
  GError *error = NULL;

  query->parts = parts;
  query->call = call;
  query->params = *params;
  query->done = done;
  if (!(params->expr != NULL ? prepare_expr : prepare) (query, &error))
    fail (query, error);
  else if (query->expr != NULL)
    evaluate (query);
  else
    read_points (query);
}

static void
return_cb (const OrfMetricsParts *parts, OrfCall *call, OrfMetricsQueryResult *result)
{
  orf_call_return_taken (call, result);
}

static void
query_cb (OrfCall *call, const OrfMetricsQueryParams *params, gpointer user_data)
{
  orf_metrics_query_run (user_data, call, params, return_cb);
}

void
orf_metrics_query_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_metrics_query (router, query_cb, (gpointer) parts);
}
