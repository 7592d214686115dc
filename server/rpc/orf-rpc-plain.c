/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text is valid JSON where the envelope is and the parameters are: one value stands where
 * another did.
 */
#include "rpc/orf-rpc-plain.h"

#include <string.h>

#include "orf-decode-plain.h"
#include "rpc/orf-rpc-request.h"
#include "rpc/orf-rpc-text.h"

/* Below this a tree costs no more than a second look at the text. */
#define MIN_BYTES 1024
/* What the parameters alone may nest: descriptors do not refer to themselves. */
#define MAX_DEPTH 8

void
orf_rpc_plain_free (OrfRpcPlain *plain)
{
  if (plain == NULL)
    return;
  if (plain->params != NULL)
    orf_struct_free (plain->method->params, plain->params);
  json_decref (plain->envelope);
  g_free (plain->text);
  g_free (plain);
}

static void
cut_envelope (OrfRpcPlain *plain, const char *text, gsize length, const OrfRpcSlice *params)
{
  GString *envelope = g_string_new_len (text, params->text - text);
  const char *rest = params->text + params->length;

  g_string_append (envelope, "{}");
  g_string_append_len (envelope, rest, text + length - rest);
  plain->length = envelope->len;
  plain->text = g_string_free (envelope, FALSE);
}

/* Those need the parameters as JSON. */
static gboolean
needs_tree (const OrfRpcPlain *plain, const OrfCallMeta *beside)
{
  json_t *meta = json_object_get (plain->envelope, "meta");

  return (beside != NULL && beside->idempotency_key != NULL) ||
         json_object_get (meta, "idempotency_key") != NULL || plain->method->audit;
}

static gboolean
read_envelope (const OrfRpcLimits *limits, OrfRpcPlain *plain)
{
  plain->envelope = orf_rpc_limits_parse_json (limits, plain->text, plain->length, NULL);
  if (!json_is_object (plain->envelope) ||
      json_object_size (json_object_get (plain->envelope, "params")) != 0 ||
      !json_is_string (json_object_get (plain->envelope, "method")))
    return FALSE;
  plain->method = orf_rpc_request_find_method (plain->envelope, NULL);
  return plain->method != NULL;
}

OrfRpcPlain *
orf_rpc_plain_read (const OrfRpcLimits *limits,
                    const char *text,
                    gsize length,
                    const OrfCallMeta *beside)
{
  g_autoptr (OrfRpcPlain) plain = NULL;
  OrfRpcSlice params;

  if (length < MIN_BYTES || limits->max_depth < MAX_DEPTH + 1 ||
      !orf_rpc_text_find_member (text, length, "params", &params) || params.text[0] != '{')
    return NULL;
  plain = g_new0 (OrfRpcPlain, 1);
  cut_envelope (plain, text, length, &params);
  if (!read_envelope (limits, plain) || needs_tree (plain, beside))
    return NULL;
  plain->params = orf_decode_plain (plain->method->params, params.text, params.length);
  return plain->params != NULL ? g_steal_pointer (&plain) : NULL;
}
