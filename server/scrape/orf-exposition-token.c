/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-exposition-token.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Integers and powers of ten up to these are exact as doubles, and so is what one division or
 * product makes of them, rounded once as strtod() does. */
#define MAX_EXACT_INTEGER (G_GUINT64_CONSTANT (1) << 53)
#define MAX_EXACT_POWER   22
/* So many digits never overflow 64 bits. */
#define MAX_DIGITS 19

static const double powers[MAX_EXACT_POWER + 1] = {
  1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static gboolean
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

gboolean
orf_exposition_skip_blanks (OrfExpositionCursor *cursor)
{
  const char *from = cursor->at;

  while (cursor->at < cursor->end && is_blank (*cursor->at))
    cursor->at++;
  return cursor->at > from;
}

static gboolean
is_name_char (char c, gboolean colons)
{
  return g_ascii_isalnum (c) || c == '_' || (colons && c == ':');
}

gboolean
orf_exposition_take_name (OrfExpositionCursor *cursor, gboolean colons, OrfExpositionSlice *name)
{
  const char *from = cursor->at, *at = from;

  if (at < cursor->end && is_digit (*at))
    return FALSE;
  while (at < cursor->end && is_name_char (*at, colons))
    at++;
  if (at == from)
    return FALSE;
  *name = (OrfExpositionSlice){ from, (gsize) (at - from) };
  cursor->at = at;
  return TRUE;
}

gboolean
orf_exposition_take_word (OrfExpositionCursor *cursor, OrfExpositionSlice *word)
{
  const char *from = cursor->at;

  while (cursor->at < cursor->end && !is_blank (*cursor->at))
    cursor->at++;
  *word = (OrfExpositionSlice){ from, (gsize) (cursor->at - from) };
  return word->length > 0;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* A number's digits, its point left out: mantissa × 10^exponent. */
typedef struct {
  guint64 mantissa;
  gint64 exponent;
  guint n_digits; /* of mantissa, without zeros before */
  gboolean any, cut;
} Decimal;

static const char *
take_digits (const char *at, const char *end, gboolean fraction, Decimal *decimal)
{
  for (; at < end && is_digit (*at); at++) {
    decimal->any = TRUE;
    if (decimal->n_digits >= MAX_DIGITS) {
      decimal->cut = TRUE;
      continue;
    }
    decimal->mantissa = decimal->mantissa * 10 + (guint64) (*at - '0');
    decimal->n_digits += decimal->mantissa != 0;
    decimal->exponent -= fraction;
  }
  return at;
}

/* e[+-]digits; NULL: there is an e, and no number after it. */
static const char *
take_exponent (const char *at, const char *end, Decimal *decimal)
{
  gint64 exponent = 0;
  gboolean negative;
  const char *digits;

  if (at == end || (*at != 'e' && *at != 'E'))
    return at;
  at++;
  negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  for (digits = at; at < end && is_digit (*at); at++)
    exponent = MIN (exponent * 10 + (*at - '0'), 100000); /* beyond any double */
  decimal->exponent += negative ? -exponent : exponent;
  return at > digits ? at : NULL;
}

static gboolean
make_double (const Decimal *decimal, const char *text, double *value)
{
  gint64 power = decimal->exponent;

  if (decimal->cut || decimal->mantissa > MAX_EXACT_INTEGER || power < -MAX_EXACT_POWER ||
      power > MAX_EXACT_POWER) {
    *value = g_ascii_strtod (text, NULL); /* beyond the largest it is infinite */
    return TRUE;
  }
  *value = power < 0 ? (double) decimal->mantissa / powers[-power]
                     : (double) decimal->mantissa * powers[power];
  return TRUE;
}

/* Of one word, from text on, without its sign. */
static gboolean
parse_decimal (const char *text, const char *end, double *value)
{
  Decimal decimal = { 0 };
  const char *at = take_digits (text, end, FALSE, &decimal);

  if (at < end && *at == '.')
    at = take_digits (at + 1, end, TRUE, &decimal);
  if (!decimal.any)
    return FALSE;
  at = take_exponent (at, end, &decimal);
  return at == end && make_double (&decimal, text, value);
}

static gboolean
is_word (const char *text, const char *end, const char *word)
{
  return (gsize) (end - text) == strlen (word) &&
         g_ascii_strncasecmp (text, word, strlen (word)) == 0;
}

gboolean
orf_exposition_take_number (OrfExpositionCursor *cursor, double *value)
{
  OrfExpositionCursor next = *cursor;
  OrfExpositionSlice word;
  const char *text, *end;
  gboolean negative;

  if (!orf_exposition_take_word (&next, &word))
    return FALSE;
  end = word.start + word.length;
  negative = *word.start == '-';
  text = word.start + (negative || *word.start == '+');
  if (is_word (text, end, "inf") || is_word (text, end, "infinity"))
    *value = INFINITY;
  else if (is_word (text, end, "nan"))
    *value = NAN;
  else if (!parse_decimal (text, end, value))
    return FALSE;
  if (negative)
    *value = -*value;
  *cursor = next;
  return TRUE;
}

gboolean
orf_exposition_take_integer (OrfExpositionCursor *cursor, gint64 *value)
{
  OrfExpositionCursor next = *cursor;
  OrfExpositionSlice word;
  gint64 number;
  char *end;

  if (!orf_exposition_take_word (&next, &word))
    return FALSE;
  errno = 0;
  number = g_ascii_strtoll (word.start, &end, 10);
  if (errno != 0 || end != word.start + word.length)
    return FALSE;
  *value = number;
  *cursor = next;
  return TRUE;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* From after the first quote to after the last. */
static gboolean
take_quoted (OrfExpositionCursor *cursor, OrfExpositionSlice *value)
{
  const char *from = cursor->at;

  for (const char *at = from; at < cursor->end; at++) {
    if (*at == '"') {
      *value = (OrfExpositionSlice){ from, (gsize) (at - from) };
      cursor->at = at + 1;
      return TRUE;
    }
    if (*at == '\\')
      at++;
  }
  cursor->at = cursor->end;
  return FALSE;
}

static gboolean
take_char (OrfExpositionCursor *cursor, char c)
{
  orf_exposition_skip_blanks (cursor);
  if (cursor->at == cursor->end || *cursor->at != c)
    return FALSE;
  cursor->at++;
  return TRUE;
}

static gboolean
take_label (OrfExpositionCursor *cursor,
            OrfExpositionSlice *name,
            OrfExpositionSlice *value,
            const char **wanted)
{
  orf_exposition_skip_blanks (cursor);
  *wanted = "a label's name";
  if (!orf_exposition_take_name (cursor, FALSE, name))
    return FALSE;
  *wanted = "\"=\"";
  if (!take_char (cursor, '='))
    return FALSE;
  *wanted = "a label's value in quotes";
  return take_char (cursor, '"') && take_quoted (cursor, value);
}

gboolean
orf_exposition_take_labels (OrfExpositionCursor *cursor,
                            OrfExpositionSlice *labels,
                            const char **wanted)
{
  OrfExpositionSlice name, value;
  const char *from;
  gboolean more = TRUE;

  *wanted = "\"{\"";
  if (!take_char (cursor, '{'))
    return FALSE;
  from = cursor->at;
  /* a comma may end the last label, too */
  while (!take_char (cursor, '}')) {
    *wanted = "\",\" or \"}\"";
    if (!more || !take_label (cursor, &name, &value, wanted))
      return FALSE;
    more = take_char (cursor, ',');
  }
  *labels = (OrfExpositionSlice){ from, (gsize) (cursor->at - 1 - from) };
  return TRUE;
}

gboolean
orf_exposition_next_label (OrfExpositionCursor *labels,
                           OrfExpositionSlice *name,
                           OrfExpositionSlice *value)
{
  const char *wanted;

  if (!take_label (labels, name, value, &wanted))
    return FALSE;
  take_char (labels, ',');
  return TRUE;
}

char *
orf_exposition_unescape (OrfExpositionSlice text, gboolean quotes)
{
  char *plain = g_malloc (text.length + 1), *to = plain;

  for (gsize i = 0; i < text.length; i++) {
    char next = text.start[i] == '\\' && i + 1 < text.length ? text.start[i + 1] : '\0';

    if (next == 'n')
      *to++ = '\n';
    else if (next == '\\' || (next == '"' && quotes))
      *to++ = next;
    else {
      *to++ = text.start[i];
      continue;
    }
    i++;
  }
  *to = '\0';
  return plain;
}
