/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rest.h"

#include "orf-encode.h"
#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-call-private.h"
#include "rpc/orf-route.h"
#include "rpc/orf-rpc-text.h"

#define JSON                    "application/json"
#define HTTP_OK                 200
#define HTTP_METHOD_NOT_ALLOWED 405

struct _OrfRestCall {
  OrfRestDone done;
  gpointer user_data;
  const OrfRoute *route; /* NULL: none was found */
  OrfCall *call;         /* NULL once ended */
};

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
  g_free (rest);
}

static gboolean
add_body (OrfRouter *router, const OrfRestRequest *request, json_t *params, GError **error)
{
  g_autoptr (json_t) body = NULL;
  const char *name;
  json_t *value;

  if (request->body_length == 0)
    return TRUE;
  body = orf_router_parse_json (router, request->body, request->body_length, error);
  if (body == NULL)
    return FALSE;
  if (!json_is_object (body)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "the body has to be a JSON object");
    return FALSE;
  }
  json_object_foreach (body, name, value)
  {
    if (json_object_get (params, name) != NULL) {
      g_propagate_error (error,
                         orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, name, NULL,
                                              "%.100s: given twice, in the path or query and "
                                              "in the body",
                                              name));
      return FALSE;
    }
    json_object_set (params, name, value);
  }
  return TRUE;
}

static gboolean
gather_params (OrfRouter *router,
               const OrfRestRequest *request,
               const OrfMethod *method,
               json_t *params,
               GError **error)
{
  if (request->query != NULL && !orf_route_add_query (method, request->query, params, error))
    return FALSE;
  return add_body (router, request, params, error);
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

OrfRestCall *
orf_rest_call (OrfRouter *router,
               const OrfRestRequest *request,
               OrfRestDone done,
               gpointer user_data)
{
  g_autoptr (json_t) params = NULL;
  g_autofree char *allow = NULL;
  g_autoptr (GError) error = NULL;
  char *actor = g_ref_string_new (request->actor);
  const OrfRoute *route = orf_route_find (request->verb, request->path, &params, &allow);
  OrfRestCall *rest = g_new0 (OrfRestCall, 1);
  OrfCall *call = NULL;

  rest->done = done;
  rest->user_data = user_data;
  rest->route = route;
  if (route == NULL) {
    error = no_route_error (request, allow);
    tell_error (rest,
                allow != NULL ? HTTP_METHOD_NOT_ALLOWED
                              : orf_error_code_to_http (ORF_ERROR_METHOD_NOT_FOUND),
                error, allow);
    g_free (rest);
  } else if (!gather_params (router, request, &orf_methods[route->method], params, &error)) {
    tell_error (rest, orf_error_code_to_http (orf_error_get_code (error)), error, NULL);
    g_free (rest);
  } else {
    OrfCallOrigin origin = { .router = router,
                             .role = request->role,
                             .actor = actor,
                             .rest = TRUE,
                             .sink = rest_sink,
                             .owner = rest };

    call = orf_call_start (&origin, &orf_methods[route->method], &(OrfCallParams){ .json = params },
                           &request->meta);
    if (call != NULL)
      rest->call = call;
  }
  g_ref_string_release (actor);
  return call != NULL ? rest : NULL;
}

void
orf_rest_call_abandon (OrfRestCall *rest)
{
  g_clear_pointer (&rest->call, orf_call_abandon);
  g_free (rest);
}
