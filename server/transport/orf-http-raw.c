/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-raw.h"

#include <string.h>

#include "history/orf-xxh64.h"
#include "orf-encode.h"
#include "orf-json.h"

gboolean
orf_http_raw_is_key (const char *path)
{
  return strstr (path, "/cache/keys/") != NULL;
}

gboolean
orf_http_raw_is_wanted (const char *accept)
{
  return accept != NULL && strstr (accept, ORF_HTTP_OCTETS) != NULL;
}

GString *
orf_http_raw_wrap (const char *body, gsize length)
{
  GString *json = g_string_new ("{\"value\":");

  /* a text ends where a C string does */
  if (g_utf8_validate_len (body, length, NULL) && memchr (body, '\0', length) == NULL) {
    orf_encode_string (json, body, (gssize) length);
  } else {
    g_autofree char *text = g_base64_encode ((const guchar *) body, length);

    g_string_append_printf (json, "\"%s\",\"encoding\":\"base64\"", text);
  }
  g_string_append_c (json, '}');
  return json;
}

void
orf_http_raw_clear (OrfHttpRaw *raw)
{
  g_clear_pointer (&raw->bytes, g_free);
}

/* Of what the value is, so that it is the same on every daemon and after a restart. */
static void
write_etag (OrfHttpRaw *raw)
{
  g_snprintf (raw->etag, sizeof raw->etag, "\"%016" G_GINT64_MODIFIER "x\"",
              orf_xxh64 (raw->bytes, raw->length, raw->is_null));
}

gboolean
orf_http_raw_unwrap (const OrfRestAnswer *answer, OrfHttpRaw *raw)
{
  g_autoptr (json_t) tree = NULL;
  json_t *value;

  *raw = (OrfHttpRaw){ .hit = FALSE };
  if (answer->http_status == 200)
    tree = orf_json_parse (answer->body, answer->length, ORF_JSON_MAX_DEPTH, NULL);
  value = json_object_get (tree, "value");
  if (value == NULL)
    return FALSE;
  raw->hit = json_is_true (json_object_get (tree, "hit"));
  raw->is_null = !json_is_string (value);
  if (raw->is_null) {
    raw->bytes = (guchar *) g_strdup ("");
  } else if (g_strcmp0 (json_string_value (json_object_get (tree, "encoding")), "base64") == 0) {
    raw->bytes = g_base64_decode (json_string_value (value), &raw->length);
  } else {
    raw->length = json_string_length (value);
    raw->bytes = (guchar *) g_strndup (json_string_value (value), raw->length);
  }
  if (raw->hit)
    write_etag (raw);
  return TRUE;
}

gboolean
orf_http_raw_matches (const OrfHttpRaw *raw, const char *if_none_match)
{
  return raw->hit && if_none_match != NULL &&
         (strcmp (if_none_match, "*") == 0 || strstr (if_none_match, raw->etag) != NULL);
}
