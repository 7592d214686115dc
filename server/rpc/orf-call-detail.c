/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-call-detail.h"

#include <math.h>
#include <string.h>

/* A row is for people to read: who did what to what, not a second copy of the data. */
#define MAX_DETAIL_BYTES 4096
#define MAX_DEPTH        5
#define MAX_EXACT        9007199254740992.0 /* 2^53 */

typedef struct {
  gsize string_bytes, items; /* of one */
} Bounds;

/* The first with which it is short enough: who writes much says less of each, and nobody nothing.
 */
static const Bounds bounds_to_try[] = { { 256, 20 }, { 64, 20 }, { 24, 12 }, { 12, 6 }, { 8, 3 } };

static const char ellipsis[] = "\342\200\246"; /* … */

/* By its name alone: no method of ours takes a secret, and one that would is kept out even where
 * its author did not think of it. */
static gboolean
is_secret (const char *name)
{
  static const char *const words[] = { "token",         "secret", "password",   "passwd",
                                       "authorization", "cookie", "credential", "api_key" };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* NULL: it is short enough. */
static char *
cut (const char *text, const Bounds *bounds)
{
  const char *end = text + bounds->string_bytes;

  if (strlen (text) <= bounds->string_bytes)
    return NULL;
  while ((*end & 0xc0) == 0x80) /* not within a character */
    end--;
  return g_strdup_printf ("%.*s%s", (int) (end - text), text, ellipsis);
}

static json_t *
cut_string (json_t *value, const Bounds *bounds)
{
  g_autofree char *text = cut (json_string_value (value), bounds);

  return text != NULL ? json_string (text) : json_incref (value);
}

/* The parser makes reals of all numbers. */
static json_t *
copy_number (double value)
{
  if (fabs (value) <= MAX_EXACT && value == floor (value))
    return json_integer ((json_int_t) value);
  return json_real (value);
}

static json_t *copy_bounded (json_t *value, guint depth, const Bounds *bounds);

static json_t *
copy_array (json_t *value, guint depth, const Bounds *bounds)
{
  json_t *copy = json_array ();
  gsize length = json_array_size (value);

  for (gsize i = 0; i < MIN (length, bounds->items); i++)
    json_array_append_new (copy, copy_bounded (json_array_get (value, i), depth, bounds));
  if (length > bounds->items)
    json_array_append_new (copy,
                           json_sprintf ("%s %u more", ellipsis, (guint) (length - bounds->items)));
  return copy;
}

static json_t *
copy_object (json_t *value, guint depth, const Bounds *bounds)
{
  json_t *copy = json_object ();
  const char *name;
  json_t *member;

  json_object_foreach (value, name, member)
  {
    g_autofree char *shown = cut (name, bounds);

    if (json_object_size (copy) >= bounds->items) {
      json_object_set_new (copy, ellipsis,
                           json_integer ((json_int_t) (json_object_size (value) - bounds->items)));
      break;
    }
    json_object_set_new (copy, shown != NULL ? shown : name,
                         is_secret (name) ? json_string ("***")
                                          : copy_bounded (member, depth, bounds));
  }
  return copy;
}

static json_t *
copy_bounded (json_t *value, guint depth, const Bounds *bounds)
{
  switch (json_typeof (value)) {
  case JSON_STRING:
    return cut_string (value, bounds);
  case JSON_ARRAY:
    return depth == 0 ? json_string (ellipsis) : copy_array (value, depth - 1, bounds);
  case JSON_OBJECT:
    return depth == 0 ? json_string (ellipsis) : copy_object (value, depth - 1, bounds);
  case JSON_REAL:
    return copy_number (json_real_value (value));
  case JSON_INTEGER:
  case JSON_TRUE:
  case JSON_FALSE:
  case JSON_NULL:
  default:
    return json_incref (value);
  }
}

char *
orf_call_detail_new (json_t *params)
{
  gsize length = 0;

  if (params == NULL)
    return g_strdup ("{}");
  for (guint i = 0; i < G_N_ELEMENTS (bounds_to_try); i++) {
    g_autoptr (json_t) copy = copy_bounded (params, MAX_DEPTH, &bounds_to_try[i]);
    g_autofree char *text = orf_json_dump (copy);

    if (text != NULL && strlen (text) <= MAX_DETAIL_BYTES)
      return g_steal_pointer (&text);
    length = text != NULL ? strlen (text) : 0;
  }
  return g_strdup_printf ("{\"%s\":%u}", ellipsis, (guint) length);
}
