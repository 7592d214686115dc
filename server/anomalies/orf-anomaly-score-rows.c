/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-score-rows.h"

#include <math.h>
#include <string.h>

#include "orf-desc.h" /* OrfPoint */
#include "stats/orf-median.h"

static gint64
find_usual_distance (const GArray *points)
{
  g_autofree double *distances = NULL;

  if (points->len < 2)
    return 0;
  distances = g_new (double, points->len - 1);
  for (guint i = 1; i < points->len; i++)
    distances[i - 1] = (double) (g_array_index (points, OrfPoint, i).t_us -
                                 g_array_index (points, OrfPoint, i - 1).t_us);
  return (gint64) orf_median_of (distances, points->len - 1);
}

gint64
orf_score_rows_find_step (const OrfScoreColumn *columns, guint n_columns)
{
  gint64 step_us = 0;

  for (guint j = 0; j < n_columns; j++)
    step_us = MAX (step_us, find_usual_distance (columns[j].points));
  return step_us;
}

/* values: of the column in each row, n_columns from one to the next. */
static void
fill (double *values,
      const OrfScoreColumn *column,
      guint n_columns,
      gint64 to_us,
      gint64 step_us,
      guint n_rows)
{
  for (guint i = 0; i < column->points->len; i++) {
    const OrfPoint *point = &g_array_index (column->points, OrfPoint, i);
    gint64 back = (to_us - 1 - point->t_us) / step_us;

    if (point->t_us < to_us && back < n_rows)
      values[(n_rows - 1 - (guint) back) * (gsize) n_columns] = point->value;
  }
}

static void
make_increases (double *values, guint n_columns, guint n_rows)
{
  double before = NAN;

  for (guint i = 0; i < n_rows; i++) {
    double *value = &values[i * (gsize) n_columns], now = *value;

    *value = now >= before ? now - before : NAN;
    before = now;
  }
}

static gboolean
is_empty (const double *row, guint n_columns)
{
  for (guint j = 0; j < n_columns; j++)
    if (isfinite (row[j]))
      return FALSE;
  return TRUE;
}

GArray *
orf_score_rows_join (
  const OrfScoreColumn *columns, guint n_columns, gint64 to_us, gint64 step_us, guint max_rows)
{
  GArray *rows = g_array_sized_new (FALSE, FALSE, n_columns * (guint) sizeof (double), max_rows);
  double *values;
  guint n = 0;

  g_array_set_size (rows, max_rows);
  values = (double *) (void *) rows->data;
  for (gsize i = 0; i < max_rows * (gsize) n_columns; i++)
    values[i] = NAN;
  for (guint j = 0; j < n_columns; j++) {
    fill (values + j, &columns[j], n_columns, to_us, step_us, max_rows);
    if (columns[j].counter)
      make_increases (values + j, n_columns, max_rows);
  }
  for (guint i = 0; i < max_rows; i++)
    if (!is_empty (values + i * (gsize) n_columns, n_columns))
      memmove (values + n++ * (gsize) n_columns, values + i * (gsize) n_columns,
               n_columns * sizeof *values);
  g_array_set_size (rows, n);
  return rows;
}
