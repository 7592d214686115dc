/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-bind.h"

#include <string.h>

#include "orf-error.h"
#include "orf-json.h"

#define FIELD "params"
/* An object in an array of values is the deepest that means something. */
#define MAX_DEPTH 4

static gboolean
refuse (GError **error, const char *field, const char *message)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, NULL, "%s: %s",
                                                 field, message));
  return FALSE;
}

static gboolean
bind_hex (sqlite3_stmt *statement, int index, const char *hex)
{
  gsize length = strlen (hex) / 2;
  g_autofree guint8 *bytes = g_malloc (length + 1);

  if (strlen (hex) % 2 != 0)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    int high = g_ascii_xdigit_value (hex[2 * i]);
    int low = g_ascii_xdigit_value (hex[2 * i + 1]);

    if (high < 0 || low < 0)
      return FALSE;
    bytes[i] = (guint8) (high << 4 | low);
  }
  return sqlite3_bind_blob64 (statement, index, bytes, length, SQLITE_TRANSIENT) == SQLITE_OK;
}

static gboolean
bind_value (sqlite3_stmt *statement, int index, json_t *value)
{
  json_t *hex = json_is_object (value) && json_object_size (value) == 1
                  ? json_object_get (value, "hex")
                  : NULL;
  gint64 integer;

  if (json_is_null (value))
    return sqlite3_bind_null (statement, index) == SQLITE_OK;
  if (json_is_boolean (value))
    return sqlite3_bind_int (statement, index, json_is_true (value)) == SQLITE_OK;
  if (orf_json_get_integer (value, &integer))
    return sqlite3_bind_int64 (statement, index, integer) == SQLITE_OK;
  if (json_is_number (value))
    return sqlite3_bind_double (statement, index, json_number_value (value)) == SQLITE_OK;
  if (json_is_string (value))
    return sqlite3_bind_text64 (statement, index, json_string_value (value),
                                json_string_length (value), SQLITE_TRANSIENT,
                                SQLITE_UTF8) == SQLITE_OK;
  return json_is_string (hex) && bind_hex (statement, index, json_string_value (hex));
}

static gboolean
bind_or_refuse (
  sqlite3_stmt *statement, int index, json_t *value, const char *field, GError **error)
{
  if (value == NULL)
    return refuse (error, field, "the statement has this parameter, and no value was given");
  if (bind_value (statement, index, value))
    return TRUE;
  return refuse (error, field,
                 "a value is null, a boolean, a number, a text, or {\"hex\": \"00ff\"} for a blob");
}

static gboolean
bind_array (sqlite3_stmt *statement, json_t *values, GError **error)
{
  int n_wanted = sqlite3_bind_parameter_count (statement);

  if ((gsize) n_wanted != json_array_size (values)) {
    g_autofree char *message =
      g_strdup_printf ("the statement has %d parameters, and %" G_GSIZE_FORMAT " values were given",
                       n_wanted, json_array_size (values));

    return refuse (error, FIELD, message);
  }
  for (int i = 0; i < n_wanted; i++) {
    g_autofree char *field = g_strdup_printf (FIELD "[%d]", i);

    if (!bind_or_refuse (statement, i + 1, json_array_get (values, (gsize) i), field, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
bind_object (sqlite3_stmt *statement, json_t *values, GError **error)
{
  int n_wanted = sqlite3_bind_parameter_count (statement);
  gsize n_used = 0;

  for (int i = 1; i <= n_wanted; i++) {
    const char *name = sqlite3_bind_parameter_name (statement, i);
    json_t *value = name != NULL ? json_object_get (values, name + 1) : NULL;
    g_autofree char *field = name != NULL ? g_strconcat (FIELD ".", name + 1, NULL)
                                          : g_strdup_printf (FIELD "[%d]", i - 1);

    if (value == NULL && name != NULL)
      value = json_object_get (values, name);
    if (!bind_or_refuse (statement, i, value, field, error))
      return FALSE;
    n_used++;
  }
  if (n_used < json_object_size (values))
    return refuse (error, FIELD, "there is a value that the statement has no parameter for");
  return TRUE;
}

gboolean
orf_sql_bind (sqlite3_stmt *statement, const char *params_json, GError **error)
{
  g_autoptr (json_t) params = NULL;

  if (params_json == NULL) {
    if (sqlite3_bind_parameter_count (statement) > 0)
      return refuse (error, FIELD, "the statement has parameters, and no values were given");
    return TRUE;
  }
  params = orf_json_parse (params_json, strlen (params_json), MAX_DEPTH, error);
  if (params == NULL)
    return FALSE;
  if (json_is_array (params))
    return bind_array (statement, params, error);
  if (json_is_object (params))
    return bind_object (statement, params, error);
  return refuse (error, FIELD, "an array for ?, or an object for :name");
}
