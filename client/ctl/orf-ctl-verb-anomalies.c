/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-decode.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-watch.h"

/* ---- anomalies list -------------------------------------------------------------------------- */

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "BEGAN", 0);
  orf_ctl_table_add_column (table, "LASTED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "SCORE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WHAT", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfAnomalyInfo *anomaly = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, anomaly->started_us));
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, anomaly->has_ended_us,
                               MAX (anomaly->ended_us - anomaly->started_us, 0));
  orf_ctl_table_add (table, orf_ctl_cells_get_severity_style (anomaly->severity),
                     orf_severity_to_string (anomaly->severity));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_anomaly_kind_to_string (anomaly->kind));
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, anomaly->score);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, anomaly->text);
  orf_ctl_table_add (table, ORF_CTL_FAINT, orf_alert_verdict_to_string (anomaly->verdict));
  orf_ctl_table_add (table, ORF_CTL_FAINT, anomaly->id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfAnomaliesListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->anomalies;
}

static void
free_cb (gpointer page)
{
  orf_anomalies_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_ANOMALIES_LIST,
  .nothing = "no anomalies\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_anomalies (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = orf_ctl_get_argument (ctl, 0) != NULL
                                ? orf_ctl_params_pack_argument (ctl, "select", error)
                                : json_object ();

  if (params == NULL)
    return ORF_CTL_USAGE;
  orf_ctl_params_add_text (ctl, params, "kind");
  orf_ctl_params_add_text (ctl, params, "severity");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  return orf_ctl_list_show (ctl, &list, table, g_steal_pointer (&params), error);
}

/* ---- anomalies show -------------------------------------------------------------------------- */

static char *
format_number (const OrfCtl *ctl, double value)
{
  return orf_ctl_get_terminal (ctl)->is_terminal ? orf_ctl_format_number (value)
                                                 : orf_ctl_format_exact (value);
}

/* "412 (3 to 18 expected)"; NULL: it had no value. */
static char *
describe_value (const OrfCtl *ctl, const OrfAnomalyInfo *anomaly)
{
  g_autofree char *value = format_number (ctl, anomaly->value);
  g_autofree char *lower = format_number (ctl, anomaly->expected->lower);
  g_autofree char *upper = format_number (ctl, anomaly->expected->upper);

  if (value == NULL || lower == NULL || upper == NULL)
    return g_steal_pointer (&value);
  return g_strdup_printf ("%s (%s to %s expected)", value, lower, upper);
}

/* "2026-11-22 03:12:04, for 4 s"; "…, and goes on" */
static char *
describe_time (const OrfCtl *ctl, const OrfAnomalyInfo *anomaly)
{
  g_autofree char *from = orf_ctl_list_format_time (ctl, anomaly->started_us);
  g_autofree char *span = NULL;

  if (!anomaly->has_ended_us)
    return g_strconcat (from, ", and goes on", NULL);
  span = orf_ctl_format_duration_us ((double) (anomaly->ended_us - anomaly->started_us),
                                     orf_ctl_get_terminal (ctl)->utf8);
  return g_strdup_printf ("%s, for %s", from, span);
}

/* "7.9: once in 12d 00h" */
static char *
describe_rarity (const OrfCtl *ctl, const OrfAnomalyInfo *anomaly)
{
  g_autofree char *score = format_number (ctl, anomaly->score);
  g_autofree char *once = NULL;

  if (!anomaly->has_once_in_us)
    return g_strconcat (score, ": rarer than its past can tell", NULL);
  once = orf_ctl_format_duration_us ((double) anomaly->once_in_us,
                                     orf_ctl_get_terminal (ctl)->utf8);
  return g_strdup_printf ("%s: once in %s", score, once);
}

static char *
describe_verdict (const OrfAnomalyInfo *anomaly)
{
  const char *verdict = orf_alert_verdict_to_string (anomaly->verdict);

  if (verdict == NULL)
    return NULL;
  return g_strconcat (verdict, anomaly->note != NULL ? ": " : NULL, anomaly->note, NULL);
}

/* One name a line, below the first. */
static void
append_names (const OrfCtl *ctl, GString *out, const char *title, char *const *names)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    orf_ctl_cells_append_fact (ctl, out, i == 0 ? title : "", names[i]);
}

