/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "orf-json.h"

#include "orf-ctl.h"
#include "orf-ctl-input.h"
#include "orf-ctl-table.h"
#include "orf-ctl-watch.h"

/* What the user gave as params, checked to be JSON; NULL without an error: nothing was given. */
static gboolean
dup_params (const char *argument, char **params, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (json_t) parsed = NULL;

  if (argument == NULL)
    return TRUE;
  text = g_str_equal (argument, "-") ? orf_ctl_input_read (error) : g_strdup (argument);
  if (text == NULL)
    return FALSE;
  parsed = orf_json_parse (text, strlen (text), ORF_JSON_MAX_DEPTH, error);
  if (parsed == NULL) {
    g_prefix_error (error, "the parameters are not JSON: ");
    return FALSE;
  }
  if (!json_is_object (parsed) && !json_is_array (parsed)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "parameters are an object or an array");
    return FALSE;
  }
  *params = g_steal_pointer (&text);
  return TRUE;
}

/* For eyes: indented.  Only the spaces change, so numbers stay as they came. */
static void
append_indented (GString *out, const char *json)
{
  guint depth = 0;
  gboolean quoted = FALSE;

  for (const char *at = json; *at != '\0'; at++) {
    gboolean opens = *at == '{' || *at == '[';

    if (quoted) {
      g_string_append_c (out, *at);
      if (*at == '\\')
        g_string_append_c (out, *++at);
      else if (*at == '"')
        quoted = FALSE;
      continue;
    }
    if (g_ascii_isspace (*at))
      continue;
    if ((*at == '}' || *at == ']') && depth > 0)
      g_string_append_printf (out, "\n%*s", (int) (2 * --depth), "");
    g_string_append_c (out, *at);
    quoted = *at == '"';
    if (*at == ':')
      g_string_append_c (out, ' ');
    if (opens && (at[1] == '}' || at[1] == ']'))
      g_string_append_c (out, *++at);
    else if (opens)
      g_string_append_printf (out, "\n%*s", (int) (2 * ++depth), "");
    else if (*at == ',')
      g_string_append_printf (out, "\n%*s", (int) (2 * depth), "");
  }
}

OrfCtlExit
orf_ctl_verb_call (OrfCtl *ctl, GError **error)
{
  const char *method = orf_ctl_get_argument (ctl, 0);
  const OrfMethod *known = orf_method_find (method);
  g_autofree char *params = NULL;
  g_autofree char *result = NULL;
  g_autoptr (GString) shown = g_string_new (NULL);
  OrfCtlExit verdict;

  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "db") && known != NULL && known->writes) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "%s needs a running daemon: --db opens the file for reading only", method);
    return ORF_CTL_USAGE;
  }
  if (!dup_params (orf_ctl_get_argument (ctl, 1), &params, error))
    return ORF_CTL_USAGE;
  if (known != NULL && known->stream)
    return orf_ctl_watch_lines (ctl, method, params, error);
  verdict = orf_ctl_call (ctl, method, params, &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_get_terminal (ctl)->is_terminal && !orf_ctl_wants_json (ctl))
    append_indented (shown, result);
  else
    g_string_assign (shown, result);
  orf_ctl_print_line (shown->str);
  return ORF_CTL_DONE;
}

/* The document is the server's, perhaps newer than our schema, so it is read as JSON: it is what a
 * client knows before it knows anything. */
static void
add_method (OrfCtlTable *table, json_t *method)
{
  const char *role = json_string_value (json_object_get (method, "x-role"));
  gboolean unavailable = json_is_true (json_object_get (method, "x-unavailable"));
  gboolean stream = json_is_true (json_object_get (method, "x-stream"));
  OrfCtlStyle role_style = g_strcmp0 (role, "admin") == 0  ? ORF_CTL_WARNING
                           : g_strcmp0 (role, "read") == 0 ? ORF_CTL_PLAIN
                                                           : ORF_CTL_ACCENT;
  OrfCtlStyle style = unavailable ? ORF_CTL_FAINT : ORF_CTL_PLAIN;

  orf_ctl_table_add (table, unavailable ? ORF_CTL_FAINT : ORF_CTL_STRONG,
                     json_string_value (json_object_get (method, "name")));
  orf_ctl_table_add (table, unavailable ? ORF_CTL_FAINT : role_style, role);
  orf_ctl_table_add (table, style, unavailable ? "not built" : stream ? "stream" : "call");
  orf_ctl_table_add (table, style, json_string_value (json_object_get (method, "summary")));
}

OrfCtlExit
orf_ctl_verb_discover (OrfCtl *ctl, GError **error)
{
  g_autofree char *document = NULL;
  g_autoptr (json_t) root = NULL;
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_call (ctl, "rpc.discover", NULL, &document, error);
  json_t *method;
  gsize i;

  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_wants_json (ctl)) {
    orf_ctl_print_line (document);
    return ORF_CTL_DONE;
  }
  root = orf_json_parse (document, strlen (document), ORF_JSON_MAX_DEPTH, error);
  if (root == NULL)
    return ORF_CTL_SERVER_ERROR;
  orf_ctl_table_add_column (table, "METHOD", 0);
  orf_ctl_table_add_column (table, "ROLE", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "SUMMARY", ORF_CTL_COLUMN_GIVES_WAY);
  json_array_foreach (json_object_get (root, "methods"), i, method) add_method (table, method);
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
