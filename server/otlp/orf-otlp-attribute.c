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

/* JSON is not told by it whether 1 was a number with a point, nor can it say NaN. */
typedef enum {
  STYLE_LABEL, /* numbers in as few characters as can be */
  STYLE_EXACT, /* valid JSON, and a number's kind can be told from it */
} Style;

/* Beyond, not every reader of JSON has all digits. */
#define MAX_EXACT (G_GINT64_CONSTANT (1) << 53)

static gboolean add_json (GString *json, OrfOtlpBytes value, Style style, guint depth);

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
add_number (GString *text, guint64 bits, Style style)
{
  const char *quote = style == STYLE_EXACT ? "\"" : "";
  gsize before = text->len;
  double number;

  memcpy (&number, &bits, sizeof number);
  if (!isfinite (number)) {
    g_string_append_printf (text, "%s%s%s", quote,
                            isnan (number) ? "NaN"
                            : number > 0   ? "Infinity"
                                           : "-Infinity",
                            quote);
    return;
  }
  orf_encode_number (text, number);
  if (style == STYLE_EXACT && strpbrk (text->str + before, ".eE") == NULL)
    g_string_append (text, ".0");
}

static void
add_integer (GString *text, gint64 number, Style style)
{
  const char *quote = style == STYLE_EXACT && (number > MAX_EXACT || number < -MAX_EXACT) ? "\""
                                                                                          : "";

  g_string_append_printf (text, "%s%" G_GINT64_FORMAT "%s", quote, number, quote);
}

static void
add_base64 (GString *text, OrfOtlpBytes bytes)
{
  g_autofree char *encoded = g_base64_encode (bytes.data, bytes.length);

  g_string_append (text, encoded);
}

static gboolean
add_list (GString *json, OrfOtlpBytes list, Style style, guint depth)
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
    if (!add_json (json, field.bytes, style, depth + 1))
      return FALSE;
  }
  g_string_append_c (json, ']');
  return !broken;
}

/* "key":value */
static gboolean
add_entry (GString *json, OrfOtlpBytes pair, Style style, guint depth)
{
  OrfOtlpBytes key, value;

  if (!split (pair, &key, &value))
    return FALSE;
  orf_encode_comma (json);
  orf_encode_string (json, (const char *) key.data, (gssize) key.length);
  g_string_append_c (json, ':');
  return add_json (json, value, style, depth);
}

static gboolean
add_map (GString *json, OrfOtlpBytes map, Style style, guint depth)
{
  OrfOtlpField field;
  gboolean broken = FALSE;

  g_string_append_c (json, '{');
  while (orf_otlp_wire_next (&map, &field, &broken))
    if (field.number == 1 && field.type == ORF_OTLP_WIRE_BYTES &&
        !add_entry (json, field.bytes, style, depth + 1))
      return FALSE;
  g_string_append_c (json, '}');
  return !broken;
}

/* Numbers, booleans, lists, maps: the same inside a list and alone. */
static gboolean
add_plain (GString *text, const OrfOtlpField *field, Style style, guint depth)
{
  switch (field->number) {
  case BOOL_VALUE:
    g_string_append (text, field->value != 0 ? "true" : "false");
    return TRUE;
  case INT_VALUE:
    add_integer (text, (gint64) field->value, style);
    return TRUE;
  case DOUBLE_VALUE:
    add_number (text, field->value, style);
    return TRUE;
  case ARRAY_VALUE:
    return add_list (text, field->bytes, style, depth);
  case MAP_VALUE:
    return add_map (text, field->bytes, style, depth);
  default:
    return FALSE;
  }
}

static gboolean
add_json (GString *json, OrfOtlpBytes value, Style style, guint depth)
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
    return add_plain (json, &field, style, depth);
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
    return add_plain (value, &field, STYLE_LABEL, 0);
  }
}

gboolean
orf_otlp_attribute_add_json (GString *json, OrfOtlpBytes attribute)
{
  return add_entry (json, attribute, STYLE_EXACT, 0);
}
