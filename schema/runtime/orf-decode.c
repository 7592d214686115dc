/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-decode.h"

#include <math.h>
#include <string.h>

#include "orf-enum.h"
#include "orf-error.h"

static gboolean decode_into (
  const OrfDesc *desc, json_t *object, OrfDecodeMode mode, gpointer data, GError **error);

/* "[12]", to stand behind the array's own name */
static void
prefix_index (GError **error, gsize index)
{
  char text[32];

  if (error == NULL)
    return;
  g_snprintf (text, sizeof text, "[%" G_GSIZE_FORMAT "]", index);
  orf_error_prefix_field (*error, text);
}

/* The messages' "field" is put before it by decode_into(), one level at a time. */
static gboolean
refuse (const OrfField *field, const char *problem, GError **error)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, NULL, field->allowed,
                                                 "%s: %s; %s is allowed", field->name, problem,
                                                 field->allowed));
  return FALSE;
}

static const char *
type_name (json_t *value)
{
  switch (json_typeof (value)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "an array";
  case JSON_STRING:
    return "a string";
  case JSON_INTEGER:
  case JSON_REAL:
    return "a number";
  case JSON_TRUE:
  case JSON_FALSE:
    return "a boolean";
  case JSON_NULL:
  default:
    return "null";
  }
}

static gboolean
refuse_type (const OrfField *field, json_t *value, GError **error)
{
  g_autofree char *problem = g_strdup_printf ("%s was given", type_name (value));

  return refuse (field, problem, error);
}

/* Its bit of OrfJsonTypes; 0: null. */
static guint
json_type_of (json_t *value)
{
  switch (json_typeof (value)) {
  case JSON_OBJECT:
    return ORF_JSON_OBJECT;
  case JSON_ARRAY:
    return ORF_JSON_ARRAY;
  case JSON_STRING:
    return ORF_JSON_STRING;
  case JSON_INTEGER:
  case JSON_REAL:
    return ORF_JSON_NUMBER;
  case JSON_TRUE:
  case JSON_FALSE:
    return ORF_JSON_BOOLEAN;
  case JSON_NULL:
  default:
    return 0;
  }
}

static gboolean
decode_json (const OrfField *field, json_t *value, char **out, GError **error)
{
  if (field->json_types != 0 && !json_is_null (value) &&
      !(field->json_types & json_type_of (value)))
    return refuse_type (field, value, error);
  *out = orf_json_dump (value);
  return TRUE;
}

static gboolean
decode_integer (const OrfField *field, json_t *value, gint64 *out, GError **error)
{
  gint64 integer;

  if (!json_is_number (value))
    return refuse_type (field, value, error);
  if (!orf_json_get_integer (value, &integer))
    return refuse (field, "not an integer within 2^53", error);
  if ((double) integer < field->minimum || (double) integer > field->maximum)
    return refuse (field, "out of range", error);
  *out = integer;
  return TRUE;
}

static gboolean
decode_number (const OrfField *field, json_t *value, double *out, GError **error)
{
  double number;

  if (!json_is_number (value))
    return refuse_type (field, value, error);
  number = json_number_value (value);
  if (!isfinite (number) || number < field->minimum || number > field->maximum)
    return refuse (field, "out of range", error);
  *out = number;
  return TRUE;
}

/* C strings end at a NUL: one inside would silently cut the value. */
static gboolean
decode_string (
  const OrfField *field, json_t *value, guint min, guint max, char **out, GError **error)
{
  const char *text = json_string_value (value);
  gsize length = json_string_length (value);

  if (text == NULL)
    return refuse_type (field, value, error);
  if (strlen (text) != length)
    return refuse (field, "contains a NUL character", error);
  if (length < min)
    return refuse (field, "too short", error);
  if (length > max)
    return refuse (field, "too long", error);
  *out = g_strndup (text, length);
  return TRUE;
}

static gboolean
decode_enum (const OrfField *field, json_t *value, OrfDecodeMode mode, int *out, GError **error)
{
  int number;

  if (!json_is_string (value))
    return refuse_type (field, value, error);
  if (strlen (json_string_value (value)) != json_string_length (value))
    return refuse (field, "contains a NUL character", error);
  number = orf_enum_from_string (field->enumeration, json_string_value (value));
  if (number == 0 && mode == ORF_DECODE_STRICT)
    return refuse (field, "unknown value", error);
  *out = number;
  return TRUE;
}

static gboolean
check_count (const OrfField *field, gsize count, GError **error)
{
  if (count < field->min_length)
    return refuse (field, "too few items", error);
  if (count > field->max_length)
    return refuse (field, "too many items", error);
  return TRUE;
}

static gboolean
decode_strings (const OrfField *field, json_t *value, char ***out, GError **error)
{
  gsize count = json_array_size (value);
  g_auto (GStrv) strings = g_new0 (char *, count + 1);

  for (gsize i = 0; i < count; i++)
    if (!decode_string (field, json_array_get (value, i), field->min_item_length,
                        field->max_item_length, &strings[i], error)) {
      prefix_index (error, i);
      return FALSE;
    }
  *out = g_steal_pointer (&strings);
  return TRUE;
}

