/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* Between words, at most so wide; what follows the first line is indented. */
#define MAX_WIDTH 100
#define INDENT    4

static OrfCtlStyle
get_style (OrfSeverity severity)
{
  switch (severity) {
  case ORF_SEVERITY_CRITICAL:
    return ORF_CTL_BAD;
  case ORF_SEVERITY_WARNING:
    return ORF_CTL_WARNING;
  case ORF_SEVERITY_INFO:
  case ORF_SEVERITY_UNSET:
  case ORF_SEVERITY_N:
  default:
    return ORF_CTL_ACCENT;
  }
}

/* ---- for a pipe: a line a recommendation -------------------------------------------------------
 */

static void
append_plain (const OrfCtlTerminal *terminal, GString *out, const GPtrArray *recommendations)
{
  static const char *const titles[] = { "SEVERITY", "TITLE", "EVIDENCE", "ACTION" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], 0);
  for (guint i = 0; i < recommendations->len; i++) {
    const OrfGpuRecommendation *one = recommendations->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_severity_to_string (one->severity));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->title);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->evidence);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->action);
  }
  orf_ctl_table_append_to (table, out);
}

/* ---- for eyes ----------------------------------------------------------------------------------
 */

static void
append_wrapped (const OrfCtlTerminal *terminal, GString *out, guint indent, const char *text)
{
  guint width = MIN (terminal->width, MAX_WIDTH);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, text);
  g_auto (GStrv) words = g_strsplit (clean, " ", -1);
  guint at = 0;

  for (guint i = 0; words[i] != NULL; i++) {
    guint length = orf_ctl_text_width (words[i]);

    if (at > 0 && at + 1 + length > width) {
      g_string_append_c (out, '\n');
      at = 0;
    }
    g_string_append_printf (out, "%*s%s", at == 0 ? (int) indent : 1, "", words[i]);
    at += length + (at == 0 ? indent : 1);
  }
  g_string_append_c (out, '\n');
}

static void
append_recommendation (const OrfCtlTerminal *terminal,
                       GString *out,
                       const OrfGpuRecommendation *one)
{
  g_autofree char *title = orf_ctl_terminal_clean (terminal, one->title);
  g_autofree char *action = orf_ctl_terminal_clean (terminal, one->action);

  g_string_append_c (out, '\n');
  orf_ctl_terminal_append (terminal, out, get_style (one->severity),
                           orf_severity_to_string (one->severity));
  g_string_append (out, "  ");
  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, title);
  g_string_append_c (out, '\n');
  append_wrapped (terminal, out, INDENT, one->evidence);
  /* never broken: it is copied */
  g_string_append_printf (out, "%*s$ %s\n", INDENT, "", action);
}

static void
append_efficiency (const OrfCtlTerminal *terminal, GString *out, const GPtrArray *devices)
{
  static const char *const titles[] = { "MEMORY", "IDLE HELD", "FRAGMENTED", "COMPUTING" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "DEVICE", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < devices->len; i++) {
    const OrfGpuEfficiency *one = devices->pdata[i];
    const double percents[] = { one->memory_used_percent, one->idle_held_percent,
                                one->fragmentation_percent, one->utilization_percent };

    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->device);
    for (guint j = 0; j < G_N_ELEMENTS (percents); j++)
      orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_percent (percents[j]));
  }
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

static void
append_report (const OrfCtlTerminal *terminal, GString *out, const OrfGpuReportResult *result)
{
  append_wrapped (terminal, out, 0, result->summary);
  if (result->efficiency->len > 0)
    append_efficiency (terminal, out, result->efficiency);
  for (guint i = 0; i < result->recommendations->len; i++)
    append_recommendation (terminal, out, result->recommendations->pdata[i]);
}

OrfCtlExit
orf_ctl_verb_gpu_report (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfGpuReportResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (json_t) params = json_object ();
  OrfCtlExit verdict;

  orf_ctl_params_add_text (ctl, params, "device");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_REPORT, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (terminal->is_terminal)
    append_report (terminal, out, result);
  else
    append_plain (terminal, out, result->recommendations);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
