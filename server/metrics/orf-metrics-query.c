/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one query: the series that the selector means are found; the points of their open
 * chunks are taken; what the chunks do not have is read from the file; each series' points are put
 * together, aggregated where that is asked, and told. Where everything is in the chunks, the answer
 * is made before the handler returns.
 *
 * Points are taken from the chunks before the file is asked: a chunk goes on dropping its oldest,
 * and what it drops while the file is read would be in neither.
 */
#include "metrics/orf-metrics-query.h"

#include <math.h>
#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "metrics/orf-query-groups.h"
#include "metrics/orf-series-set.h"
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
  OrfSelector *selector;
  gint64 from_us, to_us;
  gint64 read_from_us; /* from_us, less what an increase looks back */
  GPtrArray *selected; /* OrfSelected */
  GPtrArray *points;   /* GArray of OrfPoint, for each of selected: its chunk's; NULL: given away */
  gint64 held_bytes;   /* counted for them */
} Query;

static void
query_free (Query *query)
{
  if (query->selected != NULL)
    orf_series_set_free (query->parts, query->selected);
  for (guint i = 0; i < query->points->len; i++)
    if (query->points->pdata[i] != NULL)
      g_array_unref (query->points->pdata[i]);
  g_ptr_array_unref (query->points);
  orf_memory_add (query->parts->memory, ORF_MEMORY_QUERIES, -query->held_bytes);
  g_clear_pointer (&query->selector, orf_selector_free);
  g_free (query);
}

/* Takes error. */
static void
fail (Query *query, GError *error)
{
  orf_call_fail (query->call, error);
  query_free (query);
}

/* ---- points ---------------------------------------------------------------------------------- */

/* Both by time; of equal times the chunk's: it is told as soon as the file is. */
static GArray *
merge (const OrfPoint *file, guint n_file, GArray *chunk)
{
  GArray *merged = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), n_file + chunk->len);
  guint at = 0;

  for (guint i = 0; i < n_file; i++) {
    guint before = at;

    while (at < chunk->len && g_array_index (chunk, OrfPoint, at).t_us < file[i].t_us)
      at++;
    g_array_append_vals (merged, &g_array_index (chunk, OrfPoint, before), at - before);
    if (at == chunk->len || g_array_index (chunk, OrfPoint, at).t_us != file[i].t_us)
      g_array_append_val (merged, file[i]);
  }
  g_array_append_vals (merged, &g_array_index (chunk, OrfPoint, at), chunk->len - at);
  return merged;
}

/* Those of the index-th series, once. */
static GArray *
take_points (Query *query, guint index, const OrfSeriesPoints *file)
{
  GArray *points = g_steal_pointer (&query->points->pdata[index]);
  GArray *merged;

  if (file == NULL || file->points->len == 0)
    return points;
  merged = merge ((const OrfPoint *) file->points->data, file->points->len, points);
  g_array_unref (points);
  return merged;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gboolean
refuse_size (const Query *query, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "more than [metrics] max_query_points (%" G_GINT64_FORMAT
               "): ask for fewer series, a shorter span or a larger step_us",
               query->parts->config->metrics.max_query_points);
  return FALSE;
}

/* found: OrfSeriesPoints by id; NULL: the file was not asked. */
static OrfQueryGroups *
make_groups (Query *query, GHashTable *found, GError **error)
{
  g_autoptr (OrfQueryGroups) groups = orf_query_groups_new ((const char *const *) query->params.by);
  guint64 n_points = 0;

  for (guint i = 0; i < query->selected->len; i++) {
    const OrfSelected *one = query->selected->pdata[i];
    GArray *points = take_points (query, i,
                                  found != NULL ? g_hash_table_lookup (found, &one->id) : NULL);

    n_points += points->len;
    orf_query_groups_add (groups, one, points);
    if (n_points > (guint64) query->parts->config->metrics.max_query_points) {
      refuse_size (query, error);
      return NULL;
    }
  }
  return g_steal_pointer (&groups);
}

/* Windows of one series, or of n of them.  Without a step the points themselves are the bound. */
static gboolean
check_windows (const Query *query, guint n_series, GError **error)
{
  const OrfMetricsQueryParams *params = &query->params;
  const OrfWindowSpec spec = { query->from_us, query->to_us, params->step_us, params->aggregate };
  guint64 most = (guint64) query->parts->config->metrics.max_query_points;

  if (!params->has_step_us || n_series == 0 || orf_window_count (&spec) <= most / n_series)
    return TRUE;
  return refuse_size (query, error);
}

