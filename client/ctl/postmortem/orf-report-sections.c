/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-report.h"

const OrfReportSection orf_report_sections[] = {
  { "summary", "Summary", "Nothing is told of this window.", orf_report_draw_summary },
  { "culprit", "Most likely the culprit", "Nothing that was recorded stands out.",
    orf_report_draw_culprit },
  { "timeline", "What happened", "Nothing happened that was recorded.", orf_report_draw_timeline },
  { "changes", "What changed most", "No series differs from the span before.",
    orf_report_draw_changes },
  { "memory", "Memory and who had it", "No device told of its memory.", orf_report_draw_memory },
  { "cleanups", "Cleanups", "There was none.", orf_report_draw_cleanups },
  { "alerts", "Alerts", "There was none.", orf_report_draw_alerts },
  { "anomalies", "Anomalies", "There was none.", orf_report_draw_anomalies },
  { "traces", "Traces", "No trace was recorded.", orf_report_draw_traces },
  { "cache", "Cache", "The cache was not asked.", orf_report_draw_cache },
  { "forecasts", "Forecasts", "Nothing was foretold.", orf_report_draw_forecasts },
  { "cost", "Cost", "No device time was accounted for.", orf_report_draw_cost },
  { "gaps", "Gaps in the data", "There is none: the whole window was recorded.",
    orf_report_draw_gaps },
  { .name = NULL },
};
