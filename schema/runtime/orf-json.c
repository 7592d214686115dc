/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-json.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"

/* Beyond this a double no longer holds every integer. */
#define MAX_EXACT_INTEGER 9007199254740992.0

/* jansson's own bound is 2048 levels, compiled in; ours is the caller's, and is cheap to count. */
gboolean
orf_json_is_deeper (const char *text, gsize length, guint max_depth)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < length; i++) {
    char c = text[i];

    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = FALSE;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth)
        return TRUE;
    } else if ((c == ']' || c == '}') && depth > 0) {
      depth--;
    }
  }
  return FALSE;
}

json_t *
orf_json_parse (const char *text, gsize length, guint max_depth, GError **error)
{
  json_error_t json_error;
  json_t *value;

  text = length > 0 ? text : ""; /* what has no bytes may be nowhere */
  if (orf_json_is_deeper (text, length, max_depth)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR, "JSON nested deeper than %u levels",
                 max_depth);
    return NULL;
  }
  /* jansson takes a NUL byte behind a value for the end of the text */
  if (memchr (text, '\0', length) != NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR, "not JSON: a NUL byte");
    return NULL;
  }
  value = json_loadb (text, length, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
                      &json_error);
  if (value == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR, "not JSON: %s (line %d, column %d)",
                 json_error.text, json_error.line, json_error.column);
  return value;
}

gboolean
orf_json_get_integer (json_t *value, gint64 *out)
{
  double number;

  if (json_is_integer (value)) {
    *out = json_integer_value (value);
    return ABS (*out) <= (gint64) MAX_EXACT_INTEGER;
  }
  if (!json_is_real (value))
    return FALSE;
  number = json_real_value (value);
  if (!(fabs (number) <= MAX_EXACT_INTEGER) || trunc (number) != number)
    return FALSE;
  *out = (gint64) number;
  return TRUE;
}

char *
orf_json_dump (json_t *value)
{
  char *text = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
  char *copy = g_strdup (text);

  free (text);
  return copy;
}
