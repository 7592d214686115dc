/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-attribute.h"

#include <math.h>
#include <string.h>

#include "orf-encode.h"

/* Fields of AnyValue. */
enum {
  STRING_VALUE = 1,
  BOOL_VALUE = 2,
  INT_VALUE = 3,
  DOUBLE_VALUE = 4,
  ARRAY_VALUE = 5,
  MAP_VALUE = 6,
  BYTES_VALUE = 7,
};

static gboolean add_json (GString *json, OrfOtlpBytes value, guint depth);

static gboolean
is_text (OrfOtlpBytes bytes)
{
  return bytes.length == 0 || g_utf8_validate_len ((const char *) bytes.data, bytes.length, NULL);
}

/* Key and value of a KeyValue. */
static gboolean
split (OrfOtlpBytes attribute, OrfOtlpBytes *key, OrfOtlpBytes *value)
{
  OrfOtlpField field;
  gboolean broken = FALSE;

  *key = *value = (OrfOtlpBytes){ NULL, 0 };
  while (orf_otlp_wire_next (&attribute, &field, &broken)) {
    if (field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    if (field.number == 1)
      *key = field.bytes;
    else if (field.number == 2)
      *value = field.bytes;
  }
  return !broken && is_text (*key);
}

/* The last one there is, as protobuf has it; number 0: there is none. */
static gboolean
find_value (OrfOtlpBytes any, OrfOtlpField *found)
{
  static const OrfOtlpWireType types[] = {
    [STRING_VALUE] = ORF_OTLP_WIRE_BYTES, [BOOL_VALUE] = ORF_OTLP_WIRE_VARINT,
    [INT_VALUE] = ORF_OTLP_WIRE_VARINT,   [DOUBLE_VALUE] = ORF_OTLP_WIRE_FIXED64,
    [ARRAY_VALUE] = ORF_OTLP_WIRE_BYTES,  [MAP_VALUE] = ORF_OTLP_WIRE_BYTES,
    [BYTES_VALUE] = ORF_OTLP_WIRE_BYTES,
  };
  OrfOtlpField field;
  gboolean broken = FALSE;

  found->number = 0;
  while (orf_otlp_wire_next (&any, &field, &broken))
    if (field.number > 0 && field.number < G_N_ELEMENTS (types) &&
        field.type == types[field.number])
      *found = field;
  return !broken;
}

static void
add_number (GString *text, guint64 bits)
{
  double number;

  memcpy (&number, &bits, sizeof number);
  if (isfinite (number))
    orf_encode_number (text, number);
  else
    g_string_append (text, isnan (number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

static void
add_base64 (GString *text, OrfOtlpBytes bytes)
{
  g_autofree char *encoded = g_base64_encode (bytes.data, bytes.length);

  g_string_append (text, encoded);
}

static gboolean
add_list (GString *json, OrfOtlpBytes list, guint depth)
{
  OrfOtlpField field;
  gboolean broken = FALSE, first = TRUE;

  g_string_append_c (json, '[');
  while (orf_otlp_wire_next (&list, &field, &broken)) {
    if (field.number != 1 || field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    if (!first)
      g_string_append_c (json, ',');
    first = FALSE;
    if (!add_json (json, field.bytes, depth + 1))
      return FALSE;
  }
  g_string_append_c (json, ']');
  return !broken;
}

static gboolean
add_map (GString *json, OrfOtlpBytes map, guint depth)
{
  OrfOtlpField field;
  OrfOtlpBytes key, value;
  gboolean broken = FALSE, first = TRUE;

  g_string_append_c (json, '{');
  while (orf_otlp_wire_next (&map, &field, &broken)) {
    if (field.number != 1 || field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    if (!split (field.bytes, &key, &value))
      return FALSE;
    if (!first)
      g_string_append_c (json, ',');
    first = FALSE;
    orf_encode_string (json, (const char *) key.data, (gssize) key.length);
    g_string_append_c (json, ':');
    if (!add_json (json, value, depth + 1))
      return FALSE;
  }
  g_string_append_c (json, '}');
  return !broken;
}

/* Numbers, booleans, lists, maps: the same inside a list and alone. */
static gboolean
add_plain (GString *text, const OrfOtlpField *field, guint depth)
{
  switch (field->number) {
  case BOOL_VALUE:
    g_string_append (text, field->value != 0 ? "true" : "false");
    return TRUE;
  case INT_VALUE:
    g_string_append_printf (text, "%" G_GINT64_FORMAT, (gint64) field->value);
    return TRUE;
  case DOUBLE_VALUE:
    add_number (text, field->value);
    return TRUE;
  case ARRAY_VALUE:
    return add_list (text, field->bytes, depth);
  case MAP_VALUE:
    return add_map (text, field->bytes, depth);
  default:
    return FALSE;
  }
}

static gboolean
add_json (GString *json, OrfOtlpBytes value, guint depth)
{
  OrfOtlpField field;

  if (depth > ORF_OTLP_MAX_DEPTH || !find_value (value, &field))
    return FALSE;
  switch (field.number) {
  case 0:
    g_string_append (json, "null");
    return TRUE;
  case STRING_VALUE:
    if (!is_text (field.bytes))
      return FALSE;
    orf_encode_string (json, (const char *) field.bytes.data, (gssize) field.bytes.length);
    return TRUE;
  case BYTES_VALUE:
    g_string_append_c (json, '"');
    add_base64 (json, field.bytes);
    g_string_append_c (json, '"');
    return TRUE;
  default:
    return add_plain (json, &field, depth);
  }
}

gboolean
orf_otlp_attribute_read (OrfOtlpBytes attribute, OrfOtlpBytes *key, GString *value)
{
  OrfOtlpBytes any;
  OrfOtlpField field;

  g_string_truncate (value, 0);
  if (!split (attribute, key, &any) || !find_value (any, &field))
    return FALSE;
  switch (field.number) {
  case 0:
    return TRUE;
  case STRING_VALUE:
    g_string_append_len (value, (const char *) field.bytes.data, (gssize) field.bytes.length);
    return is_text (field.bytes);
  case BYTES_VALUE:
    add_base64 (value, field.bytes);
    return TRUE;
  default:
    return add_plain (value, &field, 0);
  }
}
