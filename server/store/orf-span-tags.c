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

/* Whether it may have the key: most have not, and are not parsed for it.  What JSON may write in
 * other words is let through. */
static gboolean
may_have (const char *json, const char *key)
{
  gboolean plain = key[0] != '\0';

  for (const char *at = key; *at != '\0'; at++)
    plain &= g_ascii_isgraph (*at) && *at != '"' && *at != '\\' && *at != '/';
  return json != NULL && (!plain || strchr (json, '\\') != NULL || strstr (json, key) != NULL);
}

/* The value of the key, whose tree is loaded when it is first needed.  What the text is wrong with
 * has none. */
static const json_t *
get_value (json_t **tree, const char *json, const char *key)
{
  if (!may_have (json, key))
    return NULL;
  if (*tree == NULL)
    *tree = json_loads (json, JSON_ALLOW_NUL, NULL);
  return json_object_get (*tree, key);
}

gboolean
orf_span_tags_match (const char *const *tags,
                     const char *attributes_json,
                     const char *resource_json)
{
  json_t *attributes = NULL, *resource = NULL;
  gboolean match = TRUE;

  for (guint i = 0; match && tags != NULL && tags[i] != NULL; i += 2) {
    const json_t *value = get_value (&attributes, attributes_json, tags[i]);

    if (value == NULL)
      value = get_value (&resource, resource_json, tags[i]);
    match = value != NULL && is_equal (value, tags[i + 1]);
  }
  json_decref (attributes);
  json_decref (resource);
  return match;
}
