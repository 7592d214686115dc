/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* The most that one page of a list holds. */
#define PAGE_SIZE 1000

static char *
format_time (const OrfCtl *ctl, gint64 t_us)
{
  gboolean utc = orf_ctl_options_has (orf_ctl_get_options (ctl), "utc");

  return orf_ctl_get_terminal (ctl)->is_terminal
           ? orf_ctl_format_time (t_us - t_us % G_USEC_PER_SEC, utc)
           : orf_ctl_format_time_utc (t_us);
}

static json_t *
pack_id (const OrfCtl *ctl, GError **error)
{
  json_t *params = json_pack ("{s:s}", "id", orf_ctl_get_argument (ctl, 0));

  if (params == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "ID is not UTF-8");
  return params;
}

/* ---- incidents list -------------------------------------------------------------------------- */

static OrfCtlTable *
new_list_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "FROM", 0);
  orf_ctl_table_add_column (table, "TO", 0);
  orf_ctl_table_add_column (table, "TITLE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "REASON", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static void
add_incident (const OrfCtl *ctl, OrfCtlTable *table, const OrfIncidentInfo *incident)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, format_time (ctl, incident->from_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, format_time (ctl, incident->to_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, incident->title);
  orf_ctl_table_add (table, ORF_CTL_FAINT, incident->reason);
  orf_ctl_table_add (table, ORF_CTL_FAINT, incident->id);
}

/* NULL: the command line is wrong. */
static json_t *
list_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  orf_ctl_params_add_text (ctl, params, "cursor");
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static void
show_list (const OrfCtl *ctl, const OrfCtlTable *table)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_get_terminal (ctl)->is_terminal && orf_ctl_table_get_n_rows (table) == 0)
    g_string_append (out, "no incidents\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
}

/* All pages for a table; with --json the first as it came, whose next_cursor leads on. */
OrfCtlExit
orf_ctl_verb_incidents_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_list_table (orf_ctl_get_terminal (ctl));
  g_autoptr (json_t) params = list_params (ctl, error);
  gboolean more = TRUE;
  guint64 left;

  if (params == NULL || !orf_ctl_params_parse_limit (ctl, &left, error))
    return ORF_CTL_USAGE;
  while (more && left > 0) {
    g_autoptr (OrfIncidentsListResult) page = NULL;
    OrfCtlExit verdict;

    json_object_set_new (params, "limit", json_integer ((json_int_t) MIN (left, PAGE_SIZE)));
    verdict = orf_ctl_fetch (ctl, ORF_METHOD_INCIDENTS_LIST, json_deep_copy (params),
                             (gpointer *) &page, error);
    if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
      return verdict;
    for (guint i = 0; i < page->incidents->len; i++)
      add_incident (ctl, table, page->incidents->pdata[i]);
    left -= MIN (left, page->incidents->len);
    /* an empty page that points on would have us ask for ever */
    more = page->incidents->len > 0 && page->next_cursor != NULL;
    if (more)
      json_object_set_new (params, "cursor", json_string (page->next_cursor));
  }
  show_list (ctl, table);
  return ORF_CTL_DONE;
}

/* ---- incidents show -------------------------------------------------------------------------- */

static void
append_line (const OrfCtl *ctl, GString *out, const char *name, const char *text)
{
  g_autofree char *clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), text);

  g_string_append_printf (out, "%-8s%s\n", name, clean);
}

static void
append_members (const OrfCtl *ctl, const OrfIncidentInfo *incident, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "TITLE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  for (guint i = 0; i < incident->members->len; i++) {
    const OrfIncidentMember *member = incident->members->pdata[i];

    orf_ctl_table_take (table, ORF_CTL_PLAIN, format_time (ctl, member->t_us));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, member->kind);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, member->title);
    orf_ctl_table_add (table, ORF_CTL_FAINT, member->id);
  }
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
  if (incident->more_members)
    g_string_append (out, "and older ones\n");
}

static void
show_incident (const OrfCtl *ctl, const OrfIncidentInfo *incident)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *from = format_time (ctl, incident->from_us);
  g_autofree char *to = format_time (ctl, incident->to_us);
  g_autofree char *created = format_time (ctl, incident->created_us);

  append_line (ctl, out, "id", incident->id);
  append_line (ctl, out, "title", incident->title);
  append_line (ctl, out, "from", from);
  append_line (ctl, out, "to", to);
  append_line (ctl, out, "reason", incident->reason);
  append_line (ctl, out, "pinned", created);
  if (incident->author != NULL)
    append_line (ctl, out, "by", incident->author);
  if (incident->members->len > 0)
    append_members (ctl, incident, out);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_incidents_show (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfIncidentInfo) incident = NULL;
  json_t *params = pack_id (ctl, error);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_INCIDENTS_GET, params, (gpointer *) &incident, error);
  if (verdict == ORF_CTL_DONE && !orf_ctl_wants_json (ctl))
    show_incident (ctl, incident);
  return verdict;
}

/* ---- incidents pin, incidents unpin ---------------------------------------------------------- */

OrfCtlExit
orf_ctl_verb_incidents_pin (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfIncidentInfo) incident = NULL;
  g_autoptr (json_t) params = json_object ();
  g_autofree char *id = NULL;
  OrfCtlExit verdict;

  orf_ctl_params_add_text (ctl, params, "title");
  orf_ctl_params_add_text (ctl, params, "reason");
  /* what is pinned without an end has just been seen */
  json_object_set_new (params, "to_us", json_integer (g_get_real_time ()));
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  if (json_object_get (params, "from_us") == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--from is not given");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_INCIDENTS_PIN, g_steal_pointer (&params),
                           (gpointer *) &incident, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  id = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), incident->id);
  orf_ctl_print_line (id);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_incidents_unpin (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfIncidentsUnpinResult) result = NULL;
  json_t *params = pack_id (ctl, error);

  return params == NULL
           ? ORF_CTL_USAGE
           : orf_ctl_fetch (ctl, ORF_METHOD_INCIDENTS_UNPIN, params, (gpointer *) &result, error);
}
