/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-table.h"

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "DESTINATION", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "PENDING", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BYTES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SENT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "FAILED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "DROPPED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAMPLES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SPANS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BEHIND", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LAST ERROR", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

/* Unknown is none. */
static void
add_count (OrfCtlTable *table, gboolean known, gint64 value)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      known ? g_strdup_printf ("%" G_GINT64_FORMAT, value) : NULL);
}

static OrfCtlStyle
get_style (const OrfOutboxDestination *info)
{
  switch (info->state) {
  case ORF_OUTBOX_STATE_WAITING:
    return ORF_CTL_WARNING;
  case ORF_OUTBOX_STATE_STOPPED:
    return ORF_CTL_FAINT;
  default:
    return ORF_CTL_PLAIN;
  }
}

static void
add_destination (const OrfCtl *ctl, OrfCtlTable *table, const OrfOutboxDestination *info)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, info->destination);
  orf_ctl_table_add (table, get_style (info), orf_outbox_state_to_string (info->state));
  add_count (table, TRUE, info->pending);
  if (terminal->is_terminal)
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes ((double) info->pending_bytes));
  else
    add_count (table, TRUE, info->pending_bytes);
  add_count (table, info->has_sent, info->sent);
  add_count (table, info->has_failed, info->failed);
  add_count (table, info->has_dropped, info->dropped);
  add_count (table, info->has_samples_pending, info->samples_pending);
  add_count (table, info->has_spans_pending, info->spans_pending);
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      info->has_behind_us
                        ? orf_ctl_format_duration_us ((double) info->behind_us, terminal->utf8)
                        : NULL);
  orf_ctl_table_add (table, ORF_CTL_FAINT, info->last_error);
}

OrfCtlExit
orf_ctl_verb_outbox (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (OrfOutboxListResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_OUTBOX_LIST, json_object (),
                                      (gpointer *) &result, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  for (guint i = 0; i < result->destinations->len; i++)
    add_destination (ctl, table, result->destinations->pdata[i]);
  if (orf_ctl_get_terminal (ctl)->is_terminal && orf_ctl_table_get_n_rows (table) == 0)
    g_string_append (out, "nothing is handed on\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
