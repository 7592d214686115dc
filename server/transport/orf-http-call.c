/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls: JSON-RPC and REST. */
#include "transport/orf-http-request-private.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-json.h"
#include "transport/orf-http-raw.h"

/* As the schema has it in `meta`. */
static gboolean
check_key (const char *key, GError **error)
{
  g_autoptr (json_t) meta = json_object ();
  OrfRpcMeta *read;

  json_object_set_new (meta, "idempotency_key", json_string (key)); /* libsoup's are UTF-8 */
  read = orf_decode (&orf_rpc_meta_desc, meta, ORF_DECODE_STRICT, error);
  if (read == NULL)
    return FALSE;
  orf_struct_free (&orf_rpc_meta_desc, read);
  return TRUE;
}

static gboolean
read_meta (OrfHttpRequest *request, OrfCallMeta *meta, GError **error)
{
  orf_http_request_read_trace (request, &meta->traceparent, &meta->tracestate);
  meta->idempotency_key = orf_http_request_get_header (request, "Idempotency-Key");
  return (meta->idempotency_key == NULL || check_key (meta->idempotency_key, error)) &&
         orf_http_policy_parse_deadline (orf_http_request_get_header (request, "X-Deadline-Ms"),
                                         &meta->deadline_ms, error);
}

/* A body so large that another thread reads it, which gets it without a copy.  NULL: it is not. */
static GBytes *
take_large_body (OrfHttpRequest *request)
{
  OrfHttpRequestSource *source = &request->source;
  GBytes *bytes;

  if (!orf_rpc_reader_wants (orf_router_get_reader (request->service->router), source->body_length))
    return NULL;
  bytes = g_string_free_to_bytes (orf_http_framing_steal_body (source->framing));
  source->body = NULL;
  source->body_length = 0;
  return bytes;
}

static void
rpc_send_cb (gpointer transport, const char *data, gsize length)
{
  OrfHttpRequest *request = transport;

  if (data != NULL)
    orf_http_request_answer (request, SOUP_STATUS_OK, ORF_HTTP_JSON, data, length);
  else
    orf_http_request_answer (request, SOUP_STATUS_NO_CONTENT, NULL, NULL, 0);
}

/* Every answer of JSON-RPC is 200, who may not call included. */
void
orf_http_call_start_rpc (OrfHttpRequest *request)
{
  static const OrfPeerOps ops = { .send = rpc_send_cb };
  g_autoptr (GBytes) large = NULL;
  g_autoptr (GError) error = NULL;
  OrfCallMeta meta = { 0 };
  OrfIdentity identity = { ORF_ROLE_NONE, "" };
  gboolean admitted;

  if (!orf_http_request_check_post (request) || !orf_http_request_check_json (request))
    return;
  admitted = orf_http_request_admit (request, &identity, &error) &&
             read_meta (request, &meta, &error);
  request->peer = orf_peer_new (request->service->router, &ops, request, identity.role,
                                identity.actor);
  if (!admitted)
    orf_peer_refuse (request->peer, error);
  else if ((large = take_large_body (request)) != NULL)
    orf_peer_receive_aside (request->peer, large, &meta);
  else
    orf_peer_receive (request->peer, request->source.body, request->source.body_length, &meta);
}

/* A file is named and saved: no browser shows what callers put into it as a page of ours. */
static void
add_disposition (OrfHttpRequest *request, const char *file_name)
{
  g_autofree char *value = g_strdup_printf ("attachment; filename=\"%s\"", file_name);

  orf_http_request_add_header (request, "Content-Disposition", value);
}