static void
answer (Query *query, GHashTable *found)
{
  const OrfMetricsQueryParams *params = &query->params;
  const OrfWindowSpec spec = { query->from_us, query->to_us,
                               params->has_step_us ? params->step_us : 0, params->aggregate };
  GError *error = NULL;
  g_autoptr (OrfQueryGroups) groups = make_groups (query, found, &error);
  OrfMetricsQueryResult result = { NULL, query->from_us, query->to_us };

  if (groups == NULL ||
      !check_windows (query, orf_query_groups_count (groups, query->from_us), &error)) {
    fail (query, error);
    return;
  }
  result.series = params->has_step_us || params->aggregate != ORF_METRICS_AGGREGATE_UNSET
                    ? orf_query_groups_aggregate (groups, &spec)
                    : orf_query_groups_take_points (groups);
  query->done (query->parts, query->call, &result);
  g_ptr_array_unref (result.series);
  query_free (query);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void
read_cb (gpointer user_data, GPtrArray *series, const GError *error)
{
  Query *query = user_data;
  g_autoptr (GHashTable) found = NULL;

  if (error != NULL) {
    fail (query, g_error_copy (error));
    return;
  }
  found = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < series->len; i++) {
    OrfSeriesPoints *one = series->pdata[i];

    g_hash_table_insert (found, &one->series_id, one);
  }
  answer (query, found);
}

/* The ids of the series of which the file has more than their chunk; *to_us: up to where. */
static GArray *
find_incomplete (const Query *query, gint64 *to_us)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  *to_us = query->read_from_us;
  for (guint i = 0; i < query->selected->len; i++) {
    const OrfSelected *one = query->selected->pdata[i];
    gint64 complete_us = one->active != NULL ? one->active->chunk.complete_from_us : query->to_us;

    if (one->id == 0 || complete_us <= query->read_from_us)
      continue;
    g_array_append_val (ids, one->id);
    *to_us = MAX (*to_us, MIN (complete_us, query->to_us));
  }
  return ids;
}

/* They are held while the file is read, and others ask meanwhile. */
static void
count_memory (Query *query, guint64 n_points)
{
  query->held_bytes = (gint64) (n_points * sizeof (OrfPoint));
  orf_memory_add (query->parts->memory, ORF_MEMORY_QUERIES, query->held_bytes);
}

static gboolean
read_chunks (Query *query, GError **error)
{
  guint64 n_points = 0;

  for (guint i = 0; i < query->selected->len; i++) {
    const OrfSelected *one = query->selected->pdata[i];
    GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

    g_ptr_array_add (query->points, points);
    if (one->active != NULL)
      orf_open_chunk_read (&one->active->chunk, query->read_from_us, query->to_us, points);
    n_points += points->len;
    if (n_points > (guint64) query->parts->config->metrics.max_query_points)
      return refuse_size (query, error);
  }
  count_memory (query, n_points);
  return TRUE;
}

static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *failure)
{
  Query *query = user_data;
  g_autoptr (GArray) ids = NULL;
  GError *error = NULL;
  gint64 to_us;

  if (failure != NULL) {
    fail (query, g_error_copy (failure));
    return;
  }
  query->selected = selected;
  /* that one series alone has too many windows is known before anything is read */
  if (!check_windows (query, MIN (selected->len, 1), &error) || !read_chunks (query, &error)) {
    fail (query, error);
    return;
  }
  ids = find_incomplete (query, &to_us);
  if (ids->len == 0)
    answer (query, NULL);
  else
    orf_store_read_samples (query->parts->store, (const gint64 *) ids->data, ids->len,
                            query->read_from_us, to_us,
                            (guint) query->parts->config->metrics.max_query_points,
                            orf_call_get_cancel (query->call), read_cb, query);
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

  if (params->expr != NULL && params->select != NULL)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "expr", "expr or select, not both",
                   "select is given too");
  if (params->expr != NULL)
    return refuse (error, ORF_ERROR_UNIMPLEMENTED, "expr", "select",
                   "the expression language is not built yet");
  if (params->select == NULL)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "select", "a selector", "which series?");
  if (params->by != NULL && !params->has_step_us &&
      params->aggregate == ORF_METRICS_AGGREGATE_UNSET)
    return refuse (error, ORF_ERROR_INVALID_ARGUMENT, "aggregate",
                   "how merged series are put together", "by needs it");
  query->selector = orf_selector_parse (params->select, error);
  return query->selector != NULL && set_span (query, error);
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
  query->points = g_ptr_array_new ();
  if (prepare (query, &error))
    orf_series_set_select (query->parts, query->selector, query->read_from_us,
                           orf_call_get_cancel (call), selected_cb, query);
  else
    fail (query, error);
}

static void
return_cb (const OrfMetricsParts *parts, OrfCall *call, const OrfMetricsQueryResult *result)
{
  orf_call_return_metrics_query (call, result);
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
