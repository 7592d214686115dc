/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rpc-request.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-error.h"

gboolean
orf_rpc_request_check_id (json_t *id, GError **error)
{
  if (json_is_string (id) || json_is_number (id) || json_is_null (id))
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_REQUEST, "id",
                                                 "a string, a number or null",
                                                 "the id is neither string, number nor null"));
  return FALSE;
}

static gboolean
refuse (const char *field, const char *allowed, GError **error)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_REQUEST, field, allowed,
                                                 "not a JSON-RPC 2.0 request: \"%s\" has to be %s",
                                                 field, allowed));
  return FALSE;
}

gboolean
orf_rpc_request_check (json_t *request, GError **error)
{
  json_t *params = json_object_get (request, "params");
  const char *version = json_string_value (json_object_get (request, "jsonrpc"));

  if (g_strcmp0 (version, "2.0") != 0)
    return refuse ("jsonrpc", "\"2.0\"", error);
  if (!json_is_string (json_object_get (request, "method")))
    return refuse ("method", "a string", error);
  if (params != NULL && !json_is_object (params) && !json_is_array (params))
    return refuse ("params", "an object or an array", error);
  return TRUE;
}

const OrfMethod *
orf_rpc_request_find_method (json_t *request, GError **error)
{
  json_t *named = json_object_get (request, "method");
  const char *name = json_string_value (named);
  const OrfMethod *method = NULL;

  /* no name has a NUL in it */
  if (strlen (name) == json_string_length (named))
    method = orf_method_find (name);
  if (method == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_METHOD_NOT_FOUND,
                 "there is no method \"%.100s\"; rpc.discover tells all", name);
  return method;
}

OrfRpcMeta *
orf_rpc_request_decode_meta (json_t *request,
                             const OrfCallMeta *beside,
                             OrfCallMeta *meta,
                             GError **error)
{
  g_autoptr (GError) local_error = NULL;
  json_t *member = json_object_get (request, "meta");
  OrfRpcMeta *inside = orf_decode (&orf_rpc_meta_desc, member, ORF_DECODE_STRICT, &local_error);

  if (inside == NULL) {
    orf_error_prefix_field (local_error, "meta");
    g_propagate_error (error, g_steal_pointer (&local_error));
    return NULL;
  }
  *meta = beside != NULL ? *beside : (OrfCallMeta){ 0 };
  if (inside->has_deadline_ms)
    meta->deadline_ms = inside->deadline_ms;
  if (inside->traceparent != NULL) { /* the two belong together */
    meta->traceparent = inside->traceparent;
    meta->tracestate = inside->tracestate;
  }
  if (inside->idempotency_key != NULL)
    meta->idempotency_key = inside->idempotency_key;
  return inside;
}
