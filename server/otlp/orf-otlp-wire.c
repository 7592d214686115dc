/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-wire.h"

#include <string.h>

#define VARINT_MAX_BYTES 10
#define TYPE_BITS        3

static gboolean
read_varint (OrfOtlpBytes *rest, guint64 *value)
{
  guint64 sum = 0;

  for (guint i = 0; i < VARINT_MAX_BYTES && i < rest->length; i++) {
    sum |= (guint64) (rest->data[i] & 0x7f) << (7 * i);
    if (rest->data[i] < 0x80) {
      *rest = (OrfOtlpBytes){ rest->data + i + 1, rest->length - i - 1 };
      *value = sum;
      return TRUE;
    }
  }
  return FALSE;
}

/* Little-endian, of 4 or 8 bytes. */
static gboolean
read_fixed (OrfOtlpBytes *rest, guint n_bytes, guint64 *value)
{
  guint64 sum = 0;

  if (rest->length < n_bytes)
    return FALSE;
  for (guint i = 0; i < n_bytes; i++)
    sum |= (guint64) rest->data[i] << (8 * i);
  *rest = (OrfOtlpBytes){ rest->data + n_bytes, rest->length - n_bytes };
  *value = sum;
  return TRUE;
}

static gboolean
read_bytes (OrfOtlpBytes *rest, OrfOtlpBytes *bytes)
{
  guint64 length;

  if (!read_varint (rest, &length) || length > rest->length)
    return FALSE;
  *bytes = (OrfOtlpBytes){ rest->data, (gsize) length };
  *rest = (OrfOtlpBytes){ rest->data + length, rest->length - (gsize) length };
  return TRUE;
}

static gboolean
read_value (OrfOtlpBytes *rest, OrfOtlpField *field)
{
  switch (field->type) {
  case ORF_OTLP_WIRE_VARINT:
    return read_varint (rest, &field->value);
  case ORF_OTLP_WIRE_FIXED64:
    return read_fixed (rest, 8, &field->value);
  case ORF_OTLP_WIRE_FIXED32:
    return read_fixed (rest, 4, &field->value);
  case ORF_OTLP_WIRE_BYTES:
    return read_bytes (rest, &field->bytes);
  }
  return FALSE;
}

gboolean
orf_otlp_wire_next (OrfOtlpBytes *rest, OrfOtlpField *field, gboolean *broken)
{
  guint64 tag;

  if (rest->length == 0)
    return FALSE;
  if (read_varint (rest, &tag) && tag >> TYPE_BITS > 0 && tag >> TYPE_BITS <= G_MAXUINT) {
    field->number = (guint) (tag >> TYPE_BITS);
    field->type = (OrfOtlpWireType) (tag & ((1 << TYPE_BITS) - 1));
    if (read_value (rest, field))
      return TRUE;
  }
  *broken = TRUE;
  return FALSE;
}

static void
add_plain (GString *to, guint64 value)
{
  for (; value >= 0x80; value >>= 7)
    g_string_append_c (to, (char) (value | 0x80));
  g_string_append_c (to, (char) value);
}

static void
add_tag (GString *to, guint number, OrfOtlpWireType type)
{
  add_plain (to, (guint64) number << TYPE_BITS | type);
}

void
orf_otlp_wire_add_varint (GString *to, guint number, guint64 value)
{
  add_tag (to, number, ORF_OTLP_WIRE_VARINT);
  add_plain (to, value);
}

void
orf_otlp_wire_add_fixed64 (GString *to, guint number, guint64 value)
{
  add_tag (to, number, ORF_OTLP_WIRE_FIXED64);
  for (guint i = 0; i < 8; i++)
    g_string_append_c (to, (char) (value >> (8 * i)));
}

void
orf_otlp_wire_add_bytes (GString *to, guint number, const void *data, gsize length)
{
  add_tag (to, number, ORF_OTLP_WIRE_BYTES);
  add_plain (to, length);
  g_string_append_len (to, data, (gssize) length);
}
