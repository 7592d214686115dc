/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections that are a table each. */
#include <math.h>

#include "orf-report-cell.h"

/* FALSE: no rows. */
static gboolean
draw_rows (OrfReport *report, json_t *section, const char *caption, const OrfColumn *columns)
{
  if (!orf_report_add_table (report, caption, columns, orf_value_get_array (section, "rows")))
    return FALSE;
  orf_report_add_more (report, section);
  return TRUE;
}

/* ---- cleanups -------------------------------------------------------------------------------- */

/* "trainer-1: partial, 1.50 GiB of 2.00 GiB claimed" */
static void
draw_worker (OrfReport *report, json_t *worker)
{
  g_autofree char *name = orf_report_format (ORF_CELL_TEXT, worker, "name");
  g_autofree char *verdict = orf_report_format (ORF_CELL_TEXT, worker, "verdict");
  g_autofree char *freed = orf_report_format (ORF_CELL_BYTES, worker, "freed_bytes");
  g_autofree char *claimed = orf_report_format (ORF_CELL_BYTES, worker, "claimed_bytes");
  g_autoptr (GString) text = g_string_new (": ");

  g_string_append (text, verdict != NULL ? verdict : "no verdict");
  if (freed != NULL)
    g_string_append_printf (text, ", %s freed", freed);
  if (claimed != NULL)
    g_string_append_printf (text, " of %s claimed", claimed);
  orf_html_open (report->html, "li", NULL);
  orf_html_add (report->html, "code", name != NULL ? name : ORF_REPORT_DASH, NULL);
  orf_html_add_text (report->html, text->str);
  orf_html_close (report->html);
}

static void
draw_workers (OrfReport *report, json_t *row)
{
  orf_report_add_items (report, orf_value_get_array (row, "workers"), draw_worker);
}

static const OrfColumn cleanup_columns[] = {
  { .title = "Time", .member = "started_us", .kind = ORF_CELL_TIME },
  { .title = "Device", .member = "device", .kind = ORF_CELL_CODE },
  { .title = "Because of", .member = "trigger", .kind = ORF_CELL_TEXT },
  { .title = "Reason", .member = "reason", .kind = ORF_CELL_TEXT },
  { .title = "Level", .member = "level", .kind = ORF_CELL_TEXT },
  { .title = "Verdict", .member = "verdict", .kind = ORF_CELL_TEXT },
  { .title = "Before", .member = "before_bytes", .kind = ORF_CELL_BYTES },
  { .title = "After", .member = "after_bytes", .kind = ORF_CELL_BYTES },
  { .title = "Freed", .member = "freed_bytes", .kind = ORF_CELL_BYTES },
  { .title = "Taken again", .member = "regained_bytes", .kind = ORF_CELL_BYTES },
  { .title = "Took", .member = "took_us", .kind = ORF_CELL_DURATION },
  { .title = "Workers", .draw = draw_workers },
  { .title = "Id", .member = "id", .kind = ORF_CELL_CODE },
  { .title = NULL },
};

gboolean
orf_report_draw_cleanups (OrfReport *report, json_t *section)
{
  return draw_rows (report, section, "Cleanups, by time", cleanup_columns);
}

/* ---- alerts, anomalies ----------------------------------------------------------------------- */

static const OrfColumn alert_columns[] = {
  { .title = "Rule", .member = "rule", .kind = ORF_CELL_CODE },
  { .title = "Severity", .member = "severity", .kind = ORF_CELL_SEVERITY },
  { .title = "Since", .member = "started_us", .kind = ORF_CELL_TIME },
  { .title = "Fired", .member = "fired_us", .kind = ORF_CELL_TIME },
  { .title = "Resolved", .member = "resolved_us", .kind = ORF_CELL_TIME },
  { .title = "Value", .member = "value", .kind = ORF_CELL_NUMBER },
  { .title = "Threshold", .member = "threshold", .kind = ORF_CELL_NUMBER },
  { .title = "What", .member = "summary", .kind = ORF_CELL_TEXT },
  { .title = "Acknowledged", .member = "acknowledged_us", .kind = ORF_CELL_TIME },
  { .title = "By", .member = "author", .kind = ORF_CELL_TEXT },
  { .title = "Note", .member = "note", .kind = ORF_CELL_TEXT },
  { .title = "Id", .member = "id", .kind = ORF_CELL_CODE },
  { .title = NULL },
};

gboolean
orf_report_draw_alerts (OrfReport *report, json_t *section)
{
  return draw_rows (report, section, "Alerts, by time", alert_columns);
}

static void
draw_expected (OrfReport *report, json_t *row)
{
  g_autofree char *lower = orf_report_format (ORF_CELL_METRIC, row, "lower");
  g_autofree char *upper = orf_report_format (ORF_CELL_METRIC, row, "upper");
  g_autofree char *text = g_strdup_printf ("%s to %s", lower != NULL ? lower : ORF_REPORT_DASH,
                                           upper != NULL ? upper : ORF_REPORT_DASH);

  orf_html_add (report->html, "span", text, "class", "figure", NULL);
}

static const OrfColumn anomaly_columns[] = {
  { .title = "Time", .member = "started_us", .kind = ORF_CELL_TIME },
  { .title = "Until", .member = "ended_us", .kind = ORF_CELL_TIME },
  { .title = "Kind", .member = "kind", .kind = ORF_CELL_TEXT },
  { .title = "Severity", .member = "severity", .kind = ORF_CELL_SEVERITY },
  { .title = "Series", .member = "series", .kind = ORF_CELL_CODE },
  { .title = "Value", .member = "value", .kind = ORF_CELL_METRIC },
  { .title = "Expected", .draw = draw_expected },
  { .title = "Score", .member = "score", .kind = ORF_CELL_NUMBER },
  { .title = "Id", .member = "id", .kind = ORF_CELL_CODE },
  { .title = NULL },
};