/* FALSE: the answer goes out as it is. */
static gboolean
answer_value (OrfHttpRequest *request, const OrfRestAnswer *found)
{
  gboolean wanted = orf_http_raw_is_wanted (orf_http_request_get_header (request, "Accept"));
  g_auto (OrfHttpRaw) raw = { .hit = FALSE };

  if (!orf_http_raw_unwrap (found, &raw))
    return FALSE;
  if (raw.hit)
    orf_http_request_add_header (request, "ETag", raw.etag);
  if (orf_http_raw_matches (&raw, orf_http_request_get_header (request, "If-None-Match")))
    orf_http_request_answer (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL, 0);
  else if (!wanted)
    return FALSE;
  else if (!raw.hit)
    orf_http_request_refuse (request, SOUP_STATUS_NOT_FOUND, ORF_ERROR_NOT_FOUND,
                             "the cache has no value of this key");
  else if (raw.is_null)
    orf_http_request_answer (request, SOUP_STATUS_NO_CONTENT, NULL, NULL, 0);
  else {
    add_disposition (request, "value");
    orf_http_request_answer (request, SOUP_STATUS_OK, ORF_HTTP_OCTETS, (const char *) raw.bytes,
                             raw.length);
  }
  return TRUE;
}

static void
rest_done_cb (gpointer user_data, const OrfRestAnswer *found)
{
  OrfHttpRequest *request = user_data;

  request->call = NULL;
  if (request->is_key && answer_value (request, found))
    return;
  if (found->retry_after_ms >= 0)
    orf_http_request_add_retry_after (request, found->retry_after_ms);
  if (found->allow != NULL)
    orf_http_request_add_header (request, "Allow", found->allow);
  if (found->file_name != NULL)
    add_disposition (request, found->file_name);
  orf_http_request_answer (request, found->http_status, found->content_type, found->body,
                           found->length);
}

/* A value as it is becomes the parameters that stand for it; else it has to be JSON.  FALSE: it is
 * refused, and so answered. */
static gboolean
take_body (OrfHttpRequest *request, const char *path, OrfRestRequest *rest, GString **wrapped)
{
  const char *type = orf_http_request_get_header (request, "Content-Type");
  gboolean is_raw = strcmp (request->verb, "PUT") == 0 && orf_http_raw_is_key (path) &&
                    type != NULL && !orf_http_policy_is_json (type);

  if (!is_raw)
    return rest->body_length == 0 || orf_http_request_check_json (request);
  *wrapped = orf_http_raw_wrap (rest->body, rest->body_length);
  rest->body = (*wrapped)->str;
  rest->body_length = (*wrapped)->len;
  return TRUE;
}

void
orf_http_call_start_rest (OrfHttpRequest *request, const char *path, const char *query)
{
  g_autoptr (GError) error = NULL;
  OrfRestRequest rest = { .verb = request->verb,
                          .path = path,
                          .query = query,
                          .body = request->source.body,
                          .body_length = request->source.body_length };
  g_autoptr (GString) wrapped = NULL;
  g_autoptr (GBytes) large = NULL;
  OrfIdentity identity;
  OrfRestCall *call;

  if (!orf_http_request_admit (request, &identity, &error)) {
    orf_http_request_refuse_unauthenticated (request, error);
    return;
  }
  rest.role = identity.role;
  rest.actor = identity.actor;
  if (rest.body_length > 0 && strcmp (request->verb, "GET") == 0) {
    orf_http_request_refuse (request, SOUP_STATUS_BAD_REQUEST, ORF_ERROR_INVALID_ARGUMENT,
                             "what is read takes no body: its parameters go into the query");
    return;
  }
  if (!take_body (request, path, &rest, &wrapped))
    return;
  if (!read_meta (request, &rest.meta, &error)) {
    orf_http_request_answer_error (request, SOUP_STATUS_BAD_REQUEST, error);
    return;
  }
  request->is_key = strcmp (request->verb, "GET") == 0 && orf_http_raw_is_key (path);
  if (wrapped == NULL && (large = take_large_body (request)) != NULL) {
    rest.body = g_bytes_get_data (large, &rest.body_length);
    rest.bytes = large;
  }
  call = orf_rest_call (request->service->router, &rest, rest_done_cb, request);
  if (!request->answered)
    request->call = call;
}
