/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-decode.h"

#include "orf-ctl-alerts.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-watch.h"

static OrfCtlStyle
get_state_style (OrfAlertState state, OrfSeverity severity)
{
  switch (state) {
  case ORF_ALERT_STATE_FIRING:
    return orf_ctl_cells_get_severity_style (severity);
  case ORF_ALERT_STATE_RESOLVED:
    return ORF_CTL_GOOD;
  default:
    return ORF_CTL_FAINT;
  }
}

/* Since when it is as it is. */
static gint64
get_changed_us (const OrfAlertInfo *alert)
{
  if (alert->has_resolved_us)
    return alert->resolved_us;
  return alert->has_fired_us ? alert->fired_us : alert->started_us;
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfAlertsListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->alerts;
}

static void
free_cb (gpointer page)
{
  orf_alerts_list_result_free (page);
}

/* ---- alerts ---------------------------------------------------------------------------------- */

static OrfCtlTable *
new_active_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "AGE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RULE", 0);
  orf_ctl_table_add_column (table, "VALUE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "THRESHOLD", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SUMMARY", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "LABELS", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "QUIET", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static void
add_active_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfAlertInfo *alert = row;
  gint64 age_us = MAX (g_get_real_time () - get_changed_us (alert), 0);

  orf_ctl_table_add (table, orf_ctl_cells_get_severity_style (alert->severity),
                     orf_severity_to_string (alert->severity));
  orf_ctl_table_add (table, get_state_style (alert->state, alert->severity),
                     orf_alert_state_to_string (alert->state));
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE, age_us);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->rule);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, alert->value);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_FAINT, alert->threshold);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->summary);
  orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_alerts_format_labels (alert->labels));
  orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_alerts_describe_holds (alert));
  orf_ctl_table_add (table, ORF_CTL_FAINT, alert->id);
}

static const OrfCtlList active = {
  .method = ORF_METHOD_ALERTS_ACTIVE,
  .nothing = "nothing fires\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_active_cb,
};

OrfCtlExit
orf_ctl_verb_alerts (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_active_table (orf_ctl_get_terminal (ctl));
  json_t *params = json_object ();

  orf_ctl_params_add_text (ctl, params, "severity");
  return orf_ctl_list_show (ctl, &active, table, params, error);
}

/* ---- alerts history -------------------------------------------------------------------------- */

static OrfCtlTable *
new_history_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "FROM", 0);
  orf_ctl_table_add_column (table, "LASTED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "RULE", 0);
  orf_ctl_table_add_column (table, "VALUE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SUMMARY", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "LABELS", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "NOTE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

/* "ann (noise): a test" */
static char *
format_note (const OrfAlertAcknowledgement *seen)
{
  const char *verdict = seen != NULL ? orf_alert_verdict_to_string (seen->verdict) : NULL;

  if (seen == NULL)
    return NULL;
  return g_strdup_printf ("%s%s%s%s%s%s", seen->author != NULL ? seen->author : "acknowledged",
                          verdict != NULL ? " (" : "", verdict != NULL ? verdict : "",
                          verdict != NULL ? ")" : "", seen->note != NULL ? ": " : "",
                          seen->note != NULL ? seen->note : "");
}

static void
add_history_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfAlertInfo *alert = row;
  gint64 from_us = alert->has_fired_us ? alert->fired_us : alert->started_us;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, from_us));
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, alert->has_resolved_us,
                               MAX (alert->resolved_us - from_us, 0));
  orf_ctl_table_add (table, orf_ctl_cells_get_severity_style (alert->severity),
                     orf_severity_to_string (alert->severity));
  orf_ctl_table_add (table, get_state_style (alert->state, alert->severity),
                     orf_alert_state_to_string (alert->state));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->rule);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, alert->value);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->summary);
  orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_alerts_format_labels (alert->labels));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, format_note (alert->acknowledged));
  orf_ctl_table_add (table, ORF_CTL_FAINT, alert->id);
}

static const OrfCtlList history = {
  .method = ORF_METHOD_ALERTS_HISTORY,
  .nothing = "no alerts\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_history_cb,
};

OrfCtlExit
orf_ctl_verb_alerts_history (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_history_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "rule");
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "unfired"))
    json_object_set_new (params, "unfired", json_true ());
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  return orf_ctl_list_show (ctl, &history, table, g_steal_pointer (&params), error);
}

/* ---- alerts ack ------------------------------------------------------------------------------ */

OrfCtlExit
orf_ctl_verb_alerts_ack (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAlertInfo) alert = NULL;
  json_t *params = orf_ctl_params_pack_argument (ctl, "id", error);
  g_autofree char *told = NULL;
  g_autofree char *line = NULL;
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  orf_ctl_params_add_text (ctl, params, "note");
  orf_ctl_params_add_text (ctl, params, "verdict");
  orf_ctl_params_add_text (ctl, params, "author");
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_ACKNOWLEDGE, params, (gpointer *) &alert, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  told = orf_ctl_alerts_describe_holds (alert);
  line = g_strdup_printf ("%s: %s", alert->id, told != NULL ? told : "acknowledged");
  g_free (told);
  told = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), line);
  orf_ctl_print_line (told);
  return ORF_CTL_DONE;
}

/* ---- alerts explain -------------------------------------------------------------------------- */

/* "86 (threshold 85)" */
static char *
format_value (const OrfAlertInfo *alert)
{
  g_autofree char *value = orf_ctl_format_number (alert->value);
  g_autofree char *threshold = orf_ctl_format_number (alert->threshold);

  return g_strdup_printf ("%s%s%s%s", value != NULL ? value : "not known",
                          threshold != NULL ? " (threshold " : "",
                          threshold != NULL ? threshold : "", threshold != NULL ? ")" : "");
}

