/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-postmortem.h"

#include "orf-report-text.h"

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
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfIncidentInfo *incident = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, incident->from_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, incident->to_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, incident->title);
  orf_ctl_table_add (table, ORF_CTL_FAINT, incident->reason);
  orf_ctl_table_add (table, ORF_CTL_FAINT, incident->id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfIncidentsListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->incidents;
}

static void
free_cb (gpointer page)
{
  orf_incidents_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_INCIDENTS_LIST,
  .nothing = "no incidents\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

/* NULL: the command line is wrong. */
static json_t *
list_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

OrfCtlExit
orf_ctl_verb_incidents_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_list_table (orf_ctl_get_terminal (ctl));
  json_t *params = list_params (ctl, error);

  return params != NULL ? orf_ctl_list_show (ctl, &list, table, params, error) : ORF_CTL_USAGE;
}

/* ---- incidents show -------------------------------------------------------------------------- */

static void
append_line (const OrfCtl *ctl, GString *out, const char *name, const char *text)
{
  g_autofree char *clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), text);

  g_string_append_printf (out, "%-8s%s\n", name, clean);
}

static void
append_incident (const OrfCtl *ctl, const OrfIncidentInfo *incident, GString *out)
{
  g_autofree char *from = orf_ctl_list_format_time (ctl, incident->from_us);
  g_autofree char *to = orf_ctl_list_format_time (ctl, incident->to_us);
  g_autofree char *created = orf_ctl_list_format_time (ctl, incident->created_us);

  append_line (ctl, out, "id", incident->id);
  append_line (ctl, out, "title", incident->title);
  append_line (ctl, out, "from", from);
  append_line (ctl, out, "to", to);
  append_line (ctl, out, "reason", incident->reason);
  append_line (ctl, out, "pinned", created);
  if (incident->author != NULL)
    append_line (ctl, out, "by", incident->author);
  g_string_append_c (out, '\n');
}

/* What happened in it, as a post-mortem tells. */
static OrfCtlExit
show_incident (OrfCtl *ctl, const OrfIncidentInfo *incident, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (json_t) params = json_pack ("{s:s}", "incident", incident->id);
  g_autoptr (json_t) result = NULL;
  g_autofree char *text = NULL;
  OrfCtlExit verdict = orf_ctl_postmortem_fetch (ctl, params, &text, &result, error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  append_incident (ctl, incident, out);
  orf_report_text_append (ctl, json_object_get (result, "document"), out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
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
  return verdict == ORF_CTL_DONE && !orf_ctl_wants_json (ctl) ? show_incident (ctl, incident, error)
                                                              : verdict;
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
