/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-encode.h"

#include <math.h>
#include <string.h>

#include "orf-enum.h"
#include "orf-error.h"
#include "orf-number.h"

/* A struct that holds itself would not end; results are far flatter. */
#define MAX_DEPTH 64

/* left_out: where the first error goes of elements that are left out; NULL: none may be. */
static gboolean encode_object (const OrfDesc *desc,
                               gconstpointer data,
                               guint depth,
                               GString *out,
                               GError **left_out,
                               GError **error);

void
orf_encode_integer (GString *out, gint64 value)
{
  char text[ORF_NUMBER_MAX];

  g_string_append_len (out, text, orf_number_format_integer (text, value));
}

void
orf_encode_number (GString *out, double value)
{
  char text[ORF_NUMBER_MAX];

  g_string_append_len (out, text, orf_number_format_double (text, value));
}

static void
append_escape (GString *out, guchar c)
{
  static const char hex[] = "0123456789abcdef";
  const char *letter = strchr ("\"\"\\\\\bb\ff\nn\rr\tt", c);

  g_string_append_c (out, '\\');
  if (letter != NULL && c != '\0') {
    g_string_append_c (out, letter[1]);
    return;
  }
  g_string_append (out, "u00");
  g_string_append_c (out, hex[c >> 4]);
  g_string_append_c (out, hex[c & 15]);
}

/* Whether eight bytes have one that is escaped: in a word the lowest byte below a bound, or equal
 * to a letter, borrows from its highest bit, which the byte itself must not have had. */
static gboolean
has_special (const char *text)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  guint64 word, quote, backslash;

  memcpy (&word, text, sizeof word);
  quote = word ^ ones * '"';
  backslash = word ^ ones * '\\';
  return ((((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
           ((backslash - ones) & ~backslash)) &
          ones << 7) != 0;
}

void
orf_encode_string (GString *out, const char *text, gssize length)
{
  gsize end = length < 0 ? strlen (text) : (gsize) length;
  gsize from = 0;

  g_string_append_c (out, '"');
  for (gsize i = 0; i < end; i++) {
    guchar c;

    while (end - i >= 8 && !has_special (text + i))
      i += 8;
    if (i == end)
      break;
    c = (guchar) text[i];
    if (c >= 0x20 && c != '"' && c != '\\')
      continue;
    g_string_append_len (out, text + from, (gssize) (i - from));
    append_escape (out, c);
    from = i + 1;
  }
  if (end > from) /* no text may be NULL */
    g_string_append_len (out, text + from, (gssize) (end - from));
  g_string_append_c (out, '"');
}

void
orf_encode_comma (GString *out)
{
  char last = out->str[out->len - 1];

  if (last != '{' && last != '[')
    g_string_append_c (out, ',');
}

void
orf_encode_member (GString *out, const char *name)
{
  orf_encode_comma (out);
  orf_encode_string (out, name, -1);
  g_string_append_c (out, ':');
}

/* Times of one series agree in all but their last digits: those before are written once. */
typedef struct {
  gint64 high; /* t_us / TIME_LOW; -1: none yet */
  char text[ORF_NUMBER_MAX];
  guint length;
} TimeWriter;

#define TIME_LOW 100000000

static guint
write_time (TimeWriter *writer, char *at, gint64 t_us)
{
  if (t_us < TIME_LOW)
    return orf_number_format_integer (at, t_us);
  if (t_us / TIME_LOW != writer->high) {
    writer->high = t_us / TIME_LOW;
    writer->length = orf_number_format_integer (writer->text, writer->high);
  }
  memcpy (at, writer->text, writer->length);
  orf_number_format_eight (at + writer->length, (guint32) (t_us % TIME_LOW));
  return writer->length + 8;
}

static void
encode_points (GString *out, const OrfPoint *points, gsize n_points)
{
  /* one reservation for all: "[t,v]," is at most two numbers and three signs */
  const gsize room = 2 * ORF_NUMBER_MAX + 3;
  TimeWriter writer = { .high = -1 };
  char *at;

  g_string_append_c (out, '[');
  for (gsize i = 0; i < n_points;) {
    gsize some = MIN (n_points - i, 256);
    gsize before = out->len;

    g_string_set_size (out, before + some * room);
    at = out->str + before;
    for (gsize end = i + some; i < end; i++) {
      if (i > 0)
        *at++ = ',';
      *at++ = '[';
      at += write_time (&writer, at, points[i].t_us);
      *at++ = ',';
      at += orf_number_format_double (at, points[i].value);
      *at++ = ']';
    }
    g_string_set_size (out, (gsize) (at - out->str));
  }
  g_string_append_c (out, ']');
}

static gboolean
refuse (const OrfField *field, const char *problem, GError **error)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INTERNAL, field->name, field->allowed,
                                                 "result member %s: %s", field->name, problem));
  return FALSE;
}

