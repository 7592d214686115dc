/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-otlp-write.h"

#include <string.h>

#define MAX_KEY_BYTES  255
#define MAX_TEXT_BYTES 16384

typedef enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 } WireType;

/* Of common.proto. */
enum { KEY = 1, VALUE = 2 };
enum { STRING_VALUE = 1, BOOL_VALUE = 2, INT_VALUE = 3, DOUBLE_VALUE = 4 };

/* ---- text ------------------------------------------------------------------------------------ */

/* How many bytes the character has that begins there, of at most left; 0: it is none. */
static size_t
measure_character (const uint8_t *at, size_t left)
{
  size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

  if (length == 0 || length > left || at[0] > 0xf4)
    return 0;
  for (size_t i = 1; i < length; i++)
    if ((at[i] & 0xc0) != 0x80)
      return 0;
  /* overlong, surrogates, beyond U+10FFFF */
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
      (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
    return 0;
  return length;
}

size_t
orf_otlp_measure_text (const char *text, size_t max)
{
  size_t length = strnlen (text, max);

  if (length == max && ((uint8_t) text[length] & 0xc0) == 0x80)
    while (length > 0 && ((uint8_t) text[length] & 0xc0) == 0x80)
      length--;
  return length;
}

static void
copy_text (uint8_t *to, const char *text, size_t length)
{
  const uint8_t *from = (const uint8_t *) text;
  size_t i = 0;

  memcpy (to, text, length);
  for (uint64_t word; i + sizeof word <= length; i += sizeof word) {
    memcpy (&word, from + i, sizeof word);
    if ((word & UINT64_C (0x8080808080808080)) != 0)
      break;
  }
  while (i < length) {
    size_t character = measure_character (from + i, length - i);

    if (character == 0)
      to[i] = '?';
    i += character > 0 ? character : 1;
  }
}

/* ---- the wire -------------------------------------------------------------------------------- */

size_t
orf_otlp_measure_varint (uint64_t value)
{
  size_t length = 1;

  while (value >= 0x80) {
    value >>= 7;
    length++;
  }
  return length;
}

size_t
orf_otlp_measure_field (size_t length)
{
  return 1 + orf_otlp_measure_varint (length) + length;
}

uint8_t *
orf_otlp_put_varint (uint8_t *at, uint64_t value)
{
  while (value >= 0x80) {
    *at++ = (uint8_t) (value | 0x80);
    value >>= 7;
  }
  *at++ = (uint8_t) value;
  return at;
}

static uint8_t *
put_tag (uint8_t *at, unsigned field, WireType type)
{
  return orf_otlp_put_varint (at, field << 3 | type);
}

uint8_t *
orf_otlp_put_head (uint8_t *at, unsigned field, size_t length)
{
  return orf_otlp_put_varint (put_tag (at, field, BYTES), length);
}

uint8_t *
orf_otlp_put_bytes (uint8_t *at, unsigned field, const void *bytes, size_t length)
{
  at = orf_otlp_put_head (at, field, length);
  memcpy (at, bytes, length);
  return at + length;
}

uint8_t *
orf_otlp_put_text (uint8_t *at, unsigned field, const char *text, size_t length)
{
  at = orf_otlp_put_head (at, field, length);
  copy_text (at, text, length);
  return at + length;
}

uint8_t *
orf_otlp_put_number (uint8_t *at, unsigned field, uint64_t value)
{
  return orf_otlp_put_varint (put_tag (at, field, VARINT), value);
}

/* Little-endian, whatever the machine is. */
static uint8_t *
put_fixed (uint8_t *at, uint64_t value, size_t n_bytes)
{
  for (size_t i = 0; i < n_bytes; i++)
    *at++ = (uint8_t) (value >> (8 * i));
  return at;
}

uint8_t *
orf_otlp_put_fixed64 (uint8_t *at, unsigned field, uint64_t value)
{
  return put_fixed (put_tag (at, field, FIXED64), value, 8);
}

uint8_t *
orf_otlp_put_fixed32 (uint8_t *at, unsigned field, uint32_t value)
{
  return put_fixed (put_tag (at, field, FIXED32), value, 4);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* The AnyValue alone; 0: of a type that there is not, which is sent as no value. */
static size_t
measure_value (OrfOtlpPair *pair)
{
  const OrfAttribute *attribute = pair->attribute;

  switch (attribute->type) {
  case ORF_ATTRIBUTE_TEXT:
    if (attribute->value.text != NULL)
      pair->text_bytes = orf_otlp_measure_text (attribute->value.text, MAX_TEXT_BYTES);
    return orf_otlp_measure_field (pair->text_bytes);
  case ORF_ATTRIBUTE_INT:
    return 1 + orf_otlp_measure_varint ((uint64_t) attribute->value.integer);
  case ORF_ATTRIBUTE_DOUBLE:
    return 1 + sizeof (double);
  case ORF_ATTRIBUTE_BOOL:
    return 2;
  }
  return 0;
}

static uint8_t *
put_value (uint8_t *at, const OrfOtlpPair *pair)
{
  const OrfAttribute *attribute = pair->attribute;
  uint64_t bits;

  switch (attribute->type) {
  case ORF_ATTRIBUTE_TEXT:
    return orf_otlp_put_text (at, STRING_VALUE,
                              attribute->value.text != NULL ? attribute->value.text : "",
                              pair->text_bytes);
  case ORF_ATTRIBUTE_INT:
    return orf_otlp_put_number (at, INT_VALUE, (uint64_t) attribute->value.integer);
  case ORF_ATTRIBUTE_DOUBLE:
    memcpy (&bits, &attribute->value.real, sizeof bits);
    return orf_otlp_put_fixed64 (at, DOUBLE_VALUE, bits);
  case ORF_ATTRIBUTE_BOOL:
    return orf_otlp_put_number (at, BOOL_VALUE, attribute->value.truth);
  }
  return at;
}

size_t
orf_otlp_measure_attribute (const OrfAttribute *attribute, OrfOtlpPair *pair)
{
  *pair = (OrfOtlpPair){ .attribute = attribute };
  pair->key_bytes = orf_otlp_measure_text (attribute->key, MAX_KEY_BYTES);
  pair->value_bytes = measure_value (pair);
  pair->bytes = orf_otlp_measure_field (pair->key_bytes) +
                orf_otlp_measure_field (pair->value_bytes);
  return orf_otlp_measure_field (pair->bytes);
}

uint8_t *
orf_otlp_put_attribute (uint8_t *at, unsigned field, const OrfOtlpPair *pair)
{
  at = orf_otlp_put_head (at, field, pair->bytes);
  at = orf_otlp_put_text (at, KEY, pair->attribute->key, pair->key_bytes);
  return put_value (orf_otlp_put_head (at, VALUE, pair->value_bytes), pair);
}

size_t
orf_otlp_measure_attributes (const OrfAttribute *attributes, size_t n_attributes)
{
  size_t length = 0;
  OrfOtlpPair pair;

  for (size_t i = 0; i < n_attributes; i++)
    length += orf_otlp_measure_attribute (&attributes[i], &pair);
  return length;
}

uint8_t *
orf_otlp_put_attributes (uint8_t *at,
                         unsigned field,
                         const OrfAttribute *attributes,
                         size_t n_attributes)
{
  OrfOtlpPair pair;

  for (size_t i = 0; i < n_attributes; i++) {
    orf_otlp_measure_attribute (&attributes[i], &pair);
    at = orf_otlp_put_attribute (at, field, &pair);
  }
  return at;
}
