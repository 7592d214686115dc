/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-time.h"

/* ---- cells ----------------------------------------------------------------------------------- */

/* "12.3 to 14.5"; two exact numbers in a pipe. */
static void
take_interval (const OrfCtl *ctl, OrfCtlTable *table, double lower, double upper)
{
  gboolean terminal = orf_ctl_get_terminal (ctl)->is_terminal;
  g_autofree char *from = terminal ? orf_ctl_format_number (lower) : orf_ctl_format_exact (lower);
  g_autofree char *to = terminal ? orf_ctl_format_number (upper) : orf_ctl_format_exact (upper);

  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      from != NULL && to != NULL ? g_strdup_printf ("%s to %s", from, to) : NULL);
}

/* ---- predictions ----------------------------------------------------------------------------- */

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "IN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "NOW", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "THEN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "80 % BETWEEN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "HELD", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TREND", 0);
  orf_ctl_table_add_column (table, "REGIME", 0);
  orf_ctl_table_add_column (table, "THRESHOLD", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REACHED IN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "AT MOST", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "METHOD", 0);
  return table;
}

static OrfCtlStyle
get_trend_style (OrfPredictionTrend trend)
{
  return trend == ORF_PREDICTION_TREND_DEGRADING ? ORF_CTL_WARNING : ORF_CTL_PLAIN;
}

static void
add_prediction_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfPredictionInfo *info = row;
  const OrfPredictionTime *time = info->time_to_threshold_us;
  OrfCtlStyle style = time != NULL && time->has_value ? ORF_CTL_WARNING : ORF_CTL_PLAIN;

  orf_ctl_table_add (table, ORF_CTL_PLAIN, info->series);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE, info->horizon_us);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, info->last);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, info->value);
  take_interval (ctl, table, info->lower, info->upper);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_FAINT, 100 * info->confidence);
  orf_ctl_table_add (table, get_trend_style (info->trend),
                     info->trend != ORF_PREDICTION_TREND_UNSET
                       ? orf_prediction_trend_to_string (info->trend)
                       : NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_prediction_regime_to_string (info->regime));
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, info->threshold);
  if (time != NULL && time->has_value && time->value == 0 &&
      orf_ctl_get_terminal (ctl)->is_terminal)
    orf_ctl_table_add (table, ORF_CTL_BAD, "reached");
  else
    orf_ctl_cells_take_duration (ctl, table, style, time != NULL && time->has_value,
                                 time != NULL ? time->value : 0);
  orf_ctl_cells_take_duration (ctl, table, style, time != NULL && time->has_upper,
                               time != NULL ? time->upper : 0);
  orf_ctl_table_add (table, ORF_CTL_FAINT, info->method);
}

static const GPtrArray *
read_predictions_cb (gconstpointer page, const char **next_cursor)
{
  const OrfPredictionsListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->predictions;
}

static void
free_predictions_cb (gpointer page)
{
  orf_predictions_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_PREDICTIONS_LIST,
  .nothing = "nothing is foretold yet: a series needs three rows ([forecast] row_us)\n",
  .read = read_predictions_cb,
  .free_page = free_predictions_cb,
  .add = add_prediction_cb,
};

/* NULL: the command line is wrong. */
static json_t *
make_params (const OrfCtl *ctl, GError **error)
{
  const char *select = orf_ctl_get_argument (ctl, 0);
  g_autoptr (json_t) params = select != NULL ? json_pack ("{s:s}", "select", select)
                                             : json_object ();

  if (params == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "SELECT is not UTF-8");
  return g_steal_pointer (&params);
}

OrfCtlExit
orf_ctl_verb_predictions (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  const char *horizon = orf_ctl_options_get (orf_ctl_get_options (ctl), "horizon");
  g_autoptr (json_t) params = make_params (ctl, error);
  gint64 horizon_us;

  if (params == NULL)
    return ORF_CTL_USAGE;
  if (horizon != NULL) {
    if (!orf_ctl_parse_duration (horizon, &horizon_us, error)) {
      g_prefix_error (error, "--horizon: ");
      return ORF_CTL_USAGE;
    }
    json_object_set_new (params, "horizon_us", json_integer (horizon_us));
  }
  return orf_ctl_list_show (ctl, &list, table, g_steal_pointer (&params), error);
}

