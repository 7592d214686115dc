/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-series.h"

#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "postmortem/orf-postmortem-course.h"
#include "store/orf-store-series.h"

/* Points of one series are cheap for so long: 43,200 at one a second. */
#define POINTS_US (12 * ORF_HOUR_US)
/* And so are minutes: 10,080. */
#define MINUTES_US (168 * ORF_HOUR_US)
/* Series of one name, and points of all of them: 32 MB. */
#define MAX_SERIES 100
#define MAX_POINTS 2000000
/* `last_us` of a series is behind by at most so much. */
#define LATE_US (10 * ORF_MINUTE_US)

/* ---- one name -------------------------------------------------------------------------------- */

static double
get_part (const OrfRollup *rollup, OrfRollupPart part)
{
  switch (part) {
  case ORF_ROLLUP_MIN:
    return rollup->min;
  case ORF_ROLLUP_MAX:
    return rollup->max;
  default:
    return rollup->last;
  }
}

/* Rollups first: points are what came behind them, and before. */
static GArray *
make_points (const OrfSeriesPoints *found, OrfRollupPart part)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  const OrfPoint *raw = (const OrfPoint *) (gconstpointer) found->points->data;
  guint n_rollups = found->rollups != NULL ? found->rollups->len : 0;
  guint at = 0;

  for (guint i = 0; i < n_rollups; i++) {
    const OrfRollup *rollup = &g_array_index (found->rollups, OrfRollup, i);
    const OrfPoint point = { rollup->t_us, get_part (rollup, part) };

    for (; at < found->points->len && raw[at].t_us < rollup->t_us; at++)
      g_array_append_val (points, raw[at]);
    g_array_append_val (points, point);
  }
  g_array_append_vals (points, raw + at, found->points->len - at);
  return points;
}

static GPtrArray *
read_points (OrfConnection *connection,
             GArray *ids,
             OrfRollupPart part,
             gint64 from_us,
             gint64 to_us,
             GError **error)
{
  const gint64 *all = (const gint64 *) (gconstpointer) ids->data;
  const OrfRolledQuery query = {
    .ids = all,
    .n_ids = ids->len,
    .from_us = from_us,
    .to_us = to_us,
    .max_points = MAX_POINTS,
    .rollup_us = to_us - from_us > MINUTES_US ? ORF_HOUR_US : ORF_MINUTE_US,
    .rolled_from_us = from_us,
    .rolled_to_us = to_us,
    .part = part,
  };

  return to_us - from_us <= POINTS_US
           ? orf_tiers_read (connection, all, ids->len, from_us, to_us, MAX_POINTS, error)
           : orf_tiers_read_rolled (connection, &query, error);
}

static const OrfSeriesRow *
find_row (const GPtrArray *rows, gint64 id)
{
  for (guint i = 0; i < rows->len; i++)
    if (((OrfSeriesRow *) rows->pdata[i])->id == id)
      return rows->pdata[i];
  return NULL;
}

GPtrArray *
orf_postmortem_series_read (OrfConnection *connection,
                            const char *name,
                            OrfRollupPart part,
                            gint64 from_us,
                            gint64 to_us,
                            GError **error)
{
  g_autoptr (GPtrArray)
    all = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_series_free);
  g_autoptr (GPtrArray)
    rows = orf_series_list (connection, name, from_us - LATE_US, MAX_SERIES, error);
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (rows == NULL)
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    g_array_append_val (ids, ((OrfSeriesRow *) rows->pdata[i])->id);
  if (ids->len == 0)
    return g_steal_pointer (&all);
  found = read_points (connection, ids, part, from_us, to_us, error);
  if (found == NULL)
    return NULL;
  for (guint i = 0; i < found->len; i++) {
    const OrfSeriesPoints *one = found->pdata[i];
    OrfPostmortemSeries *series;

    if (one->points->len == 0 && (one->rollups == NULL || one->rollups->len == 0))
      continue;
    series = g_new0 (OrfPostmortemSeries, 1);
    series->labels = orf_series_name_labels_from_json (
      find_row (rows, one->series_id)->labels_json);
    series->points = make_points (one, part);
    g_ptr_array_add (all, series);
  }
  return g_steal_pointer (&all);
}

const char *
orf_postmortem_series_get_label (const OrfPostmortemSeries *series, const char *key)
{
  const char *value = orf_series_name_get_label (series->labels, key);

  return value != NULL ? value : "";
}

/* ---- steps of the window --------------------------------------------------------------------- */

gint64
orf_postmortem_series_get_rollup_us (const OrfPostmortemWindow *window)
{
  gint64 step_us = orf_postmortem_get_step_us (window);

  /* half an hour of minutes is enough to compare by, and two days of hours */
  if (window->to_us - window->from_us < 30 * ORF_MINUTE_US)
    return 0;
  return step_us >= 30 * ORF_MINUTE_US ? ORF_HOUR_US : ORF_MINUTE_US;
}

gint64
orf_postmortem_series_get_origin (const OrfPostmortemWindow *window)
{
  return window->from_us -
         orf_postmortem_get_n_steps (window) * orf_postmortem_get_step_us (window);
}

GArray *
orf_postmortem_series_thin (const OrfPostmortemSeries *series, const OrfPostmortemWindow *window)
{
  guint n = orf_postmortem_get_n_steps (window);
  g_autoptr (OrfPostmortemCourse)
    course = orf_postmortem_course_new (window->from_us, orf_postmortem_get_step_us (window), n,
                                        FALSE);

  for (guint i = 0; i < series->points->len; i++)
    orf_postmortem_course_add_point (course, &g_array_index (series->points, OrfPoint, i));
  return orf_postmortem_course_get_points (course, 0, n);
}
