/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rest.h"

#include "orf-encode.h"
#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-call-private.h"
#include "rpc/orf-rest-body.h"
#include "rpc/orf-route.h"
#include "rpc/orf-rpc-text.h"

#define JSON                    "application/json"
#define HTTP_OK                 200
#define HTTP_METHOD_NOT_ALLOWED 405

struct _OrfRestCall {
  OrfRouter *router;
  OrfRole role;
  char *actor; /* a GRefString */
  OrfRestDone done;
  gpointer user_data;
  const OrfRoute *route;  /* NULL: none was found */
  OrfRpcReading *reading; /* NULL: its body is read, or was never large */
  OrfCall *call;          /* NULL once ended */
};

static void
rest_free (OrfRestCall *rest)
{
  orf_router_unref (rest->router);
  g_ref_string_release (rest->actor);
  g_free (rest);
}

char *
orf_rest_error_body (const GError *error, gsize *length)
{
  GString *body = g_string_sized_new (256);
  OrfErrorCode code = orf_error_get_code (error);

  g_string_append (body, "{\"status\":\"error\",\"error\":{\"code\":");
  orf_encode_integer (body, orf_error_code_to_jsonrpc (code));
  g_string_append (body, ",\"status\":");
  orf_encode_string (body, orf_error_code_to_name (code), -1);
  g_string_append (body, ",\"message\":");
  orf_rpc_text_append_words (body, error->message);
  orf_rpc_text_append_error_details (body, error);
  g_string_append (body, "}}");
  *length = body->len;
  return g_string_free (body, FALSE);
}

static void
tell_error (const OrfRestCall *rest, int http_status, const GError *error, const char *allow)
{
  OrfRestAnswer answer = { .http_status = http_status,
                           .content_type = JSON,
                           .retry_after_ms = orf_error_get_retry_after_ms (error),
                           .allow = allow };
  g_autofree char *body = orf_rest_error_body (error, &answer.length);

  answer.body = body;
  rest->done (rest->user_data, &answer);
}

static void
tell_in_envelope (const OrfRestCall *rest, const char *json, gsize length)
{
  static const char head[] = "{\"status\":\"success\"";
  OrfRestAnswer answer = { .http_status = HTTP_OK, .content_type = JSON, .retry_after_ms = -1 };
  g_autoptr (GString) body = g_string_sized_new (length + sizeof head);

  /* {"a":1} -> {"status":"success","a":1}; {} has no member to put a comma before */
  g_string_append (body, head);
  if (length > 2)
    g_string_append_c (body, ',');
  g_string_append_len (body, json + 1, (gssize) length - 1);
  answer.body = body->str;
  answer.length = body->len;
  rest->done (rest->user_data, &answer);
}

static void
tell_as_it_is (const OrfRestCall *rest, const char *body, gsize length)
{
  const OrfRestAnswer answer = { .http_status = HTTP_OK,
                                 .content_type = rest->route->content_type,
                                 .file_name = rest->route->file_name,
                                 .body = body,
                                 .length = length,
                                 .retry_after_ms = -1 };

  rest->done (rest->user_data, &answer);
}

static void
rest_sink (gpointer owner, const char *text, gsize length, const GError *error)
{
  OrfRestCall *rest = owner;

  rest->call = NULL;
  if (error != NULL)
    tell_error (rest, orf_error_code_to_http (orf_error_get_code (error)), error, NULL);
  else if (rest->route->content_type != NULL)
    tell_as_it_is (rest, text, length);
  else
    tell_in_envelope (rest, text, length);
  rest_free (rest);
}

static GError *
no_route_error (const OrfRestRequest *request, const char *allow)
{
  if (allow != NULL)
    return g_error_new (ORF_ERROR, ORF_ERROR_METHOD_NOT_FOUND, "%s is not among what %s takes: %s",
                        request->verb, request->path, allow);
  return g_error_new (ORF_ERROR, ORF_ERROR_METHOD_NOT_FOUND,
                      "there is nothing at %s; GET /openrpc.json tells what there is",
                      request->path);
}

static void
end_with_error (OrfRestCall *rest, const GError *error)
{
  tell_error (rest, orf_error_code_to_http (orf_error_get_code (error)), error, NULL);
  rest_free (rest);
}

