/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load/orf-load-courses.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "orf-schema-metrics.h"
#include "postmortem/orf-postmortem-course.h"
#include "postmortem/orf-postmortem-series.h"

/* Of one name: a host has a few devices. */
#define MAX_SERIES 16
/* Whose latencies are told. */
#define MAX_OPERATIONS 8
/* Samples behind the end of a run are looked at for so long, to see that the end was recorded. */
#define BEHIND_US (10 * ORF_US_PER_S)

/* What is told as it was recorded. */
static const OrfMetricId plain[] = {
  ORF_METRIC_GPU_MEMORY_USED_PERCENT, ORF_METRIC_GPU_UTILIZATION_PERCENT,
  ORF_METRIC_HOST_CPU_USED_PERCENT,   ORF_METRIC_HOST_MEMORY_USED_PERCENT,
  ORF_METRIC_ORFEAS_CPU_PERCENT,      ORF_METRIC_ORFEAS_MEMORY_RSS_BYTES,
  ORF_METRIC_ORFEAS_LOOP_STALL_US,    ORF_METRIC_ORFEAS_RPC_CALLS,
  ORF_METRIC_ORFEAS_RPC_ERRORS,
};

typedef struct {
  OrfLoadServer *server;
  OrfConnection *connection;
  guint n_steps;
} Reading;

/* ---- one series ------------------------------------------------------------------------------ */

/* One value a step, NAN where there is none. */
static double *
make_values (const Reading *reading, const OrfPostmortemSeries *series, gboolean rising)
{
  const OrfLoadServer *server = reading->server;
  /* a step before the run, from which its first rises */
  g_autoptr (OrfPostmortemCourse)
    course = orf_postmortem_course_new (server->from_us - server->step_us, server->step_us,
                                        reading->n_steps + 1, rising);
  double *values = g_new (double, reading->n_steps);

  for (guint i = 0; i < series->points->len; i++)
    orf_postmortem_course_add_point (course, &g_array_index (series->points, OrfPoint, i));
  orf_postmortem_course_get_values (course, 1, reading->n_steps, values);
  return values;
}

static void
set_points (const Reading *reading, OrfLoadSeries *told, const double *values)
{
  double sum = 0;

  told->min = told->max = told->mean = NAN;
  told->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  for (guint i = 0; i < reading->n_steps; i++) {
    const OrfPoint point = { reading->server->from_us + i * reading->server->step_us, values[i] };

    if (isnan (point.value))
      continue;
    sum += point.value;
    told->min = fmin (told->min, point.value);
    told->max = fmax (told->max, point.value);
    g_array_append_val (told->points, point);
  }
  if (told->points->len > 0)
    told->mean = sum / told->points->len;
}

/* Nothing where no value is known. */
static void
tell (const Reading *reading,
      const char *name,
      char *const *labels,
      const char *unit,
      gboolean rate,
      const double *values)
{
  OrfLoadSeries *told = orf_load_series_new ();

  set_points (reading, told, values);
  if (told->points->len == 0) {
    orf_load_series_free (told);
    return;
  }
  told->name = g_strdup (name);
  told->series = orf_series_name_to_text (name, labels);
  told->unit = g_strdup (unit);
  told->rate = rate;
  g_ptr_array_add (reading->server->series, told);
}

static GPtrArray *
read_metric (const Reading *reading, OrfMetricId id, GError **error)
{
  const OrfLoadServer *server = reading->server;

  return orf_postmortem_series_read (reading->connection, orf_metrics[id].name, ORF_ROLLUP_LAST,
                                     server->from_us - server->step_us, server->to_us, error);
}

static gboolean
read_plain (const Reading *reading, OrfMetricId id, GError **error)
{
  const OrfMetric *metric = &orf_metrics[id];
  gboolean rising = metric->kind == ORF_SERIES_KIND_COUNTER;
  g_autoptr (GPtrArray) all = read_metric (reading, id, error);

  if (all == NULL)
    return FALSE;
  for (guint i = 0; i < MIN (all->len, MAX_SERIES); i++) {
    const OrfPostmortemSeries *series = all->pdata[i];
    g_autofree double *values = make_values (reading, series, rising);

    tell (reading, metric->name, series->labels, metric->unit, rising, values);
  }
  return TRUE;
}

/* ---- what two counters tell ------------------------------------------------------------------ */

/* What all of them rose by, together. */
static double *
add_up (const Reading *reading, const GPtrArray *all)
{
  double *sums = g_new (double, reading->n_steps);

  for (guint step = 0; step < reading->n_steps; step++)
    sums[step] = NAN;
  for (guint i = 0; i < all->len; i++) {
    g_autofree double *values = make_values (reading, all->pdata[i], TRUE);

    for (guint step = 0; step < reading->n_steps; step++)
      if (!isnan (values[step]))
        sums[step] = values[step] + (isnan (sums[step]) ? 0 : sums[step]);
  }
  return sums;
}

