/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: what is taken here jansson takes too, and reads the same; where in doubt, it is not
 * plain.
 */
#include "orf-decode-plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sum of as many digits is exact in a double, and so is each of these powers; their product or
 * quotient is then rounded once. */
#define MAX_EXACT_DIGITS  15
#define MAX_EXACT_POWER   22
#define MAX_NUMBER_BYTES  64
#define MAX_EXACT_INTEGER 9007199254740992.0

/* Of one object, and of one label set: what is given twice is told by a bit, or by sorting. */
#define MAX_FIELDS 64

typedef struct {
  const char *at, *end;
} Cursor;

typedef struct {
  const char *text;
  gsize length;
} Slice;

static gboolean decode_into (Cursor *cursor, const OrfDesc *desc, gpointer data);

/* ---- tokens ---------------------------------------------------------------------------------- */

static void
skip_space (Cursor *cursor)
{
  while (cursor->at < cursor->end &&
         (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\r' || *cursor->at == '\t'))
    cursor->at++;
}

/* Also the space around it. */
static gboolean
take (Cursor *cursor, char c)
{
  skip_space (cursor);
  if (cursor->at == cursor->end || *cursor->at != c)
    return FALSE;
  cursor->at++;
  skip_space (cursor);
  return TRUE;
}

static gboolean
take_string (Cursor *cursor, Slice *slice)
{
  const char *from;

  skip_space (cursor);
  if (cursor->at == cursor->end || *cursor->at != '"')
    return FALSE;
  from = ++cursor->at;
  while (cursor->at < cursor->end && *cursor->at != '"') {
    if ((guchar) *cursor->at < 0x20 || *cursor->at == '\\')
      return FALSE;
    cursor->at++;
  }
  if (cursor->at == cursor->end)
    return FALSE;
  *slice = (Slice){ from, (gsize) (cursor->at - from) };
  cursor->at++;
  return TRUE;
}

static gboolean
is_digit (const Cursor *cursor)
{
  return cursor->at < cursor->end && g_ascii_isdigit (*cursor->at);
}

static gboolean
skip_digits (Cursor *cursor)
{
  if (!is_digit (cursor))
    return FALSE;
  while (is_digit (cursor))
    cursor->at++;
  return TRUE;
}

/* Over a number by JSON's grammar.  *exponent: it has one. */
static gboolean
skip_number (Cursor *cursor, gboolean *exponent)
{
  *exponent = FALSE;
  if (cursor->at < cursor->end && *cursor->at == '-')
    cursor->at++;
  if (is_digit (cursor) && *cursor->at == '0')
    cursor->at++;
  else if (!skip_digits (cursor))
    return FALSE;
  if (cursor->at < cursor->end && *cursor->at == '.') {
    cursor->at++;
    if (!skip_digits (cursor))
      return FALSE;
  }
  if (cursor->at < cursor->end && (*cursor->at == 'e' || *cursor->at == 'E')) {
    *exponent = TRUE;
    cursor->at++;
    if (cursor->at < cursor->end && (*cursor->at == '+' || *cursor->at == '-'))
      cursor->at++;
    return skip_digits (cursor);
  }
  return TRUE;
}

/* FALSE: it has too many digits to be read exactly this way. */
static gboolean
read_short (const char *text, gsize length, double *number)
{
  static const double powers[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
  gboolean negative = text[0] == '-';
  guint n_digits = 0, n_decimals = 0;
  gboolean after_point = FALSE;
  gint64 sum = 0;

  for (gsize i = negative; i < length; i++) {
    if (text[i] == '.') {
      after_point = TRUE;
      continue;
    }
    sum = sum * 10 + (text[i] - '0');
    n_decimals += after_point;
    if (++n_digits > MAX_EXACT_DIGITS)
      return FALSE;
  }
  *number = (double) sum / powers[n_decimals];
  if (negative)
    *number = -*number;
  return TRUE;
}

static gboolean
take_number (Cursor *cursor, double *number)
{
  const char *from;
  char copy[MAX_NUMBER_BYTES];
  gboolean exponent;
  gsize length;

  skip_space (cursor);
  from = cursor->at;
  if (!skip_number (cursor, &exponent))
    return FALSE;
  length = (gsize) (cursor->at - from);
  if (!exponent && read_short (from, length, number))
    return TRUE;
  if (length >= sizeof copy)
    return FALSE;
  memcpy (copy, from, length);
  copy[length] = '\0';
  *number = g_ascii_strtod (copy, NULL);
  return isfinite (*number);
}

/* ---- members --------------------------------------------------------------------------------- */

static gboolean
decode_integer (Cursor *cursor, const OrfField *field, gint64 *out)
{
  double number;

  if (!take_number (cursor, &number) || fabs (number) > MAX_EXACT_INTEGER ||
      trunc (number) != number || number < field->minimum || number > field->maximum)
    return FALSE;
  *out = (gint64) number;
  return TRUE;
}

static gboolean
decode_number (Cursor *cursor, const OrfField *field, double *out)
{
  double number;

  if (!take_number (cursor, &number) || number < field->minimum || number > field->maximum)
    return FALSE;
  *out = number;
  return TRUE;
}

static gboolean
decode_boolean (Cursor *cursor, gboolean *out)
{
  gsize room;

  skip_space (cursor);
  room = (gsize) (cursor->end - cursor->at);
  if (room >= 4 && memcmp (cursor->at, "true", 4) == 0) {
    cursor->at += 4;
    *out = TRUE;
    return TRUE;
  }
  if (room < 5 || memcmp (cursor->at, "false", 5) != 0)
    return FALSE;
  cursor->at += 5;
  *out = FALSE;
  return TRUE;
}

static gboolean
decode_string (Cursor *cursor, guint min, guint max, char **out)
{
  Slice slice;

  if (!take_string (cursor, &slice) || slice.length < min || slice.length > max)
    return FALSE;
  g_free (*out); /* a default stands there until now */
  *out = g_strndup (slice.text, slice.length);
  return TRUE;
}

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Sorted; FALSE: a key is there twice. */
static gboolean
sort_labels (char **pairs, guint n)
{
  gboolean sorted = TRUE;

  for (guint i = 1; i < n && sorted; i++)
    sorted = strcmp (pairs[2 * i - 2], pairs[2 * i]) < 0;
  if (sorted)
    return TRUE;
  qsort (pairs, n, 2 * sizeof (char *), compare_pairs);
  for (guint i = 1; i < n; i++)
    if (strcmp (pairs[2 * i - 2], pairs[2 * i]) == 0)
      return FALSE;
  return TRUE;
}

static gboolean
take_pair (Cursor *cursor, const OrfField *field, char **pair)
{
  Slice key;

  if (!take_string (cursor, &key) || !take (cursor, ':') ||
      !decode_string (cursor, field->min_item_length, field->max_item_length, &pair[1]))
    return FALSE;
  pair[0] = g_strndup (key.text, key.length);
  return TRUE;
}

static gboolean
decode_labels (Cursor *cursor, const OrfField *field, char ***out)
{
  char *pairs[2 * MAX_FIELDS] = { NULL };
  guint n = 0;
  gboolean good = take (cursor, '{');

  if (good && !take (cursor, '}')) {
    do {
      good = n < MAX_FIELDS && take_pair (cursor, field, &pairs[2 * n]);
      n += good;
    } while (good && take (cursor, ','));
    good = good && take (cursor, '}');
  }
  good = good && n >= field->min_length && n <= field->max_length && sort_labels (pairs, n);
  if (good) {
    *out = g_new0 (char *, 2 * n + 1);
    memcpy (*out, pairs, 2 * n * sizeof (char *));
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_free (pairs[i]);
  return FALSE;
}

static gboolean
decode_objects (Cursor *cursor, const OrfField *field, GPtrArray **out)
{
  if (!take (cursor, '['))
    return FALSE;
  /* goes to its member at once: freed with the struct when an item is wrong */
  *out = g_ptr_array_new ();
  if (take (cursor, ']'))
    return field->min_length == 0;
  do {
    gpointer item = orf_struct_new (field->object);

    g_ptr_array_add (*out, item);
    if ((*out)->len > field->max_length || !decode_into (cursor, field->object, item))
      return FALSE;
  } while (take (cursor, ','));
  return take (cursor, ']') && (*out)->len >= field->min_length;
}

static gboolean
decode_member (Cursor *cursor, const OrfField *field, gpointer member)
{
  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
    return decode_boolean (cursor, member);
  case ORF_KIND_INTEGER:
    return decode_integer (cursor, field, member);
  case ORF_KIND_NUMBER:
    return decode_number (cursor, field, member);
  case ORF_KIND_STRING:
    return decode_string (cursor, field->min_length, field->max_length, member);
  case ORF_KIND_LABELS:
    return decode_labels (cursor, field, member);
  case ORF_KIND_OBJECT:
    *(gpointer *) member = orf_struct_new (field->object);
    return decode_into (cursor, field->object, *(gpointer *) member);
  case ORF_KIND_OBJECTS:
    return decode_objects (cursor, field, member);
  default:
    return FALSE;
  }
}

/* ---- objects --------------------------------------------------------------------------------- */

static guint
find_field (const OrfDesc *desc, const Slice *key)
{
  guint i = 0;

  while (i < desc->n_fields && (strncmp (desc->fields[i].name, key->text, key->length) != 0 ||
                                desc->fields[i].name[key->length] != '\0'))
    i++;
  return i;
}

static gboolean
take_member (Cursor *cursor, const OrfDesc *desc, gpointer data, guint64 *seen)
{
  const OrfField *field;
  Slice key;
  guint index;

  if (!take_string (cursor, &key) || !take (cursor, ':'))
    return FALSE;
  index = find_field (desc, &key);
  if (index >= MIN (desc->n_fields, MAX_FIELDS) || *seen & G_GUINT64_CONSTANT (1) << index)
    return FALSE;
  *seen |= G_GUINT64_CONSTANT (1) << index;
  field = &desc->fields[index];
  if (!decode_member (cursor, field, (char *) data + field->offset))
    return FALSE;
  if (field->flags & ORF_FIELD_HAS)
    *(gboolean *) ((char *) data + field->has_offset) = TRUE;
  return TRUE;
}

static gboolean
has_required (const OrfDesc *desc, guint64 seen)
{
  for (guint i = 0; i < desc->n_fields; i++)
    if (desc->fields[i].flags & ORF_FIELD_REQUIRED &&
        (i >= MAX_FIELDS || !(seen & G_GUINT64_CONSTANT (1) << i)))
      return FALSE;
  return TRUE;
}

static gboolean
decode_into (Cursor *cursor, const OrfDesc *desc, gpointer data)
{
  guint64 seen = 0;

  if (!take (cursor, '{'))
    return FALSE;
  if (!take (cursor, '}')) {
    do {
      if (!take_member (cursor, desc, data, &seen))
        return FALSE;
    } while (take (cursor, ','));
    if (!take (cursor, '}'))
      return FALSE;
  }
  return has_required (desc, seen);
}

gpointer
orf_decode_plain (const OrfDesc *desc, const char *text, gsize length)
{
  Cursor cursor = { text, text + length };
  gpointer data;

  if (!g_utf8_validate_len (text, length, NULL))
    return NULL;
  data = orf_struct_new (desc);
  if (decode_into (&cursor, desc, data) && cursor.at == cursor.end)
    return data;
  orf_struct_free (desc, data);
  return NULL;
}
