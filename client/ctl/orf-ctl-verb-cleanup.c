/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

#define OPTIONAL(object, member) ((object)->has_##member ? (double) (object)->member : NAN)

/* A number for a terminal, or exactly for a pipe. */
static void
add_bytes (const OrfCtl *ctl, OrfCtlTable *table, double bytes)
{
  gboolean exact = !orf_ctl_get_terminal (ctl)->is_terminal;
  gboolean rose = bytes < 0;
  g_autofree char *size = exact ? orf_ctl_format_exact (bytes)
                                : orf_ctl_format_bytes (fabs (bytes));

  if (size == NULL || exact || !rose)
    orf_ctl_table_take (table, ORF_CTL_PLAIN, g_steal_pointer (&size));
  else
    orf_ctl_table_take (table, ORF_CTL_WARNING, g_strconcat ("-", size, NULL));
}

static void
add_duration (const OrfCtl *ctl, OrfCtlTable *table, double took_us)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      terminal->is_terminal ? orf_ctl_format_duration_us (took_us, terminal->utf8)
                                            : orf_ctl_format_exact (took_us));
}

static OrfCtlStyle
verdict_style (OrfCleanupVerdict verdict)
{
  switch (verdict) {
  case ORF_CLEANUP_VERDICT_FREED:
    return ORF_CTL_GOOD;
  case ORF_CLEANUP_VERDICT_PARTIAL:
    return ORF_CTL_ACCENT;
  case ORF_CLEANUP_VERDICT_TIMED_OUT:
    return ORF_CTL_BAD;
  case ORF_CLEANUP_VERDICT_NOTHING_FREED:
  case ORF_CLEANUP_VERDICT_NO_WORKERS:
  case ORF_CLEANUP_VERDICT_UNMEASURED:
    return ORF_CTL_WARNING;
  case ORF_CLEANUP_VERDICT_UNSET:
  case ORF_CLEANUP_VERDICT_N:
  default:
    return ORF_CTL_PLAIN;
  }
}

/* ---- gpu cleanups ---------------------------------------------------------------------------- */

static OrfCtlTable *
new_list_table (const OrfCtlTerminal *terminal)
{
  static const char *const numbers[] = { "BEFORE", "AFTER", "FREED", "REGAINED", "TOOK" };
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "DEVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    orf_ctl_table_add_column (table, numbers[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TRIGGER", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "WORKERS", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

/* "studio-0 freed, studio-1 overclaimed" */
static char *
describe_workers (const GPtrArray *workers)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < workers->len; i++) {
    const OrfGpuCleanupWorker *worker = workers->pdata[i];

    g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", worker->name,
                            orf_cleanup_worker_verdict_to_string (worker->verdict));
  }
  return g_string_free (text, FALSE);
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfGpuCleanupRecord *record = row;
  const char *verdict = orf_cleanup_verdict_to_string (record->verdict);

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, record->started_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, record->device);
  orf_ctl_table_add (table, verdict_style (record->verdict), verdict);
  add_bytes (ctl, table, OPTIONAL (record, before_bytes));
  add_bytes (ctl, table, OPTIONAL (record, after_bytes));
  add_bytes (ctl, table, OPTIONAL (record, freed_bytes));
  add_bytes (ctl, table, OPTIONAL (record, regained_bytes));
  add_duration (ctl, table, OPTIONAL (record, took_us));
  orf_ctl_table_add (table, ORF_CTL_FAINT, orf_cleanup_trigger_to_string (record->trigger));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, describe_workers (record->workers));
  orf_ctl_table_add (table, ORF_CTL_FAINT, record->cleanup_id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfGpuCleanupsResult *result = page;

  *next_cursor = result->next_cursor;
  return result->cleanups;
}

static void
free_cb (gpointer page)
{
  orf_gpu_cleanups_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_GPU_CLEANUPS,
  .nothing = "no cleanups\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_gpu_cleanups (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_list_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "device");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  return orf_ctl_list_show (ctl, &list, table, g_steal_pointer (&params), error);
}
