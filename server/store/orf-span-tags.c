/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-span-tags.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static gboolean
is_equal (const json_t *value, const char *text)
{
  char *written;
  gboolean equal;

  if (json_is_string (value))
    return strcmp (json_string_value (value), text) == 0;
  written = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT);
  equal = written != NULL && strcmp (written, text) == 0;
  free (written);
  return equal;
}

/* What the text is wrong with matches nothing. */
static json_t *
parse (const char *json)
{
  return json != NULL ? json_loads (json, JSON_ALLOW_NUL, NULL) : NULL;
}

gboolean
orf_span_tags_match (const char *const *tags,
                     const char *attributes_json,
                     const char *resource_json)
{
  json_t *attributes = parse (attributes_json), *resource = NULL;
  gboolean match = TRUE;

  for (guint i = 0; match && tags != NULL && tags[i] != NULL; i += 2) {
    const json_t *value = json_object_get (attributes, tags[i]);

    if (value == NULL) {
      if (resource == NULL)
        resource = parse (resource_json);
      value = json_object_get (resource, tags[i]);
    }
    match = value != NULL && is_equal (value, tags[i + 1]);
  }
  json_decref (attributes);
  json_decref (resource);
  return match;
}
