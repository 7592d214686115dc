/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsoup asks no handler of its own (it would decode the query into a table that colliding names
 * make slow): all is done when it has read the request, and a status set by then is what tells it
 * so.
 */
#include "transport/orf-http-request-private.h"

#include <string.h>

#include "transport/orf-http-session.h"

/* ---- who asks -------------------------------------------------------------------------------- */

const char *
orf_http_request_get_header (OrfHttpRequest *request, const char *name)
{
  return soup_message_headers_get_one (request->headers, name);
}

void
orf_http_request_read_trace (OrfHttpRequest *request,
                             const char **traceparent,
                             const char **tracestate)
{
  *traceparent = soup_message_headers_get_list (request->headers, "traceparent");
  *tracestate = soup_message_headers_get_list (request->headers, "tracestate");
}

/* What a proxy on this machine passes on comes from loopback and from anywhere: whoever says so of
 * himself needs a token like anyone from elsewhere. */
static gboolean
is_passed_on (OrfHttpRequest *request)
{
  static const char *const marks[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via" };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    if (orf_http_request_get_header (request, marks[i]) != NULL)
      return TRUE;
  return FALSE;
}

OrfCredentials
orf_http_request_get_credentials (OrfHttpRequest *request)
{
  return (OrfCredentials){
    .loopback = request->source.loopback && !is_passed_on (request),
    .bearer = orf_http_policy_get_bearer (orf_http_request_get_header (request, "Authorization")),
    .session = request->session,
  };
}

gboolean
orf_http_request_admit (OrfHttpRequest *request, OrfIdentity *identity, GError **error)
{
  const OrfCredentials credentials = orf_http_request_get_credentials (request);

  return orf_gate_admit (request->service->gate, &credentials, identity, error);
}

/* GET and HEAD change nothing, and the browser keeps their answers from a foreign page.  Opening a
 * WebSocket is no such GET: browsers let any page read from and write to it. */
static gboolean
is_reading (OrfHttpRequest *request)
{
  if (orf_http_request_get_header (request, "Upgrade") != NULL)
    return FALSE;
  return strcmp (request->verb, "GET") == 0 || strcmp (request->verb, "OPTIONS") == 0;
}

static gboolean
check_browser (OrfHttpRequest *request)
{
  const OrfHttpPolicy *policy = &request->service->policy;
  const char *origin = orf_http_request_get_header (request, "Origin");

  if (!orf_http_policy_allows_host (policy, orf_http_request_get_header (request, "Host"),
                                    request->source.local)) {
    orf_http_request_refuse (
      request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
      "this server does not go by that Host; listen.allowed_hosts adds names");
    return FALSE;
  }
  if (is_reading (request))
    return TRUE;
  if (!orf_http_policy_allows_origin (policy, origin, request->source.local)) {
    orf_http_request_refuse (
      request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
      "pages of that Origin may not call; listen.allowed_origins adds origins");
    return FALSE;
  }
  /* a cookie comes along without the page's doing; only browsers have one, and those say whose
   * page it is */
  if (origin == NULL && request->session != NULL &&
      orf_http_request_get_header (request, "Authorization") == NULL) {
    orf_http_request_refuse (
      request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
      "a session's cookie counts only beside an Origin header; scripts send a token");
    return FALSE;
  }
  return TRUE;
}

/* ---- where to -------------------------------------------------------------------------------- */

/* FALSE: it is none. */
static gboolean
start_page (OrfHttpRequest *request, const char *path, const char *query)
{
  const OrfHttpPageEntry *page = orf_http_page_find (request->service, path);

  if (page == NULL)
    return FALSE;
  if (page->upload)
    orf_http_page_start_upload (request, page, path);
  else
    orf_http_page_start (request, page, path, query);
  return TRUE;
}

static gboolean
start_session (OrfHttpRequest *request, const char *path)
{
  if (strcmp (path, "/login") == 0)
    orf_http_login_start (request);
  else if (strcmp (path, "/logout") == 0)
    orf_http_login_start_logout (request);
  else
    return FALSE;
  return TRUE;
}

static void
start_by_path (OrfHttpRequest *request, const char *path, const char *query)
{
  const OrfHttpSocketEntry *socket = NULL;
  gboolean calls = !request->service->bare;

  if (strcmp (request->verb, "GET") == 0)
    socket = orf_http_socket_find (request->service, path);
  if (socket != NULL && orf_http_upgrade_is_asked (request->message))
    orf_http_socket_start (request, socket);
  else if (calls && strcmp (path, "/rpc") == 0)
    orf_http_call_start_rpc (request);
  else if (socket != NULL)
    orf_http_socket_refuse_plain (request);
  else if ((calls && start_session (request, path)) || start_page (request, path, query))
    return;
  else if (calls && g_str_has_prefix (path, "/api/"))
    orf_http_call_start_rest (request, path, query);
  else if (strcmp (path, "*") == 0)
    orf_http_request_refuse_verb (request, "GET, HEAD, POST, PUT, DELETE");
  else
    orf_http_request_refuse (
      request, SOUP_STATUS_NOT_FOUND, ORF_ERROR_METHOD_NOT_FOUND,
      "there is nothing at this path; GET /openrpc.json tells what there is");
}

static void
start (OrfHttpRequest *request)
{
  const char *target = request->source.target;
  const char *mark = strchrnul (target, '?');
  g_autofree char *path = NULL;

  if (!check_browser (request))
    return;
  path = orf_http_policy_decode_path (target, (gsize) (mark - target));
  if (path == NULL)
    orf_http_request_refuse (request, SOUP_STATUS_BAD_REQUEST, ORF_ERROR_INVALID_ARGUMENT,
                             "the path does not decode to UTF-8 without NUL");
  else
    start_by_path (request, path, *mark == '?' ? mark + 1 : NULL);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfHttpRequest *
orf_http_request_new (const OrfHttpService *service,
                      SoupServerMessage *message,
                      const OrfHttpRequestSource *source)
{
  OrfHttpRequest *request = g_new0 (OrfHttpRequest, 1);

  request->service = service;
  request->source = *source;
  request->message = g_object_ref (message);
  request->headers = soup_server_message_get_request_headers (message);
  request->verb = soup_server_message_get_method (message);
  if (strcmp (request->verb, "HEAD") == 0)
    request->verb = "GET";
  request->session = orf_http_session_dup_id (&service->policy,
                                              orf_http_request_get_header (request, "Cookie"));
  start (request);
  if (!request->answered) {
    request->paused = TRUE;
    soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
    soup_server_message_pause (message);
  }
  return request;
}

gboolean
orf_http_request_is_answered (const OrfHttpRequest *request)
{
  return request->answered;
}

gsize
orf_http_request_get_answer_bytes (const OrfHttpRequest *request)
{
  if (request == NULL || !request->answered)
    return 0;
  return (gsize) soup_server_message_get_response_body (request->message)->length;
}

const OrfHttpSocketEntry *
orf_http_request_get_upgrade (const OrfHttpRequest *request, OrfIdentity *identity)
{
  *identity = request->identity;
  return request->upgrade;
}

GString *
orf_http_request_steal_handshake (OrfHttpRequest *request)
{
  return g_steal_pointer (&request->handshake);
}

static void
cancel (OrfHttpRequest *request)
{
  g_clear_pointer (&request->peer, orf_peer_free);
  g_clear_pointer (&request->call, orf_rest_call_abandon);
  g_clear_pointer (&request->reply, orf_http_page_forget);
}

void
orf_http_request_free (OrfHttpRequest *request)
{
  if (request == NULL)
    return;
  cancel (request);
  if (request->handshake != NULL)
    g_string_free (request->handshake, TRUE);
  g_object_unref (request->message);
  g_free (request->session);
  g_free (request);
}

void
orf_http_request_abandon (OrfHttpRequest *request)
{
  if (request->answered)
    return;
  cancel (request);
  orf_http_request_answer (request, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL, NULL, 0);
}
