/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

/* ---- event mark ------------------------------------------------------------------------------ */

OrfCtlExit
orf_ctl_verb_event_mark (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfEventsMarkResult) result = NULL;
  g_autoptr (json_t) params = json_pack ("{s:s}", "text", orf_ctl_get_argument (ctl, 0));
  g_autofree char *id = NULL;
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "TEXT is not UTF-8");
    return ORF_CTL_USAGE;
  }
  orf_ctl_params_add_text (ctl, params, "kind");
  if (!orf_ctl_params_add_time (ctl, params, "at", "t_us", error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_EVENTS_MARK, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  id = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), result->id);
  orf_ctl_print_line (id);
  return ORF_CTL_DONE;
}

/* ---- event list ------------------------------------------------------------------------------ */

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "TEXT", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "AUTHOR", 0);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfEventInfo *event = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, event->t_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_event_kind_to_string (event->kind));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, event->text);
  orf_ctl_table_add (table, ORF_CTL_FAINT, event->author);
  orf_ctl_table_add (table, ORF_CTL_FAINT, event->id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfEventsListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->events;
}

static void
free_cb (gpointer page)
{
  orf_events_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_EVENTS_LIST,
  .nothing = "no events\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

/* NULL: the command line is wrong. */
static json_t *
list_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "kind");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

OrfCtlExit
orf_ctl_verb_event_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  json_t *params = list_params (ctl, error);

  return params != NULL ? orf_ctl_list_show (ctl, &list, table, params, error) : ORF_CTL_USAGE;
}
