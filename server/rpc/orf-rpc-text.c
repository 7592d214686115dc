/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rpc-text.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"

/* All of these walk text that jansson has accepted: what is not a delimiter need not be checked. */
static const char *
skip_space (const char *at, const char *end)
{
  while (at < end && strchr (" \t\r\n", *at) != NULL && *at != '\0')
    at++;
  return at;
}

static const char *
skip_string (const char *at, const char *end)
{
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at < end ? at + 1 : end;
}

static const char *
skip_value (const char *at, const char *end)
{
  guint depth = 0;

  while (at < end) {
    char c = *at;

    if (c == '"') {
      at = skip_string (at, end);
      if (depth == 0)
        return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']'))
      return at;
    if (c == '{' || c == '[')
      depth++;
    else if ((c == '}' || c == ']') && --depth == 0)
      return at + 1;
    at++;
  }
  return end;
}

static gsize
trimmed_length (const char *from, const char *to)
{
  while (to > from && strchr (" \t\r\n", to[-1]) != NULL)
    to--;
  return (gsize) (to - from);
}

char *
orf_rpc_text_dup_id (const char *text, gsize length)
{
  const char *end = text + length;
  const char *at = skip_space (text, end) + 1;
  char *id = NULL;

  for (;;) {
    const char *key = skip_space (at, end);
    const char *value;
    gsize key_length;

    if (key >= end || *key != '"')
      return id;
    at = skip_string (key, end);
    key_length = (gsize) (at - key);
    value = skip_space (skip_space (at, end) + 1, end);
    at = skip_value (value, end);
    /* the last of several counts, as it does for jansson */
    if (key_length == 4 && memcmp (key, "\"id\"", 4) == 0) {
      g_free (id);
      id = g_strndup (value, trimmed_length (value, at));
    }
    at = skip_space (at, end);
    if (at >= end || *at != ',')
      return id;
    at++;
  }
}

gboolean
orf_rpc_text_find_member (const char *text, gsize length, const char *name, OrfRpcSlice *value)
{
  const char *end = text + length, *at = skip_space (text, end);
  gsize name_length = strlen (name);
  gboolean found = FALSE;

  if (at >= end || *at != '{')
    return FALSE;
  do {
    const char *key = skip_space (at + 1, end), *from, *colon;

    if (key >= end || *key != '"')
      return FALSE;
    at = skip_string (key, end);
    colon = skip_space (at, end);
    if (colon >= end || *colon != ':' || memchr (key, '\\', (gsize) (at - key)) != NULL)
      return FALSE;
    from = skip_space (colon + 1, end);
    if ((gsize) (at - key) == name_length + 2 && memcmp (key + 1, name, name_length) == 0) {
      if (found)
        return FALSE;
      found = TRUE;
      at = skip_value (from, end);
      *value = (OrfRpcSlice){ from, trimmed_length (from, at) };
    } else {
      at = skip_value (from, end);
    }
    at = skip_space (at, end);
  } while (at < end && *at == ',');
  return found && value->length > 0;
}

GArray *
orf_rpc_text_split_array (const char *text, gsize length)
{
  GArray *slices = g_array_new (FALSE, FALSE, sizeof (OrfRpcSlice));
  const char *end = text + length;
  const char *at = skip_space (skip_space (text, end) + 1, end);

  while (at < end && *at != ']') {
    const char *next = skip_value (at, end);
    OrfRpcSlice slice = { at, trimmed_length (at, next) };

    g_array_append_val (slices, slice);
    at = skip_space (next, end);
    if (at < end && *at == ',')
      at = skip_space (at + 1, end);
  }
  return slices;
}

static void
append_head (GString *out, const char *id)
{
  g_string_append (out, "{\"jsonrpc\":\"2.0\",\"id\":");
  g_string_append (out, id != NULL ? id : "null");
}

void
orf_rpc_text_append_result (GString *out, const char *id, const char *json, gsize length)
{
  append_head (out, id);
  g_string_append (out, ",\"result\":");
  g_string_append_len (out, json, (gssize) length);
  g_string_append_c (out, '}');
}

void
orf_rpc_text_append_words (GString *out, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid (words, -1);

  orf_encode_string (out, valid, -1);
}

void
orf_rpc_text_append_error_details (GString *out, const GError *error)
{
  const char *field = orf_error_get_field (error);
  const char *allowed = orf_error_get_allowed (error);
  gint64 retry_after_ms = orf_error_get_retry_after_ms (error);

  if (field != NULL) {
    g_string_append (out, ",\"field\":");
    orf_rpc_text_append_words (out, field);
  }
  if (allowed != NULL) {
    g_string_append (out, ",\"allowed\":");
    orf_encode_string (out, allowed, -1);
  }
  if (retry_after_ms >= 0) {
    g_string_append (out, ",\"retry_after_ms\":");
    orf_encode_integer (out, retry_after_ms);
  }
}

void
orf_rpc_text_append_error (GString *out, const char *id, const GError *error)
{
  OrfErrorCode code = orf_error_get_code (error);

  append_head (out, id);
  g_string_append (out, ",\"error\":{\"code\":");
  orf_encode_integer (out, orf_error_code_to_jsonrpc (code));
  g_string_append (out, ",\"message\":");
  orf_rpc_text_append_words (out, error->message);
  g_string_append (out, ",\"data\":{\"status\":");
  orf_encode_string (out, orf_error_code_to_name (code), -1);
  orf_rpc_text_append_error_details (out, error);
  g_string_append (out, "}}}");
}
