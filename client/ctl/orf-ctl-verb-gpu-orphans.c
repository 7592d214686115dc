/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "DEVICE", 0);
  orf_ctl_table_add_column (table, terminal->is_terminal ? "HELD" : "USED_BYTES",
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SINCE", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "WORKER", 0);
  return table;
}

static void
add_orphan (const OrfCtl *ctl, OrfCtlTable *table, const OrfGpuOrphan *orphan)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, orphan->device);
  orf_ctl_table_take (table, ORF_CTL_WARNING,
                      terminal->is_terminal ? orf_ctl_format_bytes ((double) orphan->used_bytes)
                                            : orf_ctl_format_exact ((double) orphan->used_bytes));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, orphan->since_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_orphan_kind_to_string (orphan->kind));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orphan->has_last_pid ? orf_ctl_format_exact ((double) orphan->last_pid)
                                           : NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orphan->last_name);
  orf_ctl_table_add (table, ORF_CTL_FAINT, orphan->last_worker);
}

static void
append_unknown (const OrfCtl *ctl, const OrfGpuOrphansResult *result, GString *out)
{
  for (guint i = 0; i < result->unknown->len; i++) {
    const OrfGpuOrphansUnknown *unknown = g_ptr_array_index (result->unknown, i);
    g_autofree char *line = g_strdup_printf ("%s: %s", unknown->device, unknown->reason);
    g_autofree char *clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), line);

    g_string_append_printf (out, "unknown of %s\n", clean);
  }
}

static void
show (const OrfCtl *ctl, const OrfGpuOrphansResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = new_table (terminal);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < result->orphans->len; i++)
    add_orphan (ctl, table, g_ptr_array_index (result->orphans, i));
  if (result->orphans->len > 0 || !terminal->is_terminal)
    orf_ctl_table_append_to (table, out);
  else
    g_string_append (out, "no memory is known to belong to no living process\n");
  if (terminal->is_terminal)
    append_unknown (ctl, result, out);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_gpu_orphans (OrfCtl *ctl, GError **error)
{
  const char *device = orf_ctl_get_argument (ctl, 0);
  g_autoptr (OrfGpuOrphansResult) result = NULL;
  json_t *params = device != NULL ? json_pack ("{s:s}", "device", device) : json_object ();
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "DEVICE is not UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_ORPHANS, params, (gpointer *) &result, error);
  if (verdict == ORF_CTL_DONE && !orf_ctl_wants_json (ctl))
    show (ctl, result);
  return verdict;
}

/* ---- gpu largest ----------------------------------------------------------------------------- */

OrfCtlExit
orf_ctl_verb_gpu_largest (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfGpuLargestResult) result = NULL;
  g_autofree char *bytes = NULL;
  g_autofree char *line = NULL;
  json_t *params = json_pack ("{s:s}", "device", orf_ctl_get_argument (ctl, 0));
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "DEVICE is not UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_LARGEST, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  bytes = orf_ctl_get_terminal (ctl)->is_terminal
            ? orf_ctl_format_bytes ((double) result->largest_bytes)
            : orf_ctl_format_exact ((double) result->largest_bytes);
  line = g_strconcat (bytes, result->capped ? " or more" : "", NULL);
  orf_ctl_print_line (line);
  return ORF_CTL_DONE;
}
