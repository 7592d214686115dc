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

/* ---- gpu cleanup ----------------------------------------------------------------------------- */

static OrfCtlStyle
worker_style (OrfCleanupWorkerVerdict verdict)
{
  switch (verdict) {
  case ORF_CLEANUP_WORKER_VERDICT_FREED:
    return ORF_CTL_GOOD;
  case ORF_CLEANUP_WORKER_VERDICT_PARTIAL:
    return ORF_CTL_ACCENT;
  case ORF_CLEANUP_WORKER_VERDICT_TIMED_OUT:
  case ORF_CLEANUP_WORKER_VERDICT_OVERCLAIMED:
  case ORF_CLEANUP_WORKER_VERDICT_LOST:
    return ORF_CTL_BAD;
  case ORF_CLEANUP_WORKER_VERDICT_NOTHING_FREED:
  case ORF_CLEANUP_WORKER_VERDICT_REFUSED:
  case ORF_CLEANUP_WORKER_VERDICT_UNMEASURED:
    return ORF_CTL_WARNING;
  case ORF_CLEANUP_WORKER_VERDICT_UNSET:
  case ORF_CLEANUP_WORKER_VERDICT_N:
  default:
    return ORF_CTL_PLAIN;
  }
}

static void
append_workers (const OrfCtl *ctl, const OrfGpuCleanupResult *result, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "WORKER", 0);
  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  orf_ctl_table_add_column (table, "IDLE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "CLAIMED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "GAVE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TOOK AGAIN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAYS", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < result->workers->len; i++) {
    const OrfGpuCleanupWorker *worker = result->workers->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_FAINT, worker->worker);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->name);
    orf_ctl_table_add (table, worker_style (worker->verdict),
                       orf_cleanup_worker_verdict_to_string (worker->verdict));
    add_bytes (ctl, table, OPTIONAL (worker, idle_bytes));
    add_bytes (ctl, table, OPTIONAL (worker, claimed_bytes));
    add_bytes (ctl, table, OPTIONAL (worker, released_bytes));
    add_bytes (ctl, table, OPTIONAL (worker, regained_bytes));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->text);
  }
  for (guint i = 0; i < result->left_out->len; i++) {
    const OrfGpuCleanupLeftOut *left_out = result->left_out->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_FAINT, left_out->worker);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, left_out->name);
    orf_ctl_table_add (table, ORF_CTL_FAINT, "not asked");
    for (guint k = 0; k < 4; k++)
      orf_ctl_table_add (table, ORF_CTL_PLAIN, NULL);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, left_out->reason);
  }
  orf_ctl_table_append_to (table, out);
}

/* "opencl-0: freed  512.0 MiB freed.", and the workers. */
static void
show_cleanup (const OrfCtl *ctl, const OrfGpuCleanupResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *device = orf_ctl_terminal_clean (terminal, result->device);
  g_autofree char *text = orf_ctl_terminal_clean (terminal, result->text);

  if (terminal->is_terminal) {
    orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, device);
    g_string_append (out, "  ");
    if (result->verdict != ORF_CLEANUP_VERDICT_UNSET) {
      orf_ctl_terminal_append (terminal, out, verdict_style (result->verdict),
                               orf_cleanup_verdict_to_string (result->verdict));
      g_string_append (out, "  ");
    }
    g_string_append_printf (out, "%s\n", text);
  }
  if (!terminal->is_terminal || result->workers->len + result->left_out->len > 0)
    append_workers (ctl, result, out);
  orf_ctl_print (out->str);
}

/* A script that needs the memory goes on where some came. */
static OrfCtlExit
get_exit (const OrfGpuCleanupResult *result)
{
  switch (result->verdict) {
  case ORF_CLEANUP_VERDICT_UNSET:
  case ORF_CLEANUP_VERDICT_FREED:
  case ORF_CLEANUP_VERDICT_PARTIAL:
    return ORF_CTL_DONE;
  case ORF_CLEANUP_VERDICT_NOTHING_FREED:
  case ORF_CLEANUP_VERDICT_TIMED_OUT:
  case ORF_CLEANUP_VERDICT_NO_WORKERS:
  case ORF_CLEANUP_VERDICT_UNMEASURED:
  case ORF_CLEANUP_VERDICT_N:
  default:
    return ORF_CTL_CHECK_FAILED;
  }
}

OrfCtlExit
orf_ctl_verb_gpu_cleanup (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfGpuCleanupResult) result = NULL;
  g_autoptr (json_t) params = json_object ();
  OrfCtlExit verdict;

  orf_ctl_params_add_text (ctl, params, "device");
  orf_ctl_params_add_text (ctl, params, "worker");
  orf_ctl_params_add_text (ctl, params, "level");
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "dry-run"))
    json_object_set_new (params, "dry_run", json_true ());
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_CLEANUP, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (!orf_ctl_wants_json (ctl))
    show_cleanup (ctl, result);
  return get_exit (result);
}

/* ---- gpu cleanups ---------------------------------------------------------------------------- */

static OrfCtlTable *
new_list_table (const OrfCtlTerminal *terminal)
{
  static const char *const numbers[] = { "BEFORE", "AFTER", "GAVE", "FREED", "REGAINED", "TOOK" };
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
  add_bytes (ctl, table, OPTIONAL (record, released_bytes));
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
