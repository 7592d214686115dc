/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-cache-wire.h"

#include <stdlib.h>
#include <string.h>

#include "orf-base64.h"
#include "orf-wire.h"

#define MAX_KEY_BYTES 1024

bool
orf_cache_wire_is_key (const char *key)
{
  return key != NULL && key[0] != '\0' && orf_wire_is_text (key, MAX_KEY_BYTES);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* None has an idempotency key: what is not answered is not asked again. */
static char *
make_call (const OrfCacheCall *call, const char *method, json_t *params)
{
  const OrfCallMeta meta = { .deadline_us = call->timeout_us };

  return orf_wire_make_call (call->id, method, params, &meta);
}

char *
orf_cache_wire_make_get (const OrfCacheCall *call,
                         const char *key,
                         int64_t lease_us,
                         int64_t wait_us)
{
  json_t *params = json_pack ("{s:s, s:b}", "key", key, "keep", 1);

  if (lease_us > 0) {
    json_object_set_new (params, "lease_us", json_integer (lease_us));
    json_object_set_new (params, "wait_us", json_integer (wait_us));
  }
  return make_call (call, "cache.get", params);
}

char *
orf_cache_wire_make_get_many (const OrfCacheCall *call, json_t *keys)
{
  return make_call (call, "cache.mget", json_pack ("{s:o, s:b}", "keys", keys, "keep", 1));
}

static json_t *
encode_base64 (const void *data, size_t length)
{
  size_t n_letters = orf_base64_get_length (length);
  char *text = malloc (n_letters + 1);
  json_t *value = NULL;

  if (text != NULL) {
    orf_base64_encode (data, length, text);
    value = json_stringn_nocheck (text, n_letters);
  }
  free (text);
  return value;
}

static void
set_value (json_t *params, const void *data, size_t length)
{
  json_t *value = NULL;

  if (data == NULL)
    value = json_null ();
  else if (memchr (data, '\0', length) == NULL)
    value = json_stringn (data, length); /* NULL if it is no UTF-8 */
  if (value == NULL) {
    value = encode_base64 (data, length);
    json_object_set_new (params, "encoding", json_string ("base64"));
  }
  json_object_set_new (params, "value", value);
}

static void
set_positive (json_t *params, const char *name, int64_t number)
{
  if (number > 0)
    json_object_set_new (params, name, json_integer (number));
}

static void
set_options (json_t *params, const OrfCacheSetOptions *options)
{
  json_t *tags;

  set_positive (params, "ttl_ms", options->ttl_ms);
  set_positive (params, "stale_us", options->stale_us);
  set_positive (params, "cost_us", options->cost_us);
  if (options->lease != NULL && options->lease[0] != '\0')
    json_object_set_new (params, "lease", json_string (options->lease));
  if (options->tags == NULL)
    return;
  tags = json_array ();
  for (size_t i = 0; options->tags[i] != NULL; i++)
    json_array_append_new (tags, json_string (options->tags[i]));
  json_object_set_new (params, "tags", tags);
}

char *
orf_cache_wire_make_set (const OrfCacheCall *call,
                         const char *key,
                         const void *data,
                         size_t length,
                         const OrfCacheSetOptions *options)
{
  json_t *params = json_pack ("{s:s, s:b}", "key", key, "keep", 1);

  set_value (params, data, length);
  if (options != NULL)
    set_options (params, options);
  return make_call (call, "cache.set", params);
}

char *
orf_cache_wire_make_delete (const OrfCacheCall *call, const char *key)
{
  return make_call (call, "cache.delete", json_pack ("{s:s}", "key", key));
}

char *
orf_cache_wire_make_invalidate (const OrfCacheCall *call, const char *pattern, const char *tag)
{
  json_t *params = json_object ();

  if (pattern != NULL)
    json_object_set_new (params, "pattern", json_string (pattern));
  if (tag != NULL)
    json_object_set_new (params, "tag", json_string (tag));
  return make_call (call, "cache.invalidate", params);
}

char *
orf_cache_wire_make_watch (int64_t id, const char *prefix)
{
  return make_call (&(OrfCacheCall){ .id = id }, "cache.watch",
                    json_pack ("{s:s}", "prefix", prefix));
}

char *
orf_cache_wire_make_sync (int64_t id)
{
  return make_call (&(OrfCacheCall){ .id = id }, "cache.sync", json_object ());
}

/* ---- answers --------------------------------------------------------------------------------- */

int64_t
orf_cache_wire_get_number (const json_t *object, const char *name)
{
  return json_integer_value (json_object_get (object, name));
}

const char *
orf_cache_wire_get_text (const json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

void
orf_cache_wire_parse (const char *line, OrfCacheMessage *message)
{
  json_t *root = json_loads (line, JSON_ALLOW_NUL, NULL);
  const char *method = orf_cache_wire_get_text (root, "method");
  const json_t *params = json_object_get (root, "params");

  *message = (OrfCacheMessage){ .root = root };
  if (method == NULL) {
    message->id = orf_cache_wire_get_number (root, "id");
    message->result = json_object_get (root, "result");
    message->error = json_object_get (root, "error");
    return;
  }
  if (strcmp (method, "stream.next") == 0)
    message->value = json_object_get (params, "value");
  else if (strcmp (method, "stream.end") != 0)
    return;
  message->stream = orf_cache_wire_get_text (params, "stream");
  message->has_dropped = orf_cache_wire_get_number (params, "dropped") > 0;
}

static OrfCacheValue *
read_text (const json_t *text, bool is_base64, bool is_stale)
{
  const char *bytes = json_string_value (text);
  size_t length = json_string_length (text);
  OrfCacheValue *value = NULL;
  char *copy;

  if (!is_base64)
    return orf_cache_value_new (bytes, length, false, is_stale);
  copy = malloc (length + 1);
  if (copy == NULL)
    return NULL;
  memcpy (copy, bytes, length);
  if (orf_base64_decode (copy, length, &length))
    value = orf_cache_value_new (copy, length, false, is_stale);
  free (copy);
  return value;
}

bool
orf_cache_wire_read_value (const json_t *result, OrfCacheValue **value)
{
  const json_t *text = json_object_get (result, "value");
  const char *encoding = orf_cache_wire_get_text (result, "encoding");
  bool is_stale = json_is_true (json_object_get (result, "stale"));

  *value = NULL;
  if (!json_is_true (json_object_get (result, "hit")))
    return json_is_object (result);
  if (json_is_string (text))
    *value = read_text (text, encoding != NULL && strcmp (encoding, "base64") == 0, is_stale);
  else
    *value = orf_cache_value_new (NULL, 0, true, is_stale);
  return *value != NULL;
}
