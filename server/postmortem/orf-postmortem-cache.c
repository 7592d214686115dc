/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-cache.h"

#include <math.h>
#include <string.h>

#include "postmortem/orf-postmortem-runs.h"
#include "postmortem/orf-postmortem-series.h"
#include "stats/orf-median.h"

#define MAX_NODES 32
#define MAX_AWAY  20

/* Values of a part of the points that are numbers; *n: how many. */
static double *
get_values (const OrfPostmortemSeries *series, gint64 from_us, gint64 to_us, guint *n)
{
  double *values = g_new (double, MAX (series->points->len, 1));

  *n = 0;
  for (guint i = 0; i < series->points->len; i++) {
    const OrfPoint *point = &g_array_index (series->points, OrfPoint, i);

    if (point->t_us >= from_us && point->t_us < to_us && !isnan (point->value))
      values[(*n)++] = point->value;
  }
  return values;
}

static double
get_mean (const OrfPostmortemSeries *series, gint64 from_us, gint64 to_us)
{
  guint n;
  g_autofree double *values = get_values (series, from_us, to_us, &n);
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += values[i];
  return n > 0 ? sum / n : NAN;
}

static double
get_median (const OrfPostmortemSeries *series, gint64 from_us, gint64 to_us)
{
  guint n;
  g_autofree double *values = get_values (series, from_us, to_us, &n);

  return orf_median_of (values, n);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void
add_away (OrfPostmortemNode *node, const OrfPostmortemSeries *up, const OrfPostmortemWindow *window)
{
  const OrfPostmortemRunSpec spec = {
    .from_us = window->from_us,
    .to_us = window->to_us,
    .at_least = -INFINITY,
    .at_most = 0.5,
    .max = MAX_AWAY,
  };
  g_autoptr (GArray) runs = orf_postmortem_runs_find (up->points, &spec);

  for (guint i = 0; i < runs->len; i++) {
    const OrfPostmortemRun *run = &g_array_index (runs, OrfPostmortemRun, i);
    OrfPostmortemAway *away = orf_postmortem_away_new ();

    away->from_us = run->from_us;
    away->has_until_us = run->until_us >= 0;
    away->until_us = run->until_us;
    g_ptr_array_add (node->away, away);
  }
}

static const OrfPostmortemSeries *
find_node (const GPtrArray *series, const char *name)
{
  for (guint i = 0; i < series->len; i++)
    if (strcmp (orf_postmortem_series_get_label (series->pdata[i], "node"), name) == 0)
      return series->pdata[i];
  return NULL;
}

static OrfPostmortemNode *
make_node (const OrfPostmortemSeries *up,
           const GPtrArray *latency,
           const OrfPostmortemWindow *window)
{
  OrfPostmortemNode *node = orf_postmortem_node_new ();
  const OrfPostmortemSeries *answers;

  node->node = g_strdup (orf_postmortem_series_get_label (up, "node"));
  node->up_percent = 100 * get_mean (up, window->from_us, window->to_us);
  node->away = g_ptr_array_new ();
  add_away (node, up, window);
  answers = find_node (latency, node->node);
  if (answers == NULL)
    return node;
  node->latency_us = get_median (answers, window->from_us, window->to_us);
  node->before_latency_us = get_median (answers, window->baseline_from_us, window->baseline_to_us);
  return node;
}

static int
compare_nodes_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemNode *x = *(OrfPostmortemNode *const *) a;
  const OrfPostmortemNode *y = *(OrfPostmortemNode *const *) b;

  if ((x->away->len > 0) != (y->away->len > 0))
    return x->away->len > 0 ? -1 : 1;
  return strcmp (x->node, y->node);
}

/* ---- the section ----------------------------------------------------------------------------- */

static void
set_rate (OrfPostmortemCache *cache, const GPtrArray *rates, const OrfPostmortemWindow *window)
{
  const OrfPostmortemSeries *rate = rates->len > 0 ? rates->pdata[0] : NULL;

  if (rate == NULL)
    return;
  cache->hit_rate_percent = get_mean (rate, window->from_us, window->to_us);
  cache->before_hit_rate_percent = get_mean (rate, window->baseline_from_us,
                                             window->baseline_to_us);
  g_array_unref (cache->points);
  cache->points = orf_postmortem_series_thin (rate, window);
}

static OrfPostmortemCache *
make_cache (const GPtrArray *rates,
            const GPtrArray *up,
            const GPtrArray *latency,
            const OrfPostmortemWindow *window)
{
  OrfPostmortemCache *cache = orf_postmortem_cache_new ();

  cache->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  cache->nodes = g_ptr_array_new ();
  set_rate (cache, rates, window);
  for (guint i = 0; i < MIN (up->len, MAX_NODES); i++)
    g_ptr_array_add (cache->nodes, make_node (up->pdata[i], latency, window));
  g_ptr_array_sort (cache->nodes, compare_nodes_cb);
  return cache;
}

gboolean
orf_postmortem_cache_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  gint64 from_us = window->baseline_from_us, to_us = window->to_us;
  g_autoptr (GPtrArray) rates = NULL;
  g_autoptr (GPtrArray) up = NULL;
  g_autoptr (GPtrArray) latency = NULL;

  rates = orf_postmortem_series_read (connection, "cache.hit_rate_percent", ORF_ROLLUP_LAST,
                                      from_us, to_us, error);
  if (rates == NULL)
    return FALSE;
  up = orf_postmortem_series_read (connection, "cache.node.up", ORF_ROLLUP_MIN, from_us, to_us,
                                   error);
  if (up == NULL)
    return FALSE;
  latency = orf_postmortem_series_read (connection, "cache.node.latency_us", ORF_ROLLUP_LAST,
                                        from_us, to_us, error);
  if (latency == NULL)
    return FALSE;
  if (rates->len + up->len > 0)
    facts->document->cache = make_cache (rates, up, latency, window);
  return TRUE;
}
