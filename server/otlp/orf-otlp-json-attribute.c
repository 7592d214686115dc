/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of JSON, written as they would be on the wire. */
#include <string.h>

#include "otlp/orf-otlp-attribute.h"
#include "otlp/orf-otlp-json.h"

static gboolean write_value (GString *to, const OrfOtlpNode *value, guint depth);

static gboolean
write_string (GString *to, guint number, const OrfOtlpNode *text)
{
  if (!orf_otlp_node_is (text, ORF_OTLP_NODE_STRING))
    return FALSE;
  orf_otlp_wire_add_bytes (to, number, text->text, text->length);
  return TRUE;
}

static gboolean
write_key_value (GString *to, const OrfOtlpNode *pair, guint depth)
{
  const OrfOtlpNode *key = orf_otlp_node_get (pair, "key");
  const OrfOtlpNode *value = orf_otlp_node_get (pair, "value");
  g_autoptr (GString) inner = g_string_new (NULL);

  if (!orf_otlp_node_is (pair, ORF_OTLP_NODE_OBJECT) || (key != NULL && !write_string (to, 1, key)))
    return FALSE;
  if (orf_otlp_node_is_null (value))
    return TRUE;
  if (!write_value (inner, value, depth))
    return FALSE;
  orf_otlp_wire_add_bytes (to, 2, inner->str, inner->len);
  return TRUE;
}

/* The list may be left out. */
static gboolean
is_object_of_list (const OrfOtlpNode *object, const OrfOtlpNode *list)
{
  return orf_otlp_node_is (object, ORF_OTLP_NODE_OBJECT) &&
         (orf_otlp_node_is_null (list) || list->type == ORF_OTLP_NODE_ARRAY);
}

static const OrfOtlpNode *
get_first (const OrfOtlpNode *list)
{
  return list != NULL ? list->first : NULL;
}

/* {"values": […]}, as a message whose field 1 they are. */
static gboolean
write_values (GString *to,
              guint number,
              const OrfOtlpNode *list,
              gboolean (*write) (GString *to, const OrfOtlpNode *one, guint depth),
              guint depth)
{
  const OrfOtlpNode *values = orf_otlp_node_get (list, "values");
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) one = g_string_new (NULL);

  if (!is_object_of_list (list, values))
    return FALSE;
  for (const OrfOtlpNode *item = get_first (values); item != NULL; item = item->next) {
    g_string_truncate (one, 0);
    if (!write (one, item, depth + 1))
      return FALSE;
    orf_otlp_wire_add_bytes (all, 1, one->str, one->len);
  }
  orf_otlp_wire_add_bytes (to, number, all->str, all->len);
  return TRUE;
}

static gboolean
write_number (GString *to, const OrfOtlpNode *value)
{
  gint64 integer;
  guint64 bits;
  double number;

  if (orf_otlp_node_has_key (value, "intValue")) {
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
write_bytes (GString *to, const OrfOtlpNode *value)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!orf_otlp_node_is (value, ORF_OTLP_NODE_STRING))
    return FALSE;
  text = g_strndup (value->text, value->length);
  if (text[0] != '\0') /* which it may not be given */
    g_base64_decode_inplace (text, &length);
  orf_otlp_wire_add_bytes (to, 7, text, length);
  return TRUE;
}

static gboolean
write_boolean (GString *to, const OrfOtlpNode *value)
{
  orf_otlp_wire_add_varint (to, 2, value->type == ORF_OTLP_NODE_TRUE);
  return value->type == ORF_OTLP_NODE_TRUE || value->type == ORF_OTLP_NODE_FALSE;
}

static gboolean
write_member (GString *to, const OrfOtlpNode *value, guint depth)
{
  if (orf_otlp_node_has_key (value, "stringValue"))
    return write_string (to, 1, value);
  if (orf_otlp_node_has_key (value, "boolValue"))
    return write_boolean (to, value);
  if (orf_otlp_node_has_key (value, "intValue") || orf_otlp_node_has_key (value, "doubleValue"))
    return write_number (to, value);
  if (orf_otlp_node_has_key (value, "arrayValue"))
    return write_values (to, 5, value, write_value, depth);
  if (orf_otlp_node_has_key (value, "kvlistValue"))
    return write_values (to, 6, value, write_key_value, depth);
  if (orf_otlp_node_has_key (value, "bytesValue"))
    return write_bytes (to, value);
  return TRUE; /* unknown */
}

/* AnyValue. */
static gboolean
write_value (GString *to, const OrfOtlpNode *value, guint depth)
{
  if (!orf_otlp_node_is (value, ORF_OTLP_NODE_OBJECT) || depth > ORF_OTLP_MAX_DEPTH)
    return FALSE;
  for (const OrfOtlpNode *member = value->first; member != NULL; member = member->next)
    if (!orf_otlp_node_is_null (member) && !write_member (to, member, depth))
      return FALSE;
  return TRUE;
}

gboolean
orf_otlp_json_write_attribute (GString *to, const OrfOtlpNode *attribute)
{
  return write_key_value (to, attribute, 0);
}

/* The object's member `attributes`, as field `number`. */
static gboolean
write_attributes (GString *to, guint number, const OrfOtlpNode *object)
{
  const OrfOtlpNode *attributes = orf_otlp_node_get (object, "attributes");
  g_autoptr (GString) one = g_string_new (NULL);

  if (!is_object_of_list (object, attributes))
    return FALSE;
  for (const OrfOtlpNode *item = get_first (attributes); item != NULL; item = item->next) {
    g_string_truncate (one, 0);
    if (!write_key_value (one, item, 0))
      return FALSE;
    orf_otlp_wire_add_bytes (to, number, one->str, one->len);
  }
  return TRUE;
}

gboolean
orf_otlp_json_write_resource (GString *to, const OrfOtlpNode *resource)
{
  return write_attributes (to, 1, resource);
}

gboolean
orf_otlp_json_write_scope (GString *to, const OrfOtlpNode *scope)
{
  static const char *const texts[] = { "name", "version" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const OrfOtlpNode *text = orf_otlp_node_get (scope, texts[i]);

    if (!orf_otlp_node_is_null (text) && !write_string (to, i + 1, text))
      return FALSE;
  }
  return write_attributes (to, 3, scope);
}
