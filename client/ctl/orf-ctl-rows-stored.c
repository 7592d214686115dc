/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of recorded series, asked for in pieces. */
#include <math.h>
#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"

#include "orf-ctl-rows.h"
#include "orf-ctl-time.h"

/* Windows of one call: well below what a server answers by default, of 64 series too. */
#define PIECE_ROWS 2000

gboolean
orf_ctl_rows_get_stretch (const OrfCtl *ctl,
                          gint64 default_span_us,
                          OrfCtlStretch *stretch,
                          GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *from = orf_ctl_options_get (options, "from");
  const char *to = orf_ctl_options_get (options, "to");
  gint64 now_us = g_get_real_time ();

  if (orf_ctl_wants_json (ctl)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "a replay is CSV: it has no --json");
    return FALSE;
  }
  *stretch = (OrfCtlStretch){ .select = orf_ctl_options_get (options, "select"), .to_us = now_us };
  if (to != NULL && !orf_ctl_parse_time (to, now_us, &stretch->to_us, error))
    return FALSE;
  stretch->from_us = stretch->to_us - default_span_us;
  return from == NULL || orf_ctl_parse_time (from, now_us, &stretch->from_us, error);
}

/* ---- columns --------------------------------------------------------------------------------- */

typedef struct {
  char *name;
  GArray *points; /* OrfPoint, by time */
  guint at;       /* the first that is in no row yet */
} Column;

static void
free_column (gpointer data)
{
  Column *column = data;

  g_free (column->name);
  g_array_unref (column->points);
  g_free (column);
}

static Column *
get_column (GPtrArray *columns, const char *name)
{
  Column *column;

  for (guint i = 0; i < columns->len; i++) {
    column = columns->pdata[i];
    if (g_str_equal (column->name, name))
      return column;
  }
  column = g_new (Column, 1);
  *column = (Column){ g_strdup (name), g_array_new (FALSE, FALSE, sizeof (OrfPoint)), 0 };
  g_ptr_array_add (columns, column);
  return column;
}

static int
compare_columns_cb (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Column *const *) a)->name, (*(Column *const *) b)->name);
}

static OrfCtlExit
fetch_piece (
  OrfCtl *ctl, const OrfCtlStretch *stretch, guint max_columns, GPtrArray *columns, GError **error)
{
  g_autoptr (OrfMetricsQueryResult) result = NULL;
  json_t *params = json_pack ("{s:s, s:I, s:I, s:I}", "select", stretch->select, "from_us",
                              (json_int_t) stretch->from_us, "to_us", (json_int_t) stretch->to_us,
                              "step_us", (json_int_t) stretch->step_us);
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--select is not UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_METRICS_QUERY, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  for (guint i = 0; i < result->series->len; i++) {
    const OrfMetricsSeriesPoints *series = result->series->pdata[i];

    g_array_append_vals (get_column (columns, series->series)->points, series->points->data,
                         series->points->len);
  }
  if (columns->len <= max_columns)
    return ORF_CTL_DONE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--select means %u series, and a replay is of %s%u: name its labels", columns->len,
               max_columns > 1 ? "at most " : "", max_columns);
  return ORF_CTL_USAGE;
}

/* G_MAXINT64: all points are in rows. */
static gint64
find_next_us (const GPtrArray *columns)
{
  gint64 next_us = G_MAXINT64;

  for (guint i = 0; i < columns->len; i++) {
    const Column *column = columns->pdata[i];

    if (column->at < column->points->len)
      next_us = MIN (next_us, g_array_index (column->points, OrfPoint, column->at).t_us);
  }
  return next_us;
}

static double
take_value (Column *column, gint64 t_us)
{
  const OrfPoint *point = &g_array_index (column->points, OrfPoint, column->at);

  if (column->at == column->points->len || point->t_us != t_us)
    return NAN;
  column->at++;
  return point->value;
}

static OrfCtlTableRows *
join (const GPtrArray *columns)
{
  OrfCtlTableRows *rows = g_new0 (OrfCtlTableRows, 1);
  gint64 t_us;

  rows->n_columns = columns->len;
  rows->names = g_new0 (char *, columns->len + 1);
  for (guint i = 0; i < columns->len; i++)
    rows->names[i] = g_strdup (((Column *) columns->pdata[i])->name);
  rows->t_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  rows->values = g_array_new (FALSE, FALSE, sizeof (double));
  while ((t_us = find_next_us (columns)) != G_MAXINT64) {
    g_array_append_val (rows->t_us, t_us);
    for (guint i = 0; i < columns->len; i++) {
      double value = take_value (columns->pdata[i], t_us);

      g_array_append_val (rows->values, value);
    }
  }
  return rows;
}

OrfCtlTableRows *
orf_ctl_rows_fetch_columns (
  OrfCtl *ctl, const OrfCtlStretch *stretch, guint max_columns, OrfCtlExit *verdict, GError **error)
{
  g_autoptr (GPtrArray) columns = g_ptr_array_new_with_free_func (free_column);
  OrfCtlStretch piece = *stretch;

  /* windows begin at multiples of the step: half a one at the head would be a row of fewer samples
   */
  piece.from_us -= piece.from_us % piece.step_us;
  for (; piece.from_us < stretch->to_us; piece.from_us = piece.to_us) {
    piece.to_us = (stretch->to_us - piece.from_us) / PIECE_ROWS < piece.step_us
                    ? stretch->to_us
                    : piece.from_us + PIECE_ROWS * piece.step_us;
    *verdict = fetch_piece (ctl, &piece, max_columns, columns, error);
    if (*verdict != ORF_CTL_DONE)
      return NULL;
  }
  g_ptr_array_sort (columns, compare_columns_cb);
  if (find_next_us (columns) != G_MAXINT64)
    return join (columns);
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--select %s: no series has points in this span", stretch->select);
  *verdict = ORF_CTL_USAGE;
  return NULL;
}

GArray *
orf_ctl_rows_fetch (OrfCtl *ctl, const OrfCtlStretch *stretch, OrfCtlExit *verdict, GError **error)
{
  g_autoptr (OrfCtlTableRows) rows = orf_ctl_rows_fetch_columns (ctl, stretch, 1, verdict, error);

  return rows != NULL ? orf_ctl_table_rows_make_points (rows) : NULL;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static void
note_counter (const OrfCtlTableRows *rows, const OrfMetricsSeriesInfo *info, guint64 *counters)
{
  for (guint i = 0; info->kind == ORF_SERIES_KIND_COUNTER && i < rows->n_columns; i++)
    if (g_str_equal (rows->names[i], info->series))
      *counters |= G_GUINT64_CONSTANT (1) << i;
}

OrfCtlExit
orf_ctl_rows_find_counters (
  OrfCtl *ctl, const char *select, const OrfCtlTableRows *rows, guint64 *counters, GError **error)
{
  g_autofree char *cursor = NULL;
  gboolean more;

  do {
    g_autoptr (OrfMetricsListResult) result = NULL;
    json_t *params = json_pack ("{s:s, s:s*}", "select", select, "cursor", cursor);
    OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_METRICS_LIST, params, (gpointer *) &result,
                                        error);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    for (guint i = 0; i < result->series->len; i++)
      note_counter (rows, result->series->pdata[i], counters);
    /* a page that points to itself would have us ask for ever */
    more = result->next_cursor != NULL && g_strcmp0 (result->next_cursor, cursor) != 0;
    g_free (cursor);
    cursor = g_steal_pointer (&result->next_cursor);
  } while (more);
  return ORF_CTL_DONE;
}