static void
append_head (const OrfCtl *ctl, GString *out, const OrfAlertInfo *alert)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *title = g_strdup_printf ("%s of rule %s", alert->id, alert->rule);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, title);
  g_autofree char *state = g_strdup_printf ("%s, %s", orf_alert_state_to_string (alert->state),
                                            orf_severity_to_string (alert->severity));
  g_autofree char *value = format_value (alert);
  g_autofree char *labels = orf_ctl_alerts_format_labels (alert->labels);
  g_autofree char *holds = orf_ctl_alerts_describe_holds (alert);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, clean);
  g_string_append (out, ": ");
  orf_ctl_terminal_append (terminal, out, get_state_style (alert->state, alert->severity), state);
  g_string_append_c (out, '\n');
  orf_ctl_cells_append_fact (ctl, out, "what", alert->summary);
  orf_ctl_cells_append_fact (ctl, out, "value", value);
  orf_ctl_cells_append_fact (ctl, out, "labels", labels);
  orf_ctl_cells_append_fact (ctl, out, "quiet", holds);
  orf_ctl_cells_append_fact (ctl, out, "note",
                             alert->acknowledged != NULL ? alert->acknowledged->note : NULL);
  orf_ctl_cells_append_fact (ctl, out, "help", alert->help);
  orf_ctl_cells_append_fact (ctl, out, "runbook", alert->runbook);
  g_string_append_c (out, '\n');
}

static OrfCtlStyle
get_step_style (const char *step, OrfSeverity severity)
{
  if (g_str_equal (step, "firing"))
    return orf_ctl_cells_get_severity_style (severity);
  if (g_str_equal (step, "resolved") || g_str_equal (step, "delivered"))
    return ORF_CTL_GOOD;
  if (g_str_equal (step, "failed") || g_str_equal (step, "refused"))
    return ORF_CTL_BAD;
  return ORF_CTL_PLAIN;
}

/* When, how long after the condition was true first, what, whom it was told, and why. */
static void
append_steps (const OrfCtl *ctl, GString *out, const OrfAlertsExplainResult *result)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "AFTER", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "STEP", 0);
  orf_ctl_table_add_column (table, "RECEIVER", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "REASON", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < result->steps->len; i++) {
    const OrfAlertStep *step = result->steps->pdata[i];

    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, step->t_us));
    orf_ctl_cells_take_duration (ctl, table, ORF_CTL_FAINT, TRUE,
                                 MAX (step->t_us - result->alert->started_us, 0));
    orf_ctl_table_add (table, get_step_style (step->step, result->alert->severity), step->step);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, step->receiver);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, step->reason);
  }
  orf_ctl_table_append_to (table, out);
}

OrfCtlExit
orf_ctl_verb_alerts_explain (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAlertsExplainResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *params = orf_ctl_params_pack_argument (ctl, "id", error);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_EXPLAIN, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_head (ctl, out, result->alert);
  append_steps (ctl, out, result);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

/* ---- alerts watch ---------------------------------------------------------------------------- */

/* When it became so. */
static void
append_time (const OrfCtl *ctl, GString *out, const OrfAlertInfo *alert)
{
  gint64 t_us = get_changed_us (alert);
  g_autofree char *time = NULL;

  if (alert->acknowledged != NULL)
    t_us = MAX (t_us, alert->acknowledged->at_us);
  time = orf_ctl_list_format_time (ctl, t_us);
  g_string_append (out, time);
}

static void
append_alert (const OrfCtl *ctl, GString *out, const OrfAlertInfo *alert)
{
  g_autofree char *labels = orf_ctl_alerts_format_labels (alert->labels);
  g_autofree char *holds = orf_ctl_alerts_describe_holds (alert);
  g_autofree char *value = format_value (alert);

  append_time (ctl, out, alert);
  orf_ctl_cells_append (ctl, out, ORF_CTL_FAINT, alert->id);
  orf_ctl_cells_append (ctl, out, get_state_style (alert->state, alert->severity),
                        orf_alert_state_to_string (alert->state));
  orf_ctl_cells_append (ctl, out, orf_ctl_cells_get_severity_style (alert->severity),
                        orf_severity_to_string (alert->severity));
  orf_ctl_cells_append (ctl, out, ORF_CTL_PLAIN, alert->rule);
  orf_ctl_cells_append (ctl, out, ORF_CTL_PLAIN, value);
  orf_ctl_cells_append (ctl, out, ORF_CTL_PLAIN, alert->summary != NULL ? alert->summary : labels);
  if (holds != NULL)
    orf_ctl_cells_append (ctl, out, ORF_CTL_FAINT, holds);
  g_string_append_c (out, '\n');
}

static gboolean
show_value (gpointer user_data, const char *value, GError **error)
{
  const OrfCtl *ctl = user_data;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (OrfAlertsWatchValue)
    decoded = orf_decode_text (&orf_alerts_watch_value_desc, value, strlen (value),
                               ORF_DECODE_LENIENT, error);

  if (decoded == NULL)
    return FALSE;
  for (guint i = 0; i < decoded->alerts->len; i++)
    append_alert (ctl, out, decoded->alerts->pdata[i]);
  orf_ctl_print (out->str);
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_alerts_watch (OrfCtl *ctl, GError **error)
{
  return orf_ctl_watch_by_severity (ctl, ORF_METHOD_ALERTS_WATCH, show_value, error);
}
