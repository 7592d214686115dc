/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-alerts.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

/* ---- alerts rules ---------------------------------------------------------------------------- */

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "RULE", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "CONDITION", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "FOR", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "FIRED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PRECISION", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAID BY", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "WAITS FOR", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

static void
take_state (OrfCtlTable *table, const OrfAlertRuleInfo *rule)
{
  if (!rule->enabled)
    orf_ctl_table_add (table, ORF_CTL_FAINT, "off");
  else if (rule->waiting_for != NULL)
    orf_ctl_table_add (table, ORF_CTL_WARNING, "waits");
  else
    orf_ctl_table_add (table, ORF_CTL_GOOD, "on");
}

/* Who spoke of it last. */
static const char *
get_speaker (const OrfAlertRuleInfo *rule)
{
  return rule->set_by != NULL ? rule->set_by : orf_alert_rule_source_to_string (rule->source);
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfAlertRuleInfo *rule = row;

  orf_ctl_table_add (table, rule->enabled ? ORF_CTL_PLAIN : ORF_CTL_FAINT, rule->rule);
  take_state (table, rule);
  orf_ctl_table_add (table, orf_ctl_cells_get_severity_style (rule->severity),
                     orf_severity_to_string (rule->severity));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, rule->expr);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE, rule->for_us);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, rule->record->fired);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, 100 * rule->record->precision);
  orf_ctl_table_add (table, ORF_CTL_FAINT, get_speaker (rule));
  orf_ctl_table_add (table, ORF_CTL_FAINT, rule->waiting_for);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfAlertsRulesResult *result = page;

  *next_cursor = result->next_cursor;
  return result->rules;
}

static void
free_cb (gpointer page)
{
  orf_alerts_rules_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_ALERTS_RULES,
  .nothing = "no rules\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_alerts_rules (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));

  return orf_ctl_list_show (ctl, &list, table, json_object (), error);
}

/* ---- alerts set ------------------------------------------------------------------------------ */

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, text);
  return FALSE;
}

/* K=V,K=V; "": none any more. */
static gboolean
add_labels (const OrfCtl *ctl, json_t *params, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "labels");
  g_auto (GStrv) pairs = g_strsplit (text != NULL ? text : "", ",", -1);
  json_t *labels;

  if (text == NULL)
    return TRUE;
  labels = json_object ();
  json_object_set_new (params, "labels", labels);
  for (char **pair = pairs; *pair != NULL; pair++) {
    char *equals = strchr (*pair, '=');

    if (equals == NULL)
      return refuse (error, "--labels: write K=V,K=V");
    *equals = '\0';
    if (json_object_set_new (labels, *pair, json_string (equals + 1)) != 0)
      return refuse (error, "--labels: not UTF-8");
  }
  return TRUE;
}

/* RULE,RULE; "": by none any more. */
static gboolean
add_inhibitors (const OrfCtl *ctl, json_t *params, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "inhibited-by");
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ",", -1);
  json_t *rules;

  if (text == NULL)
    return TRUE;
  rules = json_array ();
  json_object_set_new (params, "inhibited_by", rules);
  for (char **name = names; *name != NULL; name++)
    if (json_array_append_new (rules, json_string (*name)) != 0)
      return refuse (error, "--inhibited-by: not UTF-8");
  return TRUE;
}

static gboolean
add_enabled (const OrfCtl *ctl, json_t *params, GError **error)
{
  gboolean enable = orf_ctl_options_has (orf_ctl_get_options (ctl), "enable");
  gboolean disable = orf_ctl_options_has (orf_ctl_get_options (ctl), "disable");

  if (enable && disable)
    return refuse (error, "--enable and --disable: which?");
  if (enable || disable)
    json_object_set_new (params, "enabled", json_boolean (enable));
  return TRUE;
}

static gboolean
add_what_is_said (const OrfCtl *ctl, json_t *params, GError **error)
{
  const char *advice = orf_ctl_options_get (orf_ctl_get_options (ctl), "advice");

  orf_ctl_params_add_text (ctl, params, "expr");
  orf_ctl_params_add_text (ctl, params, "severity");
  orf_ctl_params_add_text (ctl, params, "summary");
  orf_ctl_params_add_text (ctl, params, "runbook");
  /* --help is taken */
  if (advice != NULL)
    json_object_set_new (params, "help", json_string (advice));
  if (!orf_ctl_params_add_quantity (ctl, params, "threshold", error) ||
      !orf_ctl_params_add_quantity (ctl, params, "hysteresis", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "for", "for_us", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "keep-firing-for", "keep_firing_for_us", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "cooldown", "cooldown_us", error) ||
      !add_labels (ctl, params, error) || !add_inhibitors (ctl, params, error) ||
      !add_enabled (ctl, params, error))
    return FALSE;
  return json_object_size (params) > 1 ||
         refuse (error, "nothing is said of the rule: give --expr, --threshold, --disable, ...");
}

OrfCtlExit
orf_ctl_verb_alerts_set (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = orf_ctl_params_pack_argument (ctl, "rule", error);
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (OrfAlertRuleInfo) rule = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict;

  if (params == NULL || !add_what_is_said (ctl, params, error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_SET_RULE, g_steal_pointer (&params),
                           (gpointer *) &rule, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  add_cb (ctl, table, rule);
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_alerts_delete (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAlertsDeleteResult) result = NULL;
  json_t *params = orf_ctl_params_pack_argument (ctl, "rule", error);

  return params == NULL ? ORF_CTL_USAGE
                        : orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_DELETE_RULE, params,
                                         (gpointer *) &result, error);
}