/* The sink may have freed it: FALSE. */
static gboolean
start (OrfRestCall *rest, OrfCallParams *params, const OrfCallMeta *meta)
{
  const OrfCallOrigin origin = { .router = rest->router,
                                 .role = rest->role,
                                 .actor = rest->actor,
                                 .rest = TRUE,
                                 .sink = rest_sink,
                                 .owner = rest };
  OrfCall *call = orf_call_start (&origin, &orf_methods[rest->route->method], params, meta);

  if (call != NULL)
    rest->call = call;
  return call != NULL;
}

static void
read_cb (gpointer owner, OrfCallParams *params, const OrfCallMeta *meta, const GError *error)
{
  OrfRestCall *rest = owner;

  rest->reading = NULL;
  if (error != NULL)
    end_with_error (rest, error);
  else
    start (rest, params, meta);
}

/* All of these: FALSE where it is answered, and rest freed.  Takes params: they are the thread's.
 */
static gboolean
read_aside (OrfRestCall *rest, const OrfRestRequest *request, json_t *params)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = request->bytes != NULL
                              ? g_bytes_ref (request->bytes)
                              : orf_rpc_reader_copy (orf_router_get_reader (rest->router),
                                                     request->body, request->body_length, &error);

  if (body == NULL)
    json_decref (params);
  else
    rest->reading = orf_rest_reading_new (rest->router, &orf_methods[rest->route->method], params,
                                          body, &request->meta, read_cb, rest, &error);
  if (rest->reading != NULL)
    return TRUE;
  end_with_error (rest, error);
  return FALSE;
}

static gboolean
read_at_once (OrfRestCall *rest, const OrfRestRequest *request, json_t *tree)
{
  g_autoptr (GError) error = NULL;
  OrfCallParams params = { .json = tree };
  const OrfMethod *method = &orf_methods[rest->route->method];
  gboolean goes_on;

  if (!orf_rest_body_add (orf_router_get_limits (rest->router), request->body, request->body_length,
                          tree, &error)) {
    end_with_error (rest, error);
    return FALSE;
  }
  goes_on = start (rest, &params, &request->meta);
  orf_call_params_clear (&params, method);
  return goes_on;
}

/* Takes params, those of the path. */
static gboolean
gather (OrfRestCall *rest, const OrfRestRequest *request, json_t *params)
{
  g_autoptr (json_t) owned = params;
  const OrfMethod *method = &orf_methods[rest->route->method];
  g_autoptr (GError) error = NULL;

  if (request->query != NULL && !orf_route_add_query (method, request->query, params, &error)) {
    end_with_error (rest, error);
    return FALSE;
  }
  if (orf_rpc_reader_wants (orf_router_get_reader (rest->router), request->body_length))
    return read_aside (rest, request, g_steal_pointer (&owned));
  return read_at_once (rest, request, params);
}

OrfRestCall *
orf_rest_call (OrfRouter *router,
               const OrfRestRequest *request,
               OrfRestDone done,
               gpointer user_data)
{
  g_autoptr (json_t) params = NULL;
  g_autofree char *allow = NULL;
  g_autoptr (GError) error = NULL;
  OrfRestCall *rest = g_new0 (OrfRestCall, 1);

  rest->router = orf_router_ref (router);
  rest->role = request->role;
  rest->actor = g_ref_string_new (request->actor);
  rest->done = done;
  rest->user_data = user_data;
  rest->route = orf_route_find (request->verb, request->path, &params, &allow);
  if (rest->route != NULL)
    return gather (rest, request, g_steal_pointer (&params)) ? rest : NULL;
  error = no_route_error (request, allow);
  tell_error (rest,
              allow != NULL ? HTTP_METHOD_NOT_ALLOWED
                            : orf_error_code_to_http (ORF_ERROR_METHOD_NOT_FOUND),
              error, allow);
  rest_free (rest);
  return NULL;
}

void
orf_rest_call_abandon (OrfRestCall *rest)
{
  g_clear_pointer (&rest->reading, orf_rpc_reading_abandon);
  g_clear_pointer (&rest->call, orf_call_abandon);
  rest_free (rest);
}
