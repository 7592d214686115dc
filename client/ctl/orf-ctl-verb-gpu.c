/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"

/* "  utilization  " before a bar, and "  15.2 of 15.6 GiB   98 %  critical" behind it. */
#define BAR_MARGIN 49
#define MIN_BAR    12
#define MAX_BAR    60

/* ---- for a pipe: a line a device, in base units ------------------------------------------------
 */

static void
add_plain_row (OrfCtlTable *table, const OrfGpuDevice *device)
{
  const double numbers[] = {
    ORF_CTL_OPTIONAL (device, used_bytes),
    ORF_CTL_OPTIONAL (device, free_bytes),
    ORF_CTL_OPTIONAL (device, total_bytes),
    device->memory_percent,
    device->utilization_percent,
    device->temperature_c,
    device->power_w,
    device->fragmentation_percent,
    ORF_CTL_OPTIONAL (device, sampled_us),
  };

  orf_ctl_table_add (table, ORF_CTL_PLAIN, device->device);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, device->name);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, device->backend);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_pressure_level_to_string (device->pressure_level));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (numbers[i]));
}

static void
append_plain (const OrfCtlTerminal *terminal, GString *out, const OrfGpuListResult *result)
{
  static const char *const titles[] = {
    "DEVICE",        "NAME",           "BACKEND",
    "PRESSURE",      "USED_BYTES",     "FREE_BYTES",
    "TOTAL_BYTES",   "MEMORY_PERCENT", "UTILIZATION_PERCENT",
    "TEMPERATURE_C", "POWER_W",        "FRAGMENTATION_PERCENT",
    "SAMPLED_US",
  };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], 0);
  for (guint i = 0; i < result->devices->len; i++)
    add_plain_row (table, result->devices->pdata[i]);
  orf_ctl_table_append_to (table, out);
}

/* ---- for eyes: a block a device ----------------------------------------------------------------
 */

static void
append_head (const OrfCtlTerminal *terminal, GString *out, const OrfGpuDevice *device)
{
  g_autofree char *id = orf_ctl_terminal_clean (terminal, device->device);
  g_autofree char *name = device->name ? orf_ctl_terminal_clean (terminal, device->name) : NULL;
  g_autofree char *backend = orf_ctl_terminal_clean (terminal, device->backend);
  g_autofree char *origin = g_strconcat (
    backend, device->vendor ? orf_ctl_terminal_get_dot (terminal) : NULL, device->vendor, NULL);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, origin);
  guint width = orf_ctl_text_width (id) + (name != NULL ? 2 + orf_ctl_text_width (name) : 0);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, id);
  if (name != NULL)
    g_string_append_printf (out, "  %s", name);
  if (width + 2 + orf_ctl_text_width (clean) <= terminal->width) {
    g_string_append (out, "  ");
    orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, clean);
  }
  g_string_append_c (out, '\n');
}

static void
append_bar (const OrfCtlTerminal *terminal,
            GString *out,
            const char *label,
            double percent,
            OrfCtlStyle style,
            const char *text)
{
  guint width = CLAMP ((int) terminal->width - BAR_MARGIN, MIN_BAR, MAX_BAR);
  g_autofree char *bar = orf_ctl_spark_bar (percent / 100, width, terminal->utf8);
  g_autofree char *share = orf_ctl_format_percent (percent);

  g_string_append_printf (out, "  %-12s ", label);
  orf_ctl_terminal_append (terminal, out, isnan (percent) ? ORF_CTL_FAINT : style, bar);
  g_string_append_printf (out, " %6s", share != NULL ? share : "");
  if (share == NULL)
    orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, orf_ctl_terminal_get_dash (terminal));
  if (text != NULL)
    g_string_append_printf (out, "  %s", text);
}

static void
append_memory (const OrfCtlTerminal *terminal, GString *out, const OrfGpuDevice *device)
{
  double used = ORF_CTL_OPTIONAL (device, used_bytes);
  double total = ORF_CTL_OPTIONAL (device, total_bytes);
  g_autofree char *pair = orf_ctl_format_bytes_pair (used, total);
  const char *pressure = orf_pressure_level_to_string (device->pressure_level);
  OrfCtlStyle style = orf_ctl_cells_get_pressure_style (device->pressure_level);

  append_bar (terminal, out, "memory", device->memory_percent, style, pair);
  if (pressure != NULL) {
    g_string_append (out, "  ");
    orf_ctl_terminal_append (terminal, out, style, pressure);
  }
  g_string_append_c (out, '\n');
}

/* One fact of the line below the bars. */
static void
append_fact (const OrfCtlTerminal *terminal, GString *out, const char *label, char *value)
{
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append (out, "   ");
  else
    g_string_append (out, "  ");
  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, label);
  g_string_append_c (out, ' ');
  if (value != NULL)
    g_string_append (out, value);
  else
    orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, orf_ctl_terminal_get_dash (terminal));
  g_free (value);
}

static void
append_facts (const OrfCtlTerminal *terminal, GString *out, const OrfGpuDevice *device)
{
  double age_us = MAX ((double) g_get_real_time () - ORF_CTL_OPTIONAL (device, sampled_us), 0);

  append_fact (terminal, out, "temperature",
               orf_ctl_format_metric ("_c", device->temperature_c, terminal->utf8));
  append_fact (terminal, out, "power", orf_ctl_format_metric ("_w", device->power_w, FALSE));
  append_fact (terminal, out, "fragmentation",
               orf_ctl_format_percent (device->fragmentation_percent));
  append_fact (terminal, out, "sampled",
               device->has_sampled_us ? orf_ctl_format_age_us (age_us, terminal->utf8) : NULL);
  g_string_append_c (out, '\n');
}

static void
append_processes (const OrfCtlTerminal *terminal, GString *out, const GPtrArray *processes)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_set_indent (table, 2);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "USED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PROCESS", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < processes->len; i++) {
    const OrfGpuProcess *process = processes->pdata[i];

    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact ((double) process->pid));
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        orf_ctl_format_bytes (ORF_CTL_OPTIONAL (process, used_bytes)));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, process->name);
  }
  orf_ctl_table_append_to (table, out);
}

static void
append_device (const OrfCtlTerminal *terminal, GString *out, const OrfGpuDevice *device)
{
  append_head (terminal, out, device);
  append_memory (terminal, out, device);
  append_bar (terminal, out, "utilization", device->utilization_percent, ORF_CTL_ACCENT, NULL);
  g_string_append_c (out, '\n');
  append_facts (terminal, out, device);
  if (device->processes != NULL && device->processes->len > 0)
    append_processes (terminal, out, device->processes);
}

OrfCtlExit
orf_ctl_verb_gpu (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const char *device = orf_ctl_get_argument (ctl, 0);
  g_autoptr (OrfGpuListResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *params = device != NULL ? json_pack ("{s:s}", "device", device) : NULL;
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_LIST, params, (gpointer *) &result,
                                      error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (!terminal->is_terminal)
    append_plain (terminal, out, result);
  else if (result->devices->len == 0)
    g_string_append (out, "no device: orfeasctl status says why, under its sources\n");
  else
    for (guint i = 0; i < result->devices->len; i++) {
      g_string_append (out, i > 0 ? "\n" : "");
      append_device (terminal, out, result->devices->pdata[i]);
    }
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
