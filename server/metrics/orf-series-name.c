/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-series-name.h"

#include <string.h>

#include <jansson.h>

#include "orf-encode.h"
#include "core/orf-names.h"
#include "orf-error.h"

#define MAX_NAME_BYTES  200
#define MAX_KEY_BYTES   64
#define MAX_VALUE_BYTES 256

static gboolean
is_word (const char *text, const char *more, gsize max_bytes)
{
  gsize length = 0;

  if (!g_ascii_isalpha (text[0]) && text[0] != '_')
    return FALSE;
  for (const char *at = text; *at != '\0'; at++, length++)
    if (!g_ascii_isalnum (*at) && *at != '_' && (*at == '\0' || strchr (more, *at) == NULL))
      return FALSE;
  return length <= max_bytes;
}

gboolean
orf_series_name_check (const char *name, const char *field, GError **error)
{
  if (is_word (name, ".:/-", MAX_NAME_BYTES))
    return TRUE;
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field,
                                          "[A-Za-z_][A-Za-z0-9_.:/-]*, at most 200 bytes",
                                          "%s: \"%.80s\" is not a metric's name", field, name));
  return FALSE;
}

static gboolean
refuse_label (
  const char *field, const char *key, const char *allowed, const char *what, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s.%.64s", field, key);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, path, allowed,
                                                 "%s: %s", path, what));
  return FALSE;
}

static gboolean
check_label (const char *key, const char *value, const char *field, GError **error)
{
  if (!is_word (key, "", MAX_KEY_BYTES))
    return refuse_label (field, key, "[A-Za-z_][A-Za-z0-9_]*, at most 64 bytes",
                         "not a label's key", error);
  if (strlen (value) > MAX_VALUE_BYTES || !g_utf8_validate (value, -1, NULL))
    return refuse_label (field, key, "at most 256 bytes of UTF-8", "not a label's value", error);
  return TRUE;
}

gboolean
orf_series_name_check_labels (char *const *labels,
                              guint max_labels,
                              const char *field,
                              GError **error)
{
  guint n = 0;

  for (; labels != NULL && labels[2 * n] != NULL; n++) {
    if (!check_label (labels[2 * n], labels[2 * n + 1], field, error))
      return FALSE;
    if (n > 0 && strcmp (labels[2 * n - 2], labels[2 * n]) >= 0)
      return refuse_label (field, labels[2 * n], "each key once", "given twice", error);
  }
  if (n > max_labels) {
    g_autofree char *allowed = g_strdup_printf ("at most %u labels", max_labels);

    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                   "%s: %u labels are too many", field, n));
    return FALSE;
  }
  return TRUE;
}

static void
append_value (GString *text, const char *value)
{
  for (; *value != '\0'; value++)
    switch (*value) {
    case '\\':
      g_string_append (text, "\\\\");
      break;
    case '"':
      g_string_append (text, "\\\"");
      break;
    case '\n':
      g_string_append (text, "\\n");
      break;
    default:
      g_string_append_c (text, *value);
    }
}

char *
orf_series_name_to_text (const char *name, char *const *labels)
{
  GString *text;

  if (labels == NULL || labels[0] == NULL)
    return g_strdup (name);
  text = g_string_sized_new (64);
  g_string_append (text, name);
  for (guint i = 0; labels[i] != NULL; i += 2) {
    g_string_append_c (text, i == 0 ? '{' : ',');
    g_string_append (text, labels[i]);
    g_string_append (text, "=\"");
    append_value (text, labels[i + 1]);
    g_string_append_c (text, '"');
  }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

char *
orf_series_name_labels_to_json (char *const *labels)
{
  GString *json = g_string_new ("{");

  for (guint i = 0; labels != NULL && labels[i] != NULL; i += 2) {
    orf_encode_member (json, labels[i]);
    orf_encode_string (json, labels[i + 1], -1);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

char **
orf_series_name_labels_from_json (const char *json)
{
  json_t *object = json_loads (json, JSON_REJECT_DUPLICATES, NULL);
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GPtrArray *labels;
  const char *key;
  json_t *value;
  gboolean sound = json_is_object (object);

  json_object_foreach (object, key, value)
  {
    sound = sound && json_is_string (value);
    g_ptr_array_add (keys, (gpointer) key);
  }
  if (!sound) {
    json_decref (object);
    return NULL;
  }
  g_ptr_array_sort (keys, orf_names_compare);
  labels = g_ptr_array_sized_new (2 * keys->len + 1);
  for (guint i = 0; i < keys->len; i++) {
    g_ptr_array_add (labels, g_strdup (keys->pdata[i]));
    g_ptr_array_add (labels,
                     g_strdup (json_string_value (json_object_get (object, keys->pdata[i]))));
  }
  g_ptr_array_add (labels, NULL);
  json_decref (object);
  return (char **) g_ptr_array_free (labels, FALSE);
}

const char *
orf_series_name_get_label (char *const *labels, const char *key)
{
  for (guint i = 0; labels != NULL && labels[i] != NULL; i += 2)
    if (g_str_equal (labels[i], key))
      return labels[i + 1];
  return NULL;
}

char **
orf_series_name_keep_labels (char *const *labels, const char *const *by)
{
  GPtrArray *kept = g_ptr_array_new ();

  for (guint i = 0; labels[i] != NULL; i += 2)
    if (g_strv_contains (by, labels[i])) {
      g_ptr_array_add (kept, g_strdup (labels[i]));
      g_ptr_array_add (kept, g_strdup (labels[i + 1]));
    }
  g_ptr_array_add (kept, NULL);
  return (char **) g_ptr_array_free (kept, FALSE);
}

static void
add_label (GPtrArray *labels, const char *key, const char *value)
{
  g_ptr_array_add (labels, g_strdup (key));
  g_ptr_array_add (labels, g_strdup (value));
}

char **
orf_series_name_add_name (const char *name, char *const *labels)
{
  GPtrArray *all = g_ptr_array_new ();
  char *const *at = labels;

  for (; *at != NULL && strcmp (*at, "__name__") < 0; at += 2)
    add_label (all, at[0], at[1]);
  add_label (all, "__name__", name);
  if (*at != NULL && g_str_equal (*at, "__name__"))
    at += 2;
  for (; *at != NULL; at += 2)
    add_label (all, at[0], at[1]);
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (all, FALSE);
}
