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
  orf_ctl_table_add_column (table, "WORKER", 0);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, terminal->is_terminal ? "AN HOUR" : "BYTES_PER_S",
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SINCE", 0);
  orf_ctl_table_add_column (table, "CONFIDENCE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TRIGGER", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfGpuLeakSuspect *suspect = row;
  gboolean is_terminal = orf_ctl_get_terminal (ctl)->is_terminal;

  orf_ctl_table_add (table, ORF_CTL_PLAIN, suspect->device);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, suspect->worker);
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      suspect->has_pid ? orf_ctl_format_exact ((double) suspect->pid) : NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, suspect->process);
  orf_ctl_table_take (table, ORF_CTL_WARNING,
                      is_terminal ? orf_ctl_format_bytes (suspect->slope_bytes_per_s * 3600)
                                  : orf_ctl_format_exact (suspect->slope_bytes_per_s));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, suspect->since_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strdup_printf ("%.2f", suspect->confidence));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, suspect->suspected_trigger);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfGpuLeaksResult *result = page;

  *next_cursor = result->next_cursor;
  return result->suspects;
}

static void
free_cb (gpointer page)
{
  orf_gpu_leaks_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_GPU_LEAKS,
  .nothing = "nobody is suspected to leak\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_gpu_leaks (OrfCtl *ctl, GError **error)
{
  const char *device = orf_ctl_get_argument (ctl, 0);
  json_t *params = device != NULL ? json_pack ("{s:s}", "device", device) : json_object ();
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "DEVICE is not UTF-8");
    return ORF_CTL_USAGE;
  }
  return orf_ctl_list_show (ctl, &list, table, params, error);
}