static gboolean
decode_objects (
  const OrfField *field, json_t *value, OrfDecodeMode mode, GPtrArray **out, GError **error)
{
  gsize count = json_array_size (value);

  /* goes to its member at once: freed with the struct when an item is wrong */
  *out = g_ptr_array_sized_new ((guint) count);
  for (gsize i = 0; i < count; i++) {
    gpointer item;

    if (!json_is_object (json_array_get (value, i))) {
      refuse_type (field, json_array_get (value, i), error);
      prefix_index (error, i);
      return FALSE;
    }
    item = orf_struct_new (field->object);
    g_ptr_array_add (*out, item);
    if (!decode_into (field->object, json_array_get (value, i), mode, item, error)) {
      prefix_index (error, i);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
decode_numbers (const OrfField *field, json_t *value, GArray **out, GError **error)
{
  gsize count = json_array_size (value);

  *out = g_array_sized_new (FALSE, TRUE, 8, (guint) count);
  g_array_set_size (*out, (guint) count);
  for (guint i = 0; i < count; i++) {
    json_t *item = json_array_get (value, i);
    gboolean good = field->kind == ORF_KIND_INTEGERS
                      ? decode_integer (field, item, &g_array_index (*out, gint64, i), error)
                      : decode_number (field, item, &g_array_index (*out, double, i), error);

    if (!good) {
      prefix_index (error, i);
      return FALSE;
    }
  }
  return TRUE;
}

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static gboolean
decode_labels (const OrfField *field, json_t *value, char ***out, GError **error)
{
  g_auto (GStrv) pairs = g_new0 (char *, 2 * json_object_size (value) + 1);
  const char *key;
  json_t *item;
  gsize n = 0;

  json_object_foreach (value, key, item)
  {
    char *text = NULL;

    if (!decode_string (field, item, field->min_item_length, field->max_item_length, &text,
                        error)) {
      if (error != NULL)
        orf_error_prefix_field (*error, key);
      return FALSE;
    }
    pairs[n++] = g_strdup (key);
    pairs[n++] = text;
  }
  qsort (pairs, n / 2, 2 * sizeof (char *), compare_pairs);
  *out = g_steal_pointer (&pairs);
  return TRUE;
}

static gboolean
decode_values (const OrfField *field, json_t *value, GArray **out, GError **error)
{
  const char *key;
  json_t *item;

  *out = g_array_sized_new (FALSE, FALSE, sizeof (OrfNamedValue), (guint) json_object_size (value));
  json_object_foreach (value, key, item)
  {
    OrfNamedValue named = { NULL, NAN };

    if (!json_is_null (item) && !decode_number (field, item, &named.value, error)) {
      if (error != NULL)
        orf_error_prefix_field (*error, key);
      return FALSE;
    }
    named.name = g_strdup (key);
    g_array_append_val (*out, named);
  }
  return TRUE;
}

static gboolean
decode_points (const OrfField *field, json_t *value, GArray **out, GError **error)
{
  gsize count = json_array_size (value);

  *out = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), (guint) count);
  for (gsize i = 0; i < count; i++) {
    json_t *pair = json_array_get (value, i);
    json_t *number = json_array_get (pair, 1);
    OrfPoint point = { 0, NAN };

    if (json_array_size (pair) != 2 ||
        !orf_json_get_integer (json_array_get (pair, 0), &point.t_us) ||
        !(json_is_null (number) || json_is_number (number))) {
      refuse (field, "not a pair of time and value", error);
      prefix_index (error, i);
      return FALSE;
    }
    if (json_is_number (number))
      point.value = json_number_value (number);
    g_array_append_val (*out, point);
  }
  return TRUE;
}

static gboolean
is_array_kind (OrfKind kind)
{
  return kind == ORF_KIND_STRINGS || kind == ORF_KIND_OBJECTS || kind == ORF_KIND_INTEGERS ||
         kind == ORF_KIND_NUMBERS || kind == ORF_KIND_POINTS;
}

static gboolean
is_object_kind (OrfKind kind)
{
  return kind == ORF_KIND_OBJECT || kind == ORF_KIND_LABELS || kind == ORF_KIND_VALUES;
}

static gboolean
decode_compound (
  const OrfField *field, json_t *value, OrfDecodeMode mode, gpointer member, GError **error)
{
  OrfKind kind = (OrfKind) field->kind;

  if (is_array_kind (kind) ? !json_is_array (value) : !json_is_object (value))
    return refuse_type (field, value, error);
  if (kind != ORF_KIND_OBJECT &&
      !check_count (field,
                    is_array_kind (kind) ? json_array_size (value) : json_object_size (value),
                    error))
    return FALSE;

  switch (kind) {
  case ORF_KIND_STRINGS:
    return decode_strings (field, value, member, error);
  case ORF_KIND_OBJECTS:
    return decode_objects (field, value, mode, member, error);
  case ORF_KIND_INTEGERS:
  case ORF_KIND_NUMBERS:
    return decode_numbers (field, value, member, error);
  case ORF_KIND_POINTS:
    return decode_points (field, value, member, error);
  case ORF_KIND_LABELS:
    return decode_labels (field, value, member, error);
  case ORF_KIND_VALUES:
    return decode_values (field, value, member, error);
  default:
    *(gpointer *) member = orf_struct_new (field->object);
    return decode_into (field->object, value, mode, *(gpointer *) member, error);
  }
}

static gboolean
decode_member (
  const OrfField *field, json_t *value, OrfDecodeMode mode, gpointer member, GError **error)
{
  OrfKind kind = (OrfKind) field->kind;

  if (is_array_kind (kind) || is_object_kind (kind))
    return decode_compound (field, value, mode, member, error);
  switch (kind) {
  case ORF_KIND_BOOLEAN:
    if (!json_is_boolean (value))
      return refuse_type (field, value, error);
    *(gboolean *) member = json_is_true (value);
    return TRUE;
  case ORF_KIND_INTEGER:
    return decode_integer (field, value, member, error);
  case ORF_KIND_NUMBER:
    return decode_number (field, value, member, error);
  case ORF_KIND_STRING:
    /* a default stands there until now */
    g_clear_pointer ((char **) member, g_free);
    return decode_string (field, value, field->min_length, field->max_length, member, error);
  case ORF_KIND_ENUM:
    return decode_enum (field, value, mode, member, error);
  default:
    return decode_json (field, value, member, error);
  }
}

static gboolean
decode_absent (const OrfField *field, json_t *value, OrfDecodeMode mode, GError **error)
{
  gboolean needed = (field->flags & ORF_FIELD_REQUIRED) != 0;
  gboolean nullable = (field->flags & ORF_FIELD_NULLABLE) != 0;

  /* null for an optional parameter means that it was not given, as most clients send it */
  if (!needed || (nullable && (value != NULL || mode == ORF_DECODE_LENIENT)))
    return TRUE;
  return value == NULL ? refuse (field, "missing", error) : refuse_type (field, value, error);
}

/* As the text "null", where it is a value like others. */
static gboolean
is_null_kept (const OrfField *field)
{
  return field->kind == ORF_KIND_JSON && field->flags & ORF_FIELD_NULLABLE;
}

static gboolean
refuse_unknown (const OrfDesc *desc, json_t *object, GError **error)
{
  g_autoptr (GString) allowed = g_string_new (desc->n_fields > 0 ? "one of " : "no member");
  const char *unknown = NULL;
  const char *key;
  json_t *value;

  for (guint i = 0; i < desc->n_fields; i++)
    g_string_append_printf (allowed, "%s%s", i > 0 ? ", " : "", desc->fields[i].name);
  json_object_foreach (object, key, value)
  {
    guint i = 0;

    while (i < desc->n_fields && !g_str_equal (desc->fields[i].name, key))
      i++;
    if (i == desc->n_fields)
      unknown = key;
  }
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, unknown, allowed->str,
                                          "%.100s: unknown; %s is allowed", unknown, allowed->str));
  return FALSE;
}

