/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-cells.h"

#include "orf-ctl-format.h"

/* From here on a score is good, and below it bad. */
#define GOOD 90
#define BAD  60

OrfCtlStyle
orf_ctl_cells_get_severity_style (OrfSeverity severity)
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

OrfCtlStyle
orf_ctl_cells_get_pressure_style (OrfPressureLevel level)
{
  switch (level) {
  case ORF_PRESSURE_LEVEL_LOW:
    return ORF_CTL_GOOD;
  case ORF_PRESSURE_LEVEL_MEDIUM:
    return ORF_CTL_ACCENT;
  case ORF_PRESSURE_LEVEL_HIGH:
    return ORF_CTL_WARNING;
  case ORF_PRESSURE_LEVEL_CRITICAL:
    return ORF_CTL_BAD;
  case ORF_PRESSURE_LEVEL_UNSET:
  case ORF_PRESSURE_LEVEL_N:
  default:
    return ORF_CTL_PLAIN;
  }
}

OrfCtlStyle
orf_ctl_cells_get_worker_style (OrfWorkerState state)
{
  switch (state) {
  case ORF_WORKER_STATE_CONNECTED:
    return ORF_CTL_GOOD;
  case ORF_WORKER_STATE_SILENT:
    return ORF_CTL_WARNING;
  case ORF_WORKER_STATE_LOST:
    return ORF_CTL_BAD;
  case ORF_WORKER_STATE_LEFT:
    return ORF_CTL_FAINT;
  case ORF_WORKER_STATE_UNSET:
  case ORF_WORKER_STATE_N:
  default:
    return ORF_CTL_PLAIN;
  }
}

OrfCtlStyle
orf_ctl_cells_get_score_style (double score)
{
  if (isnan (score))
    return ORF_CTL_FAINT;
  if (score >= GOOD)
    return ORF_CTL_GOOD;
  return score >= BAD ? ORF_CTL_WARNING : ORF_CTL_BAD;
}

void
orf_ctl_cells_take_number (const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, double value)
{
  orf_ctl_table_take (table, style,
                      orf_ctl_get_terminal (ctl)->is_terminal ? orf_ctl_format_number (value)
                                                              : orf_ctl_format_exact (value));
}

void
orf_ctl_cells_take_percent (const OrfCtl *ctl,
                            OrfCtlTable *table,
                            OrfCtlStyle style,
                            double percent)
{
  orf_ctl_table_take (table, style,
                      orf_ctl_get_terminal (ctl)->is_terminal ? orf_ctl_format_percent (percent)
                                                              : orf_ctl_format_exact (percent));
}

void
orf_ctl_cells_take_duration (
  const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, gboolean known, gint64 duration_us)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  if (!known)
    orf_ctl_table_add (table, style, NULL);
  else if (terminal->is_terminal)
    orf_ctl_table_take (table, style,
                        orf_ctl_format_duration_us ((double) duration_us, terminal->utf8));
  else
    orf_ctl_table_take (table, style, g_strdup_printf ("%" G_GINT64_FORMAT, duration_us));
}

void
orf_ctl_cells_take_metric (
  const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, const char *name, double value)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  orf_ctl_table_take (table, style,
                      terminal->is_terminal ? orf_ctl_format_metric (name, value, terminal->utf8)
                                            : orf_ctl_format_exact (round (value * 1000) / 1000));
}

void
orf_ctl_cells_take_count (OrfCtlTable *table, OrfCtlStyle style, gint64 count)
{
  orf_ctl_table_take (table, style, g_strdup_printf ("%" G_GINT64_FORMAT, count));
}

/* ---- with no table ----------------------------------------------------------------------------
 */

char *
orf_ctl_cells_clean (const OrfCtl *ctl, const char *text)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  return orf_ctl_terminal_clean (terminal,
                                 text != NULL ? text : orf_ctl_terminal_get_dash (terminal));
}

void
orf_ctl_cells_append_fact (const OrfCtl *ctl, GString *out, const char *name, const char *text)
{
  g_autofree char *clean = NULL;

  if (text == NULL)
    return;
  clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), text);
  g_string_append_printf (out, "%-10s%s\n", name, clean);
}

void
orf_ctl_cells_append (const OrfCtl *ctl, GString *out, OrfCtlStyle style, const char *text)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *clean = orf_ctl_cells_clean (ctl, text);

  g_string_append (out, terminal->is_terminal ? "  " : "\t");
  orf_ctl_terminal_append (terminal, out, style, clean);
}
