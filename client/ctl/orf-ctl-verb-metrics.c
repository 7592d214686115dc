/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-sample.h"

/* ---- metrics list ------------------------------------------------------------------------------
 */

static OrfCtlTable *
new_list_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "UNIT", 0);
  orf_ctl_table_add_column (table, terminal->is_terminal ? "LAST" : "LAST_US",
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "HELP", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

static void
add_series_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const OrfMetricsSeriesInfo *info = row;
  OrfCtlStyle style = info->active ? ORF_CTL_PLAIN : ORF_CTL_FAINT;
  double age_us = MAX ((double) (g_get_real_time () - info->last_us), 0);
  char *last = NULL;

  if (info->has_last_us)
    last = terminal->is_terminal ? orf_ctl_format_age_us (age_us, terminal->utf8)
                                 : orf_ctl_format_exact ((double) info->last_us);
  orf_ctl_table_add (table, style, info->series);
  orf_ctl_table_add (table, style, orf_series_kind_to_string (info->kind));
  orf_ctl_table_add (table, style, info->unit != NULL ? info->unit : "");
  orf_ctl_table_take (table, style, last);
  orf_ctl_table_add (table, ORF_CTL_FAINT, info->help != NULL ? info->help : "");
}

static const GPtrArray *
read_list_cb (gconstpointer page, const char **next_cursor)
{
  const OrfMetricsListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->series;
}

static void
free_list_cb (gpointer page)
{
  orf_metrics_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_METRICS_LIST,
  .nothing = "no series matches\n",
  .read = read_list_cb,
  .free_page = free_list_cb,
  .add = add_series_cb,
};

OrfCtlExit
orf_ctl_verb_metrics_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_list_table (orf_ctl_get_terminal (ctl));
  const char *select = orf_ctl_get_argument (ctl, 0);
  json_t *params = json_object ();

  orf_ctl_params_add_text (ctl, params, "match");
  if (select != NULL)
    json_object_set_new (params, "select", json_string (select));
  return orf_ctl_list_show (ctl, &list, table, params, error);
}

/* ---- metrics record ----------------------------------------------------------------------------
 */

static gboolean
add_samples (const OrfCtl *ctl, json_t *samples, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  gint64 t_us = -1;

  if (!orf_ctl_params_get_time (ctl, "at", g_get_real_time (), &t_us, error))
    return FALSE;
  for (const char *const *text = orf_ctl_options_get_arguments (options); *text != NULL; text++) {
    json_t *sample = orf_ctl_sample_parse (*text, t_us, error);

    if (sample == NULL)
      return FALSE;
    json_array_append_new (samples, sample);
  }
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_metrics_record (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfMetricsRecordResult) result = NULL;
  g_autoptr (json_t) samples = json_array ();
  g_autofree char *line = NULL;
  OrfCtlExit verdict;

  if (!add_samples (ctl, samples, error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_METRICS_RECORD, json_pack ("{s:O}", "samples", samples),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  line = g_strdup_printf ("accepted %" G_GINT64_FORMAT, result->accepted);
  orf_ctl_print_line (line);
  return ORF_CTL_DONE;
}
