/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of JSON, written as they would be on the wire. */
#include <string.h>

#include "otlp/orf-otlp-attribute.h"
#include "otlp/orf-otlp-json.h"

static gboolean write_value (GString *to, const json_t *value, guint depth);

static gboolean
write_string (GString *to, guint number, const json_t *text)
{
  if (!json_is_string (text))
    return FALSE;
  orf_otlp_wire_add_bytes (to, number, json_string_value (text), json_string_length (text));
  return TRUE;
}

static gboolean
write_key_value (GString *to, const json_t *pair, guint depth)
{
  const json_t *key = json_object_get (pair, "key"), *value = json_object_get (pair, "value");
  g_autoptr (GString) inner = g_string_new (NULL);

  if (!json_is_object (pair) || (key != NULL && !write_string (to, 1, key)))
    return FALSE;
  if (value == NULL || json_is_null (value))
    return TRUE;
  if (!write_value (inner, value, depth))
    return FALSE;
  orf_otlp_wire_add_bytes (to, 2, inner->str, inner->len);
  return TRUE;
}

/* {"values": […]}, as a message whose field 1 they are. */
static gboolean
write_values (GString *to,
              guint number,
              const json_t *list,
              gboolean (*write) (GString *to, const json_t *one, guint depth),
              guint depth)
{
  const json_t *values = json_object_get (list, "values");
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) one = g_string_new (NULL);

  if (!json_is_object (list) || (values != NULL && !json_is_array (values)))
    return FALSE;
  for (size_t i = 0; i < json_array_size (values); i++) {
    g_string_truncate (one, 0);
    if (!write (one, json_array_get (values, i), depth + 1))
      return FALSE;
    orf_otlp_wire_add_bytes (all, 1, one->str, one->len);
  }
  orf_otlp_wire_add_bytes (to, number, all->str, all->len);
  return TRUE;
}

static gboolean
write_number (GString *to, const char *key, const json_t *value)
{
  gint64 integer;
  guint64 bits;
  double number;

  if (strcmp (key, "intValue") == 0) {
    if (!orf_otlp_json_get_int64 (value, &integer))
      return FALSE;
    orf_otlp_wire_add_varint (to, 3, (guint64) integer);
    return TRUE;
  }
  if (!orf_otlp_json_get_double (value, &number))
    return FALSE;
  memcpy (&bits, &number, sizeof bits);
  orf_otlp_wire_add_fixed64 (to, 4, bits);
  return TRUE;
}

/* Of base64, as protobuf's mapping has bytes. */
static gboolean
write_bytes (GString *to, const json_t *value)
{
  g_autofree guchar *bytes = NULL;
  gsize length;

  if (!json_is_string (value))
    return FALSE;
  bytes = g_base64_decode (json_string_value (value), &length);
  orf_otlp_wire_add_bytes (to, 7, bytes, length);
  return TRUE;
}

static gboolean
write_member (GString *to, const char *key, const json_t *value, guint depth)
{
  if (strcmp (key, "stringValue") == 0)
    return write_string (to, 1, value);
  if (strcmp (key, "boolValue") == 0) {
    orf_otlp_wire_add_varint (to, 2, json_is_true (value));
    return json_is_boolean (value);
  }
  if (strcmp (key, "intValue") == 0 || strcmp (key, "doubleValue") == 0)
    return write_number (to, key, value);
  if (strcmp (key, "arrayValue") == 0)
    return write_values (to, 5, value, write_value, depth);
  if (strcmp (key, "kvlistValue") == 0)
    return write_values (to, 6, value, write_key_value, depth);
  if (strcmp (key, "bytesValue") == 0)
    return write_bytes (to, value);
  return TRUE; /* unknown */
}

/* AnyValue. */
static gboolean
write_value (GString *to, const json_t *value, guint depth)
{
  const char *key;
  json_t *member;

  if (!json_is_object (value) || depth > ORF_OTLP_MAX_DEPTH)
    return FALSE;
  json_object_foreach ((json_t *) value, key, member)
  {
    if (!json_is_null (member) && !write_member (to, key, member, depth))
      return FALSE;
  }
  return TRUE;
}

gboolean
orf_otlp_json_write_attribute (GString *to, const json_t *attribute)
{
  return write_key_value (to, attribute, 0);
}

/* The object's member `attributes`, as field `number`. */
static gboolean
write_attributes (GString *to, guint number, const json_t *object)
{
  const json_t *attributes = json_object_get (object, "attributes");
  g_autoptr (GString) one = g_string_new (NULL);

  if (!json_is_object (object) ||
      (attributes != NULL && !json_is_null (attributes) && !json_is_array (attributes)))
    return FALSE;
  for (size_t i = 0; i < json_array_size (attributes); i++) {
    g_string_truncate (one, 0);
    if (!write_key_value (one, json_array_get (attributes, i), 0))
      return FALSE;
    orf_otlp_wire_add_bytes (to, number, one->str, one->len);
  }
  return TRUE;
}

gboolean
orf_otlp_json_write_resource (GString *to, const json_t *resource)
{
  return write_attributes (to, 1, resource);
}

gboolean
orf_otlp_json_write_scope (GString *to, const json_t *scope)
{
  static const char *const texts[] = { "name", "version" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const json_t *text = json_object_get (scope, texts[i]);

    if (text != NULL && !json_is_null (text) && !write_string (to, i + 1, text))
      return FALSE;
  }
  return write_attributes (to, 3, scope);
}
