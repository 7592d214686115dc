/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-spark.h"

static const char *const line_blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const line_ascii[] = { "_", ".", "-", "~", "=", "+", "*", "#" };
#define N_LEVELS G_N_ELEMENTS (line_blocks)

static const char *const bar_blocks[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
#define N_EIGHTHS G_N_ELEMENTS (bar_blocks)

G_STATIC_ASSERT (G_N_ELEMENTS (line_ascii) == N_LEVELS);

char *
orf_ctl_spark_line (const double *values, guint n_values, gboolean utf8)
{
  GString *out = g_string_new (NULL);
  const char *const *levels = utf8 ? line_blocks : line_ascii;
  double minimum = INFINITY;
  double maximum = -INFINITY;

  for (guint i = 0; i < n_values; i++) {
    minimum = isnan (values[i]) ? minimum : MIN (minimum, values[i]);
    maximum = isnan (values[i]) ? maximum : MAX (maximum, values[i]);
  }
  for (guint i = 0; i < n_values; i++) {
    /* a series that never moves is drawn at a low level: neither empty nor full; halves, for the
     * distance of the largest numbers is none */
    double share = maximum > minimum ? (values[i] / 2 - minimum / 2) / (maximum / 2 - minimum / 2)
                                     : 0.15;

    if (isnan (values[i]) || isnan (share))
      g_string_append_c (out, ' ');
    else
      g_string_append (out, levels[MIN ((guint) (share * N_LEVELS), N_LEVELS - 1)]);
  }
  return g_string_free (out, FALSE);
}

static int
compare_int64 (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

/* The usual distance between points: sampled times jitter, so the median; 0: fewer than two, or
 * most of them go back. */
static gint64
median_step (const OrfPoint *points, guint n_points)
{
  g_autofree gint64 *steps = NULL;

  if (n_points < 2)
    return 0;
  steps = g_new (gint64, n_points - 1);
  for (guint i = 1; i < n_points; i++)
    steps[i - 1] = points[i].t_us - points[i - 1].t_us;
  qsort (steps, n_points - 1, sizeof *steps, compare_int64);
  return MAX (steps[(n_points - 1) / 2], 0);
}

/* Columns between two points that are near each other take the earlier one's value. */
static void
fill_columns (double *columns, guint n_columns, guint reach)
{
  guint last = n_columns;

  for (guint i = 0; i < n_columns; i++) {
    if (isnan (columns[i]))
      continue;
    if (last < i && i - last <= reach) {
      for (guint gap = last + 1; gap < i; gap++)
        columns[gap] = columns[last];
    }
    last = i;
  }
}

char *
orf_ctl_spark_points (
  const OrfPoint *points, guint n_points, gint64 from_us, gint64 to_us, guint width, gboolean utf8)
{
  gint64 step_us = median_step (points, n_points);
  gint64 span_us = MAX (to_us - from_us, 1);
  guint n_columns = MAX (width, 1);
  g_autofree double *columns = NULL;
  g_autofree guint *counts = NULL;
  double column_us;

  /* one column a point is enough: more would only repeat it */
  if (step_us > 0)
    n_columns = (guint) CLAMP (span_us / step_us + 1, 1, (gint64) n_columns);
  columns = g_new0 (double, n_columns);
  counts = g_new0 (guint, n_columns);
  column_us = (double) span_us / n_columns;

  for (guint i = 0; i < n_points; i++) {
    double place = (double) (points[i].t_us - from_us) / column_us;

    if (isnan (points[i].value) || place < 0 || points[i].t_us > to_us)
      continue;
    columns[MIN ((guint) place, n_columns - 1)] += points[i].value;
    counts[MIN ((guint) place, n_columns - 1)]++;
  }
  for (guint i = 0; i < n_columns; i++)
    columns[i] = counts[i] > 0 ? columns[i] / counts[i] : NAN;

  fill_columns (columns, n_columns, (guint) MIN (2.5 * step_us / column_us, n_columns));
  return orf_ctl_spark_line (columns, n_columns, utf8);
}

char *
orf_ctl_spark_bar (double fraction, guint width, gboolean utf8)
{
  GString *out = g_string_new (NULL);
  double share = isnan (fraction) ? 0 : CLAMP (fraction, 0, 1);
  guint eighths = (guint) (share * width * N_EIGHTHS + 0.5);
  guint full = eighths / N_EIGHTHS;
  guint used = full;

  if (!utf8) {
    full = (guint) (share * width + 0.5);
    for (guint i = 0; i < width; i++)
      g_string_append_c (out, i < full ? '#' : '.');
    return g_string_free (out, FALSE);
  }
  for (guint i = 0; i < full; i++)
    g_string_append (out, "█");
  if (eighths % N_EIGHTHS != 0) {
    g_string_append (out, bar_blocks[eighths % N_EIGHTHS]);
    used++;
  }
  for (; used < width; used++)
    g_string_append (out, "░");
  return g_string_free (out, FALSE);
}