static void
append_anomaly (const OrfCtl *ctl, GString *out, const OrfAnomalyInfo *anomaly)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *title = g_strdup_printf ("%s: ", anomaly->id);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, title);
  g_autofree char *kind = g_strdup_printf ("%s, %s", orf_anomaly_kind_to_string (anomaly->kind),
                                           orf_severity_to_string (anomaly->severity));
  g_autofree char *value = describe_value (ctl, anomaly);
  g_autofree char *when = describe_time (ctl, anomaly);
  g_autofree char *rarity = describe_rarity (ctl, anomaly);
  g_autofree char *verdict = describe_verdict (anomaly);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, clean);
  orf_ctl_terminal_append (terminal, out, orf_ctl_cells_get_severity_style (anomaly->severity),
                           kind);
  g_string_append_c (out, '\n');
  orf_ctl_cells_append_fact (ctl, out, "what", anomaly->text);
  orf_ctl_cells_append_fact (ctl, out, "began", when);
  orf_ctl_cells_append_fact (ctl, out, "series", anomaly->series);
  orf_ctl_cells_append_fact (ctl, out, "entity", anomaly->entity);
  orf_ctl_cells_append_fact (ctl, out, "value", value);
  orf_ctl_cells_append_fact (ctl, out, "detector", anomaly->detector);
  orf_ctl_cells_append_fact (ctl, out, "score", rarity);
  append_names (ctl, out, "with", anomaly->related);
  append_names (ctl, out, "traces", anomaly->traces);
  append_names (ctl, out, "alerts", anomaly->alerts);
  append_names (ctl, out, "events", anomaly->events);
  orf_ctl_cells_append_fact (ctl, out, "incident", anomaly->incident);
  orf_ctl_cells_append_fact (ctl, out, "verdict", verdict);
}

OrfCtlExit
orf_ctl_verb_anomalies_show (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAnomalyInfo) anomaly = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *params = orf_ctl_params_pack_argument (ctl, "id", error);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ANOMALIES_GET, params, (gpointer *) &anomaly, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_anomaly (ctl, out, anomaly);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

/* ---- anomalies feedback ---------------------------------------------------------------------- */

OrfCtlExit
orf_ctl_verb_anomalies_feedback (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAnomaliesFeedbackResult) result = NULL;
  json_t *params = orf_ctl_params_pack_argument (ctl, "id", error);
  g_autofree char *line = NULL;
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  /* the server says that it is missing */
  if (orf_ctl_get_argument (ctl, 1) != NULL)
    json_object_set_new (params, "verdict", json_string (orf_ctl_get_argument (ctl, 1)));
  orf_ctl_params_add_text (ctl, params, "note");
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ANOMALIES_FEEDBACK, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  line = result->quieted > 0
           ? g_strdup_printf ("noted; %" G_GINT64_FORMAT " like it are quiet now", result->quieted)
           : g_strdup ("noted");
  orf_ctl_print_line (line);
  return ORF_CTL_DONE;
}

/* ---- anomalies detectors --------------------------------------------------------------------- */

static OrfCtlTable *
new_detector_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "DETECTOR", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PROMISED/DAY", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REALISED/DAY", ORF_CTL_COLUMN_RIGHT);
  return table;
}

OrfCtlExit
orf_ctl_verb_anomalies_detectors (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAnomaliesDetectorsResult) result = NULL;
  g_autoptr (OrfCtlTable) table = new_detector_table (orf_ctl_get_terminal (ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_ANOMALIES_DETECTORS, NULL,
                                      (gpointer *) &result, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  for (guint i = 0; i < result->detectors->len; i++) {
    const OrfAnomalyDetectorInfo *info = result->detectors->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, info->detector);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_anomaly_kind_to_string (info->kind));
    orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, info->series);
    orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, info->promised_per_day);
    orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, info->realised_per_day);
  }
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

/* ---- anomalies watch ------------------------------------------------------------------------- */

static gboolean
show_value (gpointer user_data, const char *value, GError **error)
{
  const OrfCtl *ctl = user_data;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (OrfAnomalyInfo) anomaly = orf_decode_text (&orf_anomaly_info_desc, value,
                                                        strlen (value), ORF_DECODE_LENIENT, error);
  g_autofree char *time = NULL;

  if (anomaly == NULL)
    return FALSE;
  time = orf_ctl_list_format_time (ctl,
                                   anomaly->has_ended_us ? anomaly->ended_us : anomaly->started_us);
  g_string_append (out, time);
  orf_ctl_cells_append (ctl, out, ORF_CTL_FAINT, anomaly->id);
  orf_ctl_cells_append (ctl, out, anomaly->has_ended_us ? ORF_CTL_GOOD : ORF_CTL_PLAIN,
                        anomaly->has_ended_us ? "ended" : "began");
  orf_ctl_cells_append (ctl, out, orf_ctl_cells_get_severity_style (anomaly->severity),
                        orf_severity_to_string (anomaly->severity));
  orf_ctl_cells_append (ctl, out, ORF_CTL_PLAIN, orf_anomaly_kind_to_string (anomaly->kind));
  orf_ctl_cells_append (ctl, out, ORF_CTL_PLAIN, anomaly->text);
  g_string_append_c (out, '\n');
  orf_ctl_print (out->str);
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_anomalies_watch (OrfCtl *ctl, GError **error)
{
  return orf_ctl_watch_by_severity (ctl, ORF_METHOD_ANOMALIES_WATCH, show_value, error);
}
