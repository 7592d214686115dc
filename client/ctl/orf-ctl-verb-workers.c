/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  static const char *const numbers[] = { "PID",          "ALLOCATED", "RESERVED",
                                         "LARGEST FREE", "OOMS",      "BATCHES" };
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "ID", 0);
  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "DEVICE", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    orf_ctl_table_add_column (table, numbers[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REPORTED", 0);
  orf_ctl_table_add_column (table, "SOURCE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "CAN", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

/* For people with its unit; exactly for a pipe. */
static void
add_bytes (const OrfCtl *ctl, OrfCtlTable *table, double bytes)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_get_terminal (ctl)->is_terminal ? orf_ctl_format_bytes (bytes)
                                                              : orf_ctl_format_exact (bytes));
}

static void
add_number (const OrfCtl *ctl, OrfCtlTable *table, double number)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_get_terminal (ctl)->is_terminal ? orf_ctl_format_number (number)
                                                              : orf_ctl_format_exact (number));
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfWorkerInfo *worker = row;
  g_autofree char *can = g_strjoinv (",", worker->capabilities);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->worker);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->name);
  orf_ctl_table_add (table, orf_ctl_cells_get_worker_style (worker->state),
                     orf_worker_state_to_string (worker->state));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->device);
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (ORF_CTL_OPTIONAL (worker, pid)));
  add_bytes (ctl, table, ORF_CTL_OPTIONAL (worker, allocated_bytes));
  add_bytes (ctl, table, ORF_CTL_OPTIONAL (worker, reserved_bytes));
  add_bytes (ctl, table, ORF_CTL_OPTIONAL (worker, largest_free_bytes));
  add_number (ctl, table, ORF_CTL_OPTIONAL (worker, ooms));
  add_number (ctl, table, (double) worker->batches);
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      worker->has_reported_us ? orf_ctl_list_format_time (ctl, worker->reported_us)
                                              : NULL);
  orf_ctl_table_add (table, ORF_CTL_FAINT, worker->source);
  orf_ctl_table_add (table, ORF_CTL_FAINT, can);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfWorkerListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->workers;
}

static void
free_cb (gpointer page)
{
  orf_worker_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_WORKER_LIST,
  .nothing = "no workers: nobody who holds GPU memory has registered\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_workers (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "device");
  return orf_ctl_list_show (ctl, &list, table, g_steal_pointer (&params), error);
}
