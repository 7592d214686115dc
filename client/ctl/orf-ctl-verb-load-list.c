/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-cells.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  static const char *const numbers[] = {
    "TOOK", "REQUESTS", "FAILED", "RATE/S", "P50", "P95", "P99"
  };
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "ID", 0);
  orf_ctl_table_add_column (table, "STARTED", 0);
  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "KIND", 0);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    orf_ctl_table_add_column (table, numbers[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  return table;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfLoadRun *run = row;

  orf_ctl_table_add (table, ORF_CTL_FAINT, run->id);
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, run->started_us));
  orf_ctl_table_add (table, ORF_CTL_STRONG, run->name);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_load_kind_to_string (run->kind));
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE, run->took_us);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, run->requests);
  orf_ctl_cells_take_count (table, run->errors > 0 ? ORF_CTL_BAD : ORF_CTL_PLAIN, run->errors);
  orf_ctl_cells_take_number (ctl, table, ORF_CTL_PLAIN, run->rate_per_s);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, run->has_p50_us, run->p50_us);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, run->has_p95_us, run->p95_us);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, run->has_p99_us, run->p99_us);
  orf_ctl_table_add (table, run->passed ? ORF_CTL_GOOD : ORF_CTL_BAD,
                     !run->has_passed ? NULL
                     : run->passed    ? "passed"
                                      : "failed");
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfLoadListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->runs;
}

static void
free_cb (gpointer page)
{
  orf_load_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_LOAD_LIST,
  .nothing = "no load test was recorded (orfeasctl load … --record NAME)\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_load_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = json_object ();

  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  return orf_ctl_list_show (ctl, &list, table, g_steal_pointer (&params), error);
}