static gboolean
read_hit_rate (const Reading *reading, GError **error)
{
  g_autoptr (GPtrArray) hits = read_metric (reading, ORF_METRIC_CACHE_HITS, error);
  g_autoptr (GPtrArray) misses = NULL;
  g_autofree double *found = NULL;
  g_autofree double *missed = NULL;

  if (hits == NULL)
    return FALSE;
  misses = read_metric (reading, ORF_METRIC_CACHE_MISSES, error);
  if (misses == NULL)
    return FALSE;
  found = add_up (reading, hits);
  missed = add_up (reading, misses);
  for (guint step = 0; step < reading->n_steps; step++) {
    double gets = found[step] + missed[step];

    found[step] = gets > 0 ? 100 * found[step] / gets : NAN;
  }
  tell (reading, "cache.hit_rate_percent", NULL, "percent", FALSE, found);
  return TRUE;
}

static const OrfPostmortemSeries *
find_labels (const GPtrArray *all, char *const *labels)
{
  for (guint i = 0; i < all->len; i++) {
    const OrfPostmortemSeries *series = all->pdata[i];

    if (g_strv_equal ((const char *const *) series->labels, (const char *const *) labels))
      return series;
  }
  return NULL;
}

/* How often it was called while the run went on. */
static double
count_calls (const OrfPostmortemSeries *series)
{
  guint n = series->points->len;

  return n > 0 ? g_array_index (series->points, OrfPoint, n - 1).value -
                   g_array_index (series->points, OrfPoint, 0).value
               : 0;
}

static int
compare_calls_cb (gconstpointer a, gconstpointer b)
{
  double x = count_calls (*(OrfPostmortemSeries *const *) a);
  double y = count_calls (*(OrfPostmortemSeries *const *) b);

  return (x < y) - (x > y);
}

static void
tell_latency (const Reading *reading,
              const OrfPostmortemSeries *counts,
              const OrfPostmortemSeries *sums)
{
  g_autofree double *n = make_values (reading, counts, TRUE);
  g_autofree double *us = make_values (reading, sums, TRUE);

  for (guint step = 0; step < reading->n_steps; step++)
    us[step] = n[step] > 0 ? us[step] / n[step] : NAN;
  tell (reading, "span.duration_us", counts->labels, "us", FALSE, us);
}

/* The mean of what spans took, of the operations that had most. */
static gboolean
read_latencies (const Reading *reading, GError **error)
{
  g_autoptr (GPtrArray) counts = read_metric (reading, ORF_METRIC_SPAN_DURATION_US_COUNT, error);
  g_autoptr (GPtrArray) sums = NULL;

  if (counts == NULL)
    return FALSE;
  sums = read_metric (reading, ORF_METRIC_SPAN_DURATION_US_SUM, error);
  if (sums == NULL)
    return FALSE;
  g_ptr_array_sort (counts, compare_calls_cb);
  for (guint i = 0; i < MIN (counts->len, MAX_OPERATIONS); i++) {
    const OrfPostmortemSeries *of = counts->pdata[i];
    const OrfPostmortemSeries *sum = find_labels (sums, of->labels);

    if (sum != NULL)
      tell_latency (reading, of, sum);
  }
  return TRUE;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* By a series that is always recorded. */
static gboolean
read_seen (const Reading *reading, GError **error)
{
  OrfLoadServer *server = reading->server;
  const char *beat = orf_metrics[ORF_METRIC_ORFEAS_MEMORY_RSS_BYTES].name;
  g_autoptr (GPtrArray)
    beats = orf_postmortem_series_read (reading->connection, beat, ORF_ROLLUP_LAST, server->from_us,
                                        server->to_us + BEHIND_US, error);

  if (beats == NULL)
    return FALSE;
  server->has_seen_to_us = beats->len > 0;
  if (server->has_seen_to_us) {
    const GArray *points = ((OrfPostmortemSeries *) beats->pdata[0])->points;

    server->seen_to_us = g_array_index (points, OrfPoint, points->len - 1).t_us;
  }
  return TRUE;
}

gboolean
orf_load_courses_read (OrfLoadServer *server, OrfConnection *connection, GError **error)
{
  const Reading reading = { server, connection,
                            (guint) ((server->to_us - server->from_us + server->step_us - 1) /
                                     server->step_us) };

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (!read_plain (&reading, plain[i], error))
      return FALSE;
  return read_hit_rate (&reading, error) && read_latencies (&reading, error) &&
         read_seen (&reading, error);
}
