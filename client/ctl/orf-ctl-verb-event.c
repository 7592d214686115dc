/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* The most that one page of a list holds. */
#define PAGE_SIZE 1000

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
add_event (const OrfCtl *ctl, OrfCtlTable *table, const OrfEventInfo *event)
{
  gboolean utc = orf_ctl_options_has (orf_ctl_get_options (ctl), "utc");

  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_get_terminal (ctl)->is_terminal
                        ? orf_ctl_format_time (event->t_us - event->t_us % G_USEC_PER_SEC, utc)
                        : orf_ctl_format_time_utc (event->t_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_event_kind_to_string (event->kind));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, event->text);
  orf_ctl_table_add (table, ORF_CTL_FAINT, event->author);
  orf_ctl_table_add (table, ORF_CTL_FAINT, event->id);
}

/* NULL: the command line is wrong. */
static json_t *
list_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "kind");
  orf_ctl_params_add_text (ctl, params, "cursor");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static void
show (const OrfCtl *ctl, const OrfCtlTable *table)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_get_terminal (ctl)->is_terminal && orf_ctl_table_get_n_rows (table) == 0)
    g_string_append (out, "no events\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
}

/* All pages for a table; with --json the first as it came, whose next_cursor leads on. */
OrfCtlExit
orf_ctl_verb_event_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = list_params (ctl, error);
  gboolean more = TRUE;
  guint64 left;

  if (params == NULL || !orf_ctl_params_parse_limit (ctl, &left, error))
    return ORF_CTL_USAGE;
  while (more && left > 0) {
    g_autoptr (OrfEventsListResult) page = NULL;
    OrfCtlExit verdict;

    json_object_set_new (params, "limit", json_integer ((json_int_t) MIN (left, PAGE_SIZE)));
    verdict = orf_ctl_fetch (ctl, ORF_METHOD_EVENTS_LIST, json_deep_copy (params),
                             (gpointer *) &page, error);
    if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
      return verdict;
    for (guint i = 0; i < page->events->len; i++)
      add_event (ctl, table, page->events->pdata[i]);
    left -= MIN (left, page->events->len);
    /* an empty page that points on would have us ask for ever */
    more = page->events->len > 0 && page->next_cursor != NULL;
    if (more)
      json_object_set_new (params, "cursor", json_string (page->next_cursor));
  }
  show (ctl, table);
  return ORF_CTL_DONE;
}