gboolean
orf_report_draw_anomalies (OrfReport *report, json_t *section)
{
  return draw_rows (report, section, "Anomalies, by time", anomaly_columns);
}

/* ---- forecasts ------------------------------------------------------------------------------- */

static const OrfColumn warning_columns[] = {
  { .title = "Said", .member = "made_us", .kind = ORF_CELL_TIME },
  { .title = "Series", .member = "series", .kind = ORF_CELL_CODE },
  { .title = "Then at", .member = "value", .kind = ORF_CELL_METRIC },
  { .title = "Threshold", .member = "threshold", .kind = ORF_CELL_METRIC },
  { .title = "Expected", .member = "expected_us", .kind = ORF_CELL_TIME },
  { .title = "Came", .member = "came_us", .kind = ORF_CELL_TIME },
  { .title = "Said so long before", .member = "lead_us", .kind = ORF_CELL_DURATION },
  { .title = "Fate", .member = "fate", .kind = ORF_CELL_TEXT },
  { .title = "Held", .member = "held", .kind = ORF_CELL_YES_NO },
  { .title = NULL },
};

static const OrfColumn accuracy_columns[] = {
  { .title = "Series", .member = "series", .kind = ORF_CELL_CODE },
  { .title = "Ahead", .member = "horizon_us", .kind = ORF_CELL_DURATION },
  { .title = "Forecasts", .member = "forecasts", .kind = ORF_CELL_COUNT },
  { .title = "Within their interval", .member = "held", .kind = ORF_CELL_COUNT },
  { .title = "Error against the naive one", .member = "error_ratio", .kind = ORF_CELL_NUMBER },
  { .title = NULL },
};

gboolean
orf_report_draw_forecasts (OrfReport *report, json_t *section)
{
  gint64 came_true = orf_value_get_count (section, "came_true");
  gint64 did_not = orf_value_get_count (section, "did_not");
  g_autofree char *text = g_strdup_printf ("Of the warnings %" G_GINT64_FORMAT
                                           " came true, %" G_GINT64_FORMAT " did not.",
                                           came_true, did_not);
  gboolean any = came_true + did_not > 0;

  if (any)
    orf_html_add (report->html, "p", text, NULL);
  any |= draw_rows (report, section, "Warnings, and what came", warning_columns);
  any |= orf_report_add_table (report, "Forecasts of values, and how many held", accuracy_columns,
                               orf_value_get_array (section, "accuracy"));
  return any;
}

/* ---- cost ------------------------------------------------------------------------------------ */

static const OrfColumn cost_columns[] = {
  { .title = "Kind", .member = "kind", .kind = ORF_CELL_TEXT },
  { .title = "For", .member = "name", .kind = ORF_CELL_CODE },
  { .title = "Device time", .member = "used_us", .kind = ORF_CELL_DURATION },
  { .title = "Cost", .member = "cost", .kind = ORF_CELL_MONEY },
  { .title = NULL },
};

static const OrfColumn bill_columns[] = {
  { .title = "From", .member = "from_us", .kind = ORF_CELL_TIME },
  { .title = "To", .member = "to_us", .kind = ORF_CELL_TIME },
  { .title = "Used", .member = "used_us", .kind = ORF_CELL_DURATION },
  { .title = "Idle", .member = "idle_us", .kind = ORF_CELL_DURATION },
  { .title = "Cost", .member = "cost", .kind = ORF_CELL_MONEY },
  { .title = "Cost of idle", .member = "idle_cost", .kind = ORF_CELL_MONEY },
  { .title = "Cost before", .member = "before_cost", .kind = ORF_CELL_MONEY },
  { .title = NULL },
};

gboolean
orf_report_draw_cost (OrfReport *report, json_t *section)
{
  g_autoptr (json_t) bill = json_array ();
  const char *currency = orf_value_get_text (section, "currency");
  g_autofree char *caption = g_strdup_printf ("Device time of the whole hours%s%s",
                                              currency != NULL ? ", and what it cost in " : "",
                                              currency != NULL ? currency : "");

  if (json_array_size (orf_value_get_array (section, "rows")) == 0 &&
      !json_is_number (json_object_get (section, "used_us")))
    return FALSE;
  json_array_append (bill, section);
  orf_report_add_table (report, caption, bill_columns, bill);
  if (!json_is_number (json_object_get (section, "cost")))
    orf_html_add (report->html, "p", "No price is set ([cost] gpu_hour), so nothing has a cost.",
                  "class", "muted", NULL);
  draw_rows (report, section, "Who used the devices", cost_columns);
  return TRUE;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static const OrfColumn gap_columns[] = {
  { .title = "From", .member = "from_us", .kind = ORF_CELL_TIME },
  { .title = "To", .member = "to_us", .kind = ORF_CELL_TIME },
  { .title = "What is missing", .member = "what", .kind = ORF_CELL_TEXT },
  { .title = "Why", .member = "why", .kind = ORF_CELL_TEXT },
  { .title = NULL },
};

gboolean
orf_report_draw_gaps (OrfReport *report, json_t *section)
{
  double covered = orf_value_get_number (section, "covered_percent");
  g_autofree char *text = g_strdup_printf ("%.4g %% of the window was recorded.", covered);

  if (!isnan (covered))
    orf_html_add (report->html, "p", text, NULL);
  return draw_rows (report, section, "What is not in this report, because it was not recorded",
                    gap_columns);
}
