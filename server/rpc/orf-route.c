/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-route.h"

#include <string.h>

#include "core/orf-url.h"
#include "orf-error.h"
#include "orf-json.h"

/* All three serve the same routes; the longer ones first. */
static const char *const prefixes[] = { "/api/v1", "/api/phase4", "/api" };

static const char *
strip_prefix (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    gsize length = strlen (prefixes[i]);

    if (strncmp (path, prefixes[i], length) == 0 && path[length] == '/')
      return path + length;
  }
  return NULL;
}

/* NULL: it does not match.  Else the path's parameters. */
static json_t *
match_path (const OrfRoute *route, const char *path)
{
  g_autoptr (json_t) params = NULL; /* most routes do not match: those cost nothing */
  const char *pattern = route->path;

  while (*pattern != '\0') {
    gsize length;
    const char *close;

    if (*pattern != '<') {
      if (*pattern++ != *path++)
        return NULL;
      continue;
    }
    close = strchr (pattern, '>');
    length = route->tail && close[1] == '\0' ? strlen (path) : strcspn (path, "/");
    if (length == 0)
      return NULL;
    if (params == NULL)
      params = json_object ();
    json_object_setn_new_nocheck (params, pattern + 1, (gsize) (close - pattern - 1),
                                  json_stringn (path, length));
    pattern = close + 1;
    path += length;
  }
  if (*path != '\0')
    return NULL;
  return params != NULL ? g_steal_pointer (&params) : json_object ();
}

const OrfRoute *
orf_route_find (const char *verb, const char *path, json_t **params, char **allow)
{
  g_autoptr (GString) verbs = g_string_new (NULL);
  g_autoptr (json_t) best_params = NULL;
  const char *rest = strip_prefix (path);
  const OrfRoute *best = NULL;

  for (guint i = 0; rest != NULL && i < orf_n_routes; i++) {
    const OrfRoute *route = &orf_routes[i];
    gboolean has_page = route->raw && route->content_type == NULL;
    g_autoptr (json_t) found = has_page ? NULL : match_path (route, rest);

    if (found == NULL)
      continue;
    if (!g_str_equal (route->verb, verb)) {
      g_string_append_printf (verbs, "%s%s", verbs->len > 0 ? ", " : "", route->verb);
    } else if (best == NULL || json_object_size (found) < json_object_size (best_params)) {
      g_clear_pointer (&best_params, json_decref);
      best_params = g_steal_pointer (&found);
      best = route;
    }
  }
  if (best != NULL)
    *params = g_steal_pointer (&best_params);
  else if (verbs->len > 0)
    *allow = g_strdup (verbs->str);
  return best;
}

static const OrfField *
find_field (const OrfDesc *desc, const char *name)
{
  for (guint i = 0; i < desc->n_fields; i++)
    if (g_str_equal (desc->fields[i].name, name))
      return &desc->fields[i];
  return NULL;
}

/* Text of a query as the JSON that the field wants; what cannot be read stays a string, which the
 * codec then refuses with the field's name and range. */
static json_t *
read_value (const OrfField *field, const char *text)
{
  char *end = NULL;
  double number;

  switch ((OrfKind) field->kind) {
  case ORF_KIND_STRING:
  case ORF_KIND_ENUM:
    return json_string (text);
  case ORF_KIND_INTEGER:
  case ORF_KIND_NUMBER:
    number = g_ascii_strtod (text, &end);
    return end != text && *end == '\0' ? json_real (number) : json_string (text);
  case ORF_KIND_BOOLEAN:
    if (g_str_equal (text, "true") || g_str_equal (text, "1"))
      return json_true ();
    return g_str_equal (text, "false") || g_str_equal (text, "0") ? json_false ()
                                                                  : json_string (text);
  default: {
    json_t *value = orf_json_parse (text, strlen (text), ORF_JSON_MAX_DEPTH, NULL);

    return value != NULL ? value : json_string (text);
  }
  }
}

static gboolean
add_pair (const OrfMethod *method, const char *pair, json_t *params, GError **error)
{
  g_auto (GStrv) halves = g_strsplit (pair, "=", 2);
  g_autofree char *name = orf_url_decode_form (halves[0]);
  g_autofree char *text = orf_url_decode_form (halves[1] != NULL ? halves[1] : "");
  const OrfField *field = name != NULL ? find_field (method->params, name) : NULL;
  const char *problem = NULL;
  json_t *value;

  if (name == NULL || text == NULL)
    problem = "not percent-encoded UTF-8";
  else if (field == NULL)
    problem = "unknown";
  else if (json_object_get (params, name) != NULL)
    problem = "given twice";
  if (problem != NULL) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT,
                                                   name != NULL ? name : "query",
                                                   field != NULL ? field->allowed : NULL, "%s: %s",
                                                   name != NULL ? name : "query", problem));
    return FALSE;
  }
  value = read_value (field, text);
  if (value == NULL || json_object_set_new_nocheck (params, name, value) < 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, name, field->allowed,
                                                   "%s: cannot be read", name));
    return FALSE;
  }
  return TRUE;
}

gboolean
orf_route_add_query (const OrfMethod *method, const char *query, json_t *params, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (query, "&", -1);

  for (guint i = 0; pairs[i] != NULL; i++)
    if (pairs[i][0] != '\0' && !add_pair (method, pairs[i], params, error))
      return FALSE;
  return TRUE;
}
