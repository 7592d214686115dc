/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-table.h"
#include "orf-ctl-time.h"

/* The most that one page of a list holds. */
#define PAGE_SIZE 1000

/* An option that is a time, as the parameter `name`; none where it is not given. */
static gboolean
add_time (const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  gint64 t_us;

  if (text == NULL)
    return TRUE;
  if (!orf_ctl_parse_time (text, g_get_real_time (), &t_us, error)) {
    g_prefix_error (error, "--%s: ", option);
    return FALSE;
  }
  json_object_set_new (params, name, json_integer (t_us));
  return TRUE;
}

static void
add_text (const OrfCtl *ctl, json_t *params, const char *name)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), name);

  if (text != NULL)
    json_object_set_new (params, name, json_string (text));
}

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
  add_text (ctl, params, "kind");
  if (!add_time (ctl, params, "at", "t_us", error))
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

  add_text (ctl, params, "kind");
  add_text (ctl, params, "cursor");
  if (!add_time (ctl, params, "from", "from_us", error) ||
      !add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static gboolean
parse_limit (const OrfCtl *ctl, guint64 *limit, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "limit");

  *limit = G_MAXINT64;
  if (text == NULL || g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, limit, NULL))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--limit: \"%s\" is no number from 1 on", text);
  return FALSE;
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

  if (params == NULL || !parse_limit (ctl, &left, error))
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
