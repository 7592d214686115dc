/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-metrics-csv.h"

#include <math.h>
#include <string.h>

#include "orf-encode.h"

#define LINE_END "\r\n"

/* In quotes where it must be, its quotes doubled. */
static void
append_text (GString *out, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL) {
    g_string_append (out, text);
    return;
  }
  g_string_append_c (out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"')
      g_string_append_c (out, '"');
    g_string_append_c (out, *text);
  }
  g_string_append_c (out, '"');
}

static void
append_header (GString *out, const GPtrArray *series)
{
  g_string_append (out, "t_us");
  for (guint i = 0; i < series->len; i++) {
    const OrfMetricsSeriesPoints *one = series->pdata[i];

    g_string_append_c (out, ',');
    append_text (out, one->series);
  }
  g_string_append (out, LINE_END);
}

/* NULL: the series has no more. */
static const OrfPoint *
peek (const GPtrArray *series, guint i, guint at)
{
  const OrfMetricsSeriesPoints *one = series->pdata[i];

  return at < one->points->len ? &g_array_index (one->points, OrfPoint, at) : NULL;
}

/* The time of the earliest point that is left; G_MAXINT64: none is. */
static gint64
find_next (const GPtrArray *series, const guint *places)
{
  gint64 next_us = G_MAXINT64;

  for (guint i = 0; i < series->len; i++) {
    const OrfPoint *point = peek (series, i, places[i]);

    if (point != NULL)
      next_us = MIN (next_us, point->t_us);
  }
  return next_us;
}

/* Goes past the points of that time. */
static void
append_row (GString *out, const GPtrArray *series, guint *places, gint64 t_us)
{
  orf_encode_integer (out, t_us);
  for (guint i = 0; i < series->len; i++) {
    const OrfPoint *point = peek (series, i, places[i]);

    g_string_append_c (out, ',');
    if (point == NULL || point->t_us != t_us)
      continue;
    if (isfinite (point->value))
      orf_encode_number (out, point->value);
    places[i]++;
  }
  g_string_append (out, LINE_END);
}

/* Looking for the next time among all series costs no more than writing a line of them. */
gboolean
orf_metrics_csv_append (GString *out, const GPtrArray *series, guint64 max_cells, gint64 *n_rows)
{
  g_autofree guint *places = g_new0 (guint, series->len);
  guint64 max_rows = series->len > 0 ? max_cells / series->len : 0;
  guint64 n = 0;
  gint64 t_us;

  append_header (out, series);
  while ((t_us = find_next (series, places)) != G_MAXINT64) {
    if (n == max_rows)
      return FALSE;
    append_row (out, series, places, t_us);
    n++;
  }
  *n_rows = (gint64) n;
  return TRUE;
}