/* ---- predictions accuracy -------------------------------------------------------------------- */

static OrfCtlTable *
new_accuracy_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "IN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "METHOD", 0);
  orf_ctl_table_add_column (table, "JUDGED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "ERROR", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LAST VALUE'S", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RATIO", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "IN 80 %", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "IN 90 %", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WIDTH", ORF_CTL_COLUMN_RIGHT);
  return table;
}

static void
add_accuracy (const OrfCtl *ctl, OrfCtlTable *table, const OrfPredictionAccuracy *row)
{
  orf_ctl_table_add (table, ORF_CTL_PLAIN, row->series != NULL ? row->series : row->metric);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE, row->horizon_us);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, row->method);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->forecasts);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, row->error);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, row->naive_error);
  orf_ctl_cells_take_number (ctl, table, row->error_ratio > 1 ? ORF_CTL_WARNING : ORF_CTL_PLAIN,
                             row->error_ratio);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, row->coverage_percent);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, row->coverage90_percent);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, row->width);
}

static OrfCtlTable *
new_warnings_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "WARNINGS OF", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "CAME TRUE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "FALSE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "MISSED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "AVERTED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "OPEN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RIGHT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "AHEAD BY", ORF_CTL_COLUMN_RIGHT);
  return table;
}

static void
add_warnings (const OrfCtl *ctl, OrfCtlTable *table, const OrfPredictionWarnings *row)
{
  orf_ctl_table_add (table, ORF_CTL_PLAIN, row->series != NULL ? row->series : row->metric);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->came_true);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->false_alarm);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->missed);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->averted);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, row->open);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, row->right_percent);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, row->has_lead_us, row->lead_us);
}

static void
print_accuracy (const OrfCtl *ctl, const OrfPredictionsAccuracyResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = new_accuracy_table (terminal);
  g_autoptr (OrfCtlTable) warnings = new_warnings_table (terminal);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < result->accuracy->len; i++)
    add_accuracy (ctl, table, result->accuracy->pdata[i]);
  for (guint i = 0; i < result->warnings->len; i++)
    add_warnings (ctl, warnings, result->warnings->pdata[i]);
  if (terminal->is_terminal && result->accuracy->len == 0)
    g_string_append_printf (out, "no forecast was due yet; %" G_GINT64_FORMAT " wait\n",
                            result->open);
  else
    orf_ctl_table_append_to (table, out);
  if (result->warnings->len > 0) {
    g_string_append_c (out, '\n');
    orf_ctl_table_append_to (warnings, out);
  }
  orf_ctl_print (out->str);
}

/* FALSE: the command line is wrong. */
static gboolean
add_choice (const OrfCtl *ctl, json_t *params, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *cursor = orf_ctl_options_get (options, "cursor");

  if (orf_ctl_options_has (options, "by-series"))
    json_object_set_new (params, "by", json_string ("series"));
  if (cursor != NULL)
    json_object_set_new (params, "cursor", json_string (cursor));
  json_object_set_new (params, "limit", json_integer (1000));
  return orf_ctl_params_add_time (ctl, params, "from", "from_us", error) &&
         orf_ctl_params_add_time (ctl, params, "to", "to_us", error);
}

OrfCtlExit
orf_ctl_verb_predictions_accuracy (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = make_params (ctl, error);
  g_autoptr (OrfPredictionsAccuracyResult) result = NULL;
  OrfCtlExit verdict;

  if (params == NULL || !add_choice (ctl, params, error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_PREDICTIONS_ACCURACY, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict == ORF_CTL_DONE && !orf_ctl_wants_json (ctl))
    print_accuracy (ctl, result);
  return verdict;
}
