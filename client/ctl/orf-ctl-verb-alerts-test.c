/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl-alerts.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* NULL: the command line is wrong. */
static json_t *
make_params (const OrfCtl *ctl, GError **error)
{
  const char *rule = orf_ctl_get_argument (ctl, 0);
  g_autoptr (json_t) params = json_object ();

  if (rule == NULL && orf_ctl_options_get (orf_ctl_get_options (ctl), "expr") == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "name a RULE, or a condition by --expr");
    return NULL;
  }
  if (rule != NULL && json_object_set_new (params, "rule", json_string (rule)) != 0) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "RULE is not UTF-8");
    return NULL;
  }
  orf_ctl_params_add_text (ctl, params, "expr");
  if (!orf_ctl_params_add_quantity (ctl, params, "threshold", error) ||
      !orf_ctl_params_add_quantity (ctl, params, "hysteresis", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "for", "for_us", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "keep-firing-for", "keep_firing_for_us", error) ||
      !orf_ctl_alerts_add_span (ctl, params, "cooldown", "cooldown_us", error) ||
      !orf_ctl_params_add_duration (ctl, params, "step", "step_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static void
add_interval (const OrfCtl *ctl, OrfCtlTable *table, const OrfAlertInterval *interval)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, interval->from_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      interval->has_to_us ? orf_ctl_list_format_time (ctl, interval->to_us) : NULL);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, interval->has_to_us,
                               interval->to_us - interval->from_us);
  orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_alerts_format_labels (interval->labels));
}

static void
append_table (const OrfCtl *ctl, const GPtrArray *intervals, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "FROM", 0);
  orf_ctl_table_add_column (table, "TO", 0);
  orf_ctl_table_add_column (table, "FOR", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LABELS", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < intervals->len; i++)
    add_interval (ctl, table, intervals->pdata[i]);
  orf_ctl_table_append_to (table, out);
}

/* "fired 12 times, looked at each 1m; the rule in force: 3 times; 9 more, 0 fewer" */
static void
append_sum (const OrfAlertsTestResult *result, GString *out)
{
  g_autofree char *step = orf_ctl_format_duration_us ((double) result->step_us, TRUE);

  g_string_append_printf (out, "fired %" G_GINT64_FORMAT " times, looked at each %s", result->count,
                          step);
  if (result->has_present_count)
    g_string_append_printf (out, "; the rule in force: %" G_GINT64_FORMAT " times",
                            result->present_count);
  if (result->has_added && result->has_removed)
    g_string_append_printf (out,
                            "; %" G_GINT64_FORMAT " that it has not, and not %" G_GINT64_FORMAT
                            " that it has",
                            result->added, result->removed);
  g_string_append_c (out, '\n');
}

OrfCtlExit
orf_ctl_verb_alerts_test (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAlertsTestResult) result = NULL;
  g_autoptr (json_t) params = make_params (ctl, error);
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_TEST_RULE, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (result->intervals->len > 0)
    append_table (ctl, result->intervals, out);
  append_sum (result, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
