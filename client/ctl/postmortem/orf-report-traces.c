/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operations became slow or failed, and the traces that show it. */
#include "orf-report-cell.h"
#include "orf-report-waterfall.h"

static const OrfColumn operation_columns[] = {
  { .title = "Service", .member = "service", .kind = ORF_CELL_CODE },
  { .title = "Operation", .member = "operation", .kind = ORF_CELL_CODE },
  { .title = "Spans", .member = "count", .kind = ORF_CELL_COUNT },
  { .title = "p50", .member = "p50_us", .kind = ORF_CELL_DURATION },
  { .title = "p99", .member = "p99_us", .kind = ORF_CELL_DURATION },
  { .title = "p99 before", .member = "before_p99_us", .kind = ORF_CELL_DURATION },
  { .title = "Slower by", .member = "slower_percent", .kind = ORF_CELL_SIGNED_PERCENT },
  { .title = "Failed", .member = "errors_percent", .kind = ORF_CELL_PERCENT },
  { .title = "Failed before", .member = "before_errors_percent", .kind = ORF_CELL_PERCENT },
  { .title = "Since", .member = "from_us", .kind = ORF_CELL_TIME },
  { .title = NULL },
};

/* "model forward: 3.90 s, 93 %" */
static void
draw_stage (OrfReport *report, json_t *stage)
{
  g_autofree char *service = orf_report_format (ORF_CELL_CODE, stage, "service");
  g_autofree char *operation = orf_report_format (ORF_CELL_CODE, stage, "operation");
  g_autofree char *self = orf_report_format (ORF_CELL_DURATION, stage, "self_us");
  g_autofree char *share = orf_report_format (ORF_CELL_PERCENT, stage, "share_percent");
  g_autofree char *name = g_strdup_printf ("%s %s", service != NULL ? service : ORF_REPORT_DASH,
                                           operation != NULL ? operation : ORF_REPORT_DASH);
  g_autofree char *text = g_strdup_printf (": %s, %s", self != NULL ? self : ORF_REPORT_DASH,
                                           share != NULL ? share : ORF_REPORT_DASH);

  orf_html_open (report->html, "li", NULL);
  orf_html_add (report->html, "code", name, NULL);
  orf_html_add_text (report->html, text);
  orf_html_close (report->html);
}

static void
draw_critical_path (OrfReport *report, json_t *row)
{
  orf_report_add_items (report, orf_value_get_array (row, "critical_path"), draw_stage);
}

static const OrfColumn trace_columns[] = {
  { .title = "Time", .member = "start_us", .kind = ORF_CELL_TIME },
  { .title = "Service", .member = "service", .kind = ORF_CELL_CODE },
  { .title = "Operation", .member = "operation", .kind = ORF_CELL_CODE },
  { .title = "Took", .member = "duration_us", .kind = ORF_CELL_DURATION },
  { .title = "Outcome", .member = "outcome", .kind = ORF_CELL_TEXT },
  { .title = "Spans", .member = "spans", .kind = ORF_CELL_COUNT },
  { .title = "Failed", .member = "errors", .kind = ORF_CELL_COUNT },
  { .title = "Where the time went", .draw = draw_critical_path },
  { .title = "Trace", .member = "trace_id", .kind = ORF_CELL_CODE },
  { .title = NULL },
};

gboolean
orf_report_draw_traces (OrfReport *report, json_t *section)
{
  json_t *waterfalls = orf_value_get_array (section, "waterfalls");
  gboolean any = FALSE;

  any |= orf_report_add_table (report, "Operations, against the span before", operation_columns,
                               orf_value_get_array (section, "operations"));
  any |= orf_report_add_table (report, "Slowest traces", trace_columns,
                               orf_value_get_array (section, "slowest"));
  any |= orf_report_add_table (report, "Failing traces", trace_columns,
                               orf_value_get_array (section, "failing"));
  orf_report_add_more (report, section);
  for (gsize i = 0; i < json_array_size (waterfalls); i++)
    any |= orf_report_add_waterfall (report, json_array_get (waterfalls, i));
  return any;
}