static gboolean
check_range (const OrfField *field, double value, GError **error)
{
  if (value < field->minimum || value > field->maximum)
    return refuse (field, "out of range", error);
  return TRUE;
}

static gboolean
encode_text (const OrfField *field, const char *text, GString *out, GError **error)
{
  /* text from outside (a device's name, a path) may be anything; JSON is UTF-8 */
  if (!g_utf8_validate (text, -1, NULL)) {
    g_autofree char *valid = g_utf8_make_valid (text, -1);

    orf_encode_string (out, valid, -1);
    return TRUE;
  }
  if (strlen (text) > field->max_length && field->kind == ORF_KIND_STRING)
    return refuse (field, "too long", error);
  orf_encode_string (out, text, -1);
  return TRUE;
}

static gboolean
encode_strings (const OrfField *field, char *const *strings, GString *out, GError **error)
{
  g_string_append_c (out, '[');
  for (guint i = 0; strings != NULL && strings[i] != NULL; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    if (!encode_text (field, strings[i], out, error))
      return FALSE;
  }
  g_string_append_c (out, ']');
  return TRUE;
}

static gboolean
encode_labels (const OrfField *field, char *const *pairs, GString *out, GError **error)
{
  g_string_append_c (out, '{');
  for (guint i = 0; pairs != NULL && pairs[i] != NULL; i += 2) {
    orf_encode_member (out, pairs[i]);
    if (!encode_text (field, pairs[i + 1], out, error))
      return FALSE;
  }
  g_string_append_c (out, '}');
  return TRUE;
}

static gboolean
encode_objects (const OrfField *field,
                const GPtrArray *objects,
                guint depth,
                GString *out,
                GError **left_out,
                GError **error)
{
  g_string_append_c (out, '[');
  for (guint i = 0; objects != NULL && i < objects->len; i++) {
    gsize before = out->len;
    g_autoptr (GError) failure = NULL;

    orf_encode_comma (out);
    if (encode_object (field->object, objects->pdata[i], depth + 1, out, left_out, &failure))
      continue;
    if (left_out == NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    g_string_truncate (out, before);
    if (*left_out == NULL)
      *left_out = g_steal_pointer (&failure);
  }
  g_string_append_c (out, ']');
  return TRUE;
}

static void
encode_values (const GArray *values, GString *out)
{
  g_string_append_c (out, '{');
  for (guint i = 0; values != NULL && i < values->len; i++) {
    const OrfNamedValue *named = &g_array_index (values, OrfNamedValue, i);

    orf_encode_member (out, named->name);
    orf_encode_number (out, named->value);
  }
  g_string_append_c (out, '}');
}

static gboolean
encode_numbers (const OrfField *field, const GArray *numbers, GString *out, GError **error)
{
  g_string_append_c (out, '[');
  for (guint i = 0; numbers != NULL && i < numbers->len; i++) {
    double value = field->kind == ORF_KIND_INTEGERS ? (double) g_array_index (numbers, gint64, i)
                                                    : g_array_index (numbers, double, i);

    if (i > 0)
      g_string_append_c (out, ',');
    if (!check_range (field, value, error))
      return FALSE;
    orf_encode_number (out, value);
  }
  g_string_append_c (out, ']');
  return TRUE;
}

/* Whether there is no value: it is then null, or left out. */
static gboolean
is_absent (const OrfField *field, gconstpointer data)
{
  gconstpointer member = (const char *) data + field->offset;

  if (field->flags & ORF_FIELD_HAS)
    return !*(const gboolean *) ((const char *) data + field->has_offset);
  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
  case ORF_KIND_INTEGER:
    return FALSE;
  case ORF_KIND_NUMBER:
    return !isfinite (*(const double *) member);
  case ORF_KIND_ENUM:
    return *(const int *) member == 0;
  case ORF_KIND_STRINGS:
  case ORF_KIND_OBJECTS:
  case ORF_KIND_INTEGERS:
  case ORF_KIND_NUMBERS:
  case ORF_KIND_LABELS:
  case ORF_KIND_VALUES:
  case ORF_KIND_POINTS:
    /* a required one that is not nullable is written empty */
    return *(const gpointer *) member == NULL &&
           (field->flags & (ORF_FIELD_REQUIRED | ORF_FIELD_NULLABLE)) != ORF_FIELD_REQUIRED;
  default:
    return *(const gpointer *) member == NULL;
  }
}

