/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-call-detail.h"

#include <math.h>
#include <string.h>

/* A row is for people to read: who did what to what, not a second copy of the data. */
#define MAX_DETAIL_BYTES 4096
#define MAX_STRING_BYTES 256
#define MAX_ITEMS        20
#define MAX_DEPTH        5
#define MAX_EXACT        9007199254740992.0 /* 2^53 */

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

static json_t *
cut_string (json_t *value)
{
  const char *text = json_string_value (value);
  const char *end = text + MAX_STRING_BYTES;
  g_autofree char *cut = NULL;

  if (json_string_length (value) <= MAX_STRING_BYTES)
    return json_incref (value);
  while ((*end & 0xc0) == 0x80) /* not within a character */
    end--;
  cut = g_strdup_printf ("%.*s%s", (int) (end - text), text, ellipsis);
  return json_string (cut);
}

/* The parser makes reals of all numbers. */
static json_t *
copy_number (double value)
{
  if (fabs (value) <= MAX_EXACT && value == floor (value))
    return json_integer ((json_int_t) value);
  return json_real (value);
}

static json_t *copy_bounded (json_t *value, guint depth);

static json_t *
copy_array (json_t *value, guint depth)
{
  json_t *copy = json_array ();
  gsize length = json_array_size (value);

  for (gsize i = 0; i < MIN (length, MAX_ITEMS); i++)
    json_array_append_new (copy, copy_bounded (json_array_get (value, i), depth));
  if (length > MAX_ITEMS)
    json_array_append_new (copy,
                           json_sprintf ("%s %u more", ellipsis, (guint) (length - MAX_ITEMS)));
  return copy;
}

static json_t *
copy_object (json_t *value, guint depth)
{
  json_t *copy = json_object ();
  const char *name;
  json_t *member;

  json_object_foreach (value, name, member)
  {
    if (json_object_size (copy) >= MAX_ITEMS) {
      json_object_set_new (copy, ellipsis,
                           json_integer ((json_int_t) (json_object_size (value) - MAX_ITEMS)));
      break;
    }
    json_object_set_new (copy, name,
                         is_secret (name) ? json_string ("***") : copy_bounded (member, depth));
  }
  return copy;
}

static json_t *
copy_bounded (json_t *value, guint depth)
{
  switch (json_typeof (value)) {
  case JSON_STRING:
    return cut_string (value);
  case JSON_ARRAY:
    return depth == 0 ? json_string (ellipsis) : copy_array (value, depth - 1);
  case JSON_OBJECT:
    return depth == 0 ? json_string (ellipsis) : copy_object (value, depth - 1);
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
  g_autoptr (json_t) copy = params != NULL ? copy_bounded (params, MAX_DEPTH) : json_object ();
  g_autofree char *text = orf_json_dump (copy);

  if (text != NULL && strlen (text) <= MAX_DETAIL_BYTES)
    return g_steal_pointer (&text);
  return g_strdup_printf ("{\"%s\":%u}", ellipsis, text != NULL ? (guint) strlen (text) : 0);
}