static gboolean
decode_into (const OrfDesc *desc, json_t *object, OrfDecodeMode mode, gpointer data, GError **error)
{
  gsize known = 0;

  for (guint i = 0; i < desc->n_fields; i++) {
    const OrfField *field = &desc->fields[i];
    json_t *value = json_object_get (object, field->name);
    gboolean absent = value == NULL || (json_is_null (value) && !is_null_kept (field));
    gboolean good;

    if (value != NULL)
      known++;
    good = absent ? decode_absent (field, value, mode, error)
                  : decode_member (field, value, mode, (char *) data + field->offset, error);
    if (!good) {
      if (error != NULL)
        orf_error_prefix_field (*error, field->name);
      return FALSE;
    }
    if (!absent && field->flags & ORF_FIELD_HAS)
      *(gboolean *) ((char *) data + field->has_offset) = TRUE;
  }
  if (mode == ORF_DECODE_STRICT && known != json_object_size (object))
    return refuse_unknown (desc, object, error);
  return TRUE;
}

gpointer
orf_decode (const OrfDesc *desc, json_t *object, OrfDecodeMode mode, GError **error)
{
  gpointer data;

  if (object != NULL && !json_is_object (object)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "%s was given where an object is wanted", type_name (object));
    return NULL;
  }
  data = orf_struct_new (desc);
  if (!decode_into (desc, object, mode, data, error)) {
    orf_struct_free (desc, data);
    return NULL;
  }
  return data;
}

gpointer
orf_decode_text (
  const OrfDesc *desc, const char *text, gsize length, OrfDecodeMode mode, GError **error)
{
  g_autoptr (json_t) object = orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, error);

  return object != NULL ? orf_decode (desc, object, mode, error) : NULL;
}