static gboolean
encode_scalar (const OrfField *field, gconstpointer member, GString *out, GError **error)
{
  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
    g_string_append (out, *(const gboolean *) member ? "true" : "false");
    return TRUE;
  case ORF_KIND_INTEGER:
    orf_encode_integer (out, *(const gint64 *) member);
    return check_range (field, (double) *(const gint64 *) member, error);
  case ORF_KIND_NUMBER:
    orf_encode_number (out, *(const double *) member);
    return check_range (field, *(const double *) member, error);
  case ORF_KIND_STRING:
    return encode_text (field, *(char *const *) member, out, error);
  default: {
    const char *text = orf_enum_to_string (field->enumeration, *(const int *) member);

    if (text == NULL)
      return refuse (field, "not one of its values", error);
    orf_encode_string (out, text, -1);
    return TRUE;
  }
  }
}

static gboolean
encode_member (const OrfField *field,
               gconstpointer member,
               guint depth,
               GString *out,
               GError **left_out,
               GError **error)
{
  switch ((OrfKind) field->kind) {
  case ORF_KIND_OBJECT:
    return encode_object (field->object, *(const gconstpointer *) member, depth + 1, out, left_out,
                          error);
  case ORF_KIND_STRINGS:
    return encode_strings (field, *(char *const *const *) member, out, error);
  case ORF_KIND_OBJECTS:
    return encode_objects (field, *(GPtrArray *const *) member, depth, out, left_out, error);
  case ORF_KIND_INTEGERS:
  case ORF_KIND_NUMBERS:
    return encode_numbers (field, *(GArray *const *) member, out, error);
  case ORF_KIND_LABELS:
    return encode_labels (field, *(char *const *const *) member, out, error);
  case ORF_KIND_VALUES:
    encode_values (*(GArray *const *) member, out);
    return TRUE;
  case ORF_KIND_POINTS: {
    const GArray *points = *(GArray *const *) member;

    encode_points (out, points != NULL ? (const OrfPoint *) (gpointer) points->data : NULL,
                   points != NULL ? points->len : 0);
    return TRUE;
  }
  case ORF_KIND_JSON:
    g_string_append (out, *(char *const *) member);
    return TRUE;
  default:
    return encode_scalar (field, member, out, error);
  }
}

static gboolean
encode_object (const OrfDesc *desc,
               gconstpointer data,
               guint depth,
               GString *out,
               GError **left_out,
               GError **error)
{
  gboolean first = TRUE;

  if (depth > MAX_DEPTH) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s is nested too deep", desc->name);
    return FALSE;
  }
  g_string_append_c (out, '{');
  for (guint i = 0; i < desc->n_fields; i++) {
    const OrfField *field = &desc->fields[i];
    gboolean absent = is_absent (field, data);

    if (absent && !(field->flags & ORF_FIELD_REQUIRED))
      continue;
    if (!first)
      g_string_append_c (out, ',');
    first = FALSE;
    g_string_append_c (out, '"');
    g_string_append (out, field->name);
    g_string_append (out, "\":");
    if (absent) {
      if (!(field->flags & ORF_FIELD_NULLABLE) && field->kind != ORF_KIND_JSON)
        return refuse (field, "has no value", error);
      g_string_append (out, "null");
    } else if (!encode_member (field, (const char *) data + field->offset, depth, out, left_out,
                               error)) {
      return FALSE;
    }
  }
  g_string_append_c (out, '}');
  return TRUE;
}

gboolean
orf_encode (const OrfDesc *desc, gconstpointer data, GString *out, GError **error)
{
  return orf_encode_sound (desc, data, out, NULL, error);
}

gboolean
orf_encode_sound (
  const OrfDesc *desc, gconstpointer data, GString *out, GError **left_out, GError **error)
{
  gsize before = out->len;

  if (encode_object (desc, data, 0, out, left_out, error))
    return TRUE;
  g_string_truncate (out, before);
  g_prefix_error (error, "%s: ", desc->name);
  return FALSE;
}
