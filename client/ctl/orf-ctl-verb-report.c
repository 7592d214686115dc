/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-recommendations.h"
#include "orf-ctl-table.h"

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
  orf_ctl_append_wrapped (terminal, out, 0, result->summary);
  if (result->efficiency->len > 0)
    append_efficiency (terminal, out, result->efficiency);
  orf_ctl_append_recommendations (terminal, out, result->recommendations);
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
    orf_ctl_append_plain_recommendations (terminal, out, result->recommendations);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
