/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The message is paused only where the answer comes later: resuming takes libsoup an idle source,
 * which costs a third of the rate.  libsoup asks no handler of its own (it would decode the query
 * into a table that colliding names make slow): all is done when it has read the request, and a
 * status set by then is what tells it so.
 */
#include "transport/orf-http-request.h"

#include <string.h>

#include "core/orf-gzip.h"
#include "orf-error.h"
#include "rpc/orf-peer.h"
#include "rpc/orf-rest.h"
#include "transport/orf-http-address.h"
#include "transport/orf-http-encoding.h"
#include "transport/orf-http-session.h"

#define JSON "application/json"

#define STATUS_METHOD_NOT_ALLOWED     405
#define STATUS_UNSUPPORTED_MEDIA_TYPE 415
#define STATUS_UPGRADE_REQUIRED       426
#define STATUS_TOO_MANY_REQUESTS      429

struct _OrfHttpRequest {
  const OrfHttpService *service;
  OrfHttpRequestSource source;
  SoupServerMessage *message;
  SoupMessageHeaders *headers;
  const char *verb; /* HEAD is GET here: libsoup leaves the body out */
  char *session;    /* of its cookie; NULL: none */
  OrfPeer *peer;
  OrfRestCall *call;
  OrfHttpPageReply *reply; /* its page's, which has it */
  gboolean answered;
  gboolean paused;
  /* of a request that leaves HTTP */
  const OrfHttpSocketEntry *upgrade;
  GString *handshake;
  OrfIdentity identity;
};

/* Numbers that libsoup has no words for. */
static const char *
get_phrase (int status)
{
  switch (status) {
  case STATUS_UPGRADE_REQUIRED:
    return "Upgrade Required";
  case STATUS_TOO_MANY_REQUESTS:
    return "Too Many Requests";
  default:
    return NULL;
  }
}

static void
add_header (OrfHttpRequest *request, const char *name, const char *value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (request->message), name,
                                value);
}

/* Of an answer with no body libsoup believes that the connection's end ends it, and closes. */
static void
keep_alive_cb (SoupServerMessage *message, gpointer user_data)
{
  soup_message_headers_set_encoding (soup_server_message_get_response_headers (message),
                                     SOUP_ENCODING_NONE);
}

/* body NULL: none */
static void
answer (OrfHttpRequest *request, int status, const char *type, const char *body, gsize length)
{
  request->answered = TRUE;
  soup_server_message_set_status (request->message, (guint) status, get_phrase (status));
  if (request->service->draining)
    add_header (request, "Connection", "close");
  if (body != NULL)
    soup_server_message_set_response (request->message, type, SOUP_MEMORY_COPY, body, length);
  else
    g_signal_connect (request->message, "wrote-headers", G_CALLBACK (keep_alive_cb), NULL);
  if (request->paused) {
    request->paused = FALSE;
    soup_server_message_unpause (request->message);
  }
}

static void
answer_error (OrfHttpRequest *request, int status, const GError *error)
{
  gsize length;
  g_autofree char *body = orf_rest_error_body (error, &length);

  answer (request, status, JSON, body, length);
}

static void
refuse (OrfHttpRequest *request, int status, OrfErrorCode code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (ORF_ERROR, (int) code, message);

  answer_error (request, status, error);
}

static void
refuse_verb (OrfHttpRequest *request, const char *allow)
{
  g_autofree char *message = g_strdup_printf ("%s is not taken here, but %s", request->verb, allow);

  add_header (request, "Allow", allow);
  refuse (request, STATUS_METHOD_NOT_ALLOWED, ORF_ERROR_METHOD_NOT_FOUND, message);
}

static void
refuse_content_type (OrfHttpRequest *request)
{
  refuse (request, STATUS_UNSUPPORTED_MEDIA_TYPE, ORF_ERROR_INVALID_ARGUMENT,
          "the content type has to be application/json");
}

static const char *
get_header (OrfHttpRequest *request, const char *name)
{
  return soup_message_headers_get_one (request->headers, name);
}

/* What a proxy on this machine passes on comes from loopback and from anywhere: whoever says so of
 * himself needs a token like anyone from elsewhere. */
static gboolean
is_passed_on (OrfHttpRequest *request)
{
  static const char *const marks[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via" };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    if (get_header (request, marks[i]) != NULL)
      return TRUE;
  return FALSE;
}

static OrfCredentials
get_credentials (OrfHttpRequest *request)
{
  return (OrfCredentials){
    .loopback = request->source.loopback && !is_passed_on (request),
    .bearer = orf_http_policy_get_bearer (get_header (request, "Authorization")),
    .session = request->session,
  };
}

static gboolean
admit (OrfHttpRequest *request, OrfIdentity *identity, GError **error)
{
  const OrfCredentials credentials = get_credentials (request);

  return orf_gate_admit (request->service->gate, &credentials, identity, error);
}

static gboolean
read_meta (OrfHttpRequest *request, OrfCallMeta *meta, GError **error)
{
  meta->traceparent = get_header (request, "traceparent");
  meta->idempotency_key = get_header (request, "Idempotency-Key");
  return orf_http_policy_parse_deadline (get_header (request, "X-Deadline-Ms"), &meta->deadline_ms,
                                         error);
}

static void
rpc_send_cb (gpointer transport, const char *data, gsize length)
{
  OrfHttpRequest *request = transport;

  if (data != NULL)
    answer (request, SOUP_STATUS_OK, JSON, data, length);
  else
    answer (request, SOUP_STATUS_NO_CONTENT, NULL, NULL, 0);
}

/* Every answer of JSON-RPC is 200, who may not call included. */
static void
start_rpc (OrfHttpRequest *request)
{
  static const OrfPeerOps ops = { .send = rpc_send_cb };
  g_autoptr (GError) error = NULL;
  OrfCallMeta meta = { 0 };
  OrfIdentity identity = { ORF_ROLE_NONE, "" };
  gboolean admitted;

  if (strcmp (request->verb, "POST") != 0) {
    refuse_verb (request, "POST");
    return;
  }
  if (!orf_http_policy_is_json (get_header (request, "Content-Type"))) {
    refuse_content_type (request);
    return;
  }
  admitted = admit (request, &identity, &error) && read_meta (request, &meta, &error);
  request->peer = orf_peer_new (request->service->router, &ops, request, identity.role,
                                identity.actor);
  if (admitted)
    orf_peer_receive (request->peer, request->source.body, request->source.body_length, &meta);
  else
    orf_peer_refuse (request->peer, error);
}

static void
add_retry_after (OrfHttpRequest *request, gint64 retry_after_ms)
{
  char text[32];

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, (retry_after_ms + 999) / 1000);
  add_header (request, "Retry-After", text);
}

/* A file is named and saved: no browser shows what callers put into it as a page of ours. */
static void
add_disposition (OrfHttpRequest *request, const char *file_name)
{
  g_autofree char *value = g_strdup_printf ("attachment; filename=\"%s\"", file_name);

  add_header (request, "Content-Disposition", value);
}

static void
rest_done_cb (gpointer user_data, const OrfRestAnswer *found)
{
  OrfHttpRequest *request = user_data;

  request->call = NULL;
  if (found->retry_after_ms >= 0)
    add_retry_after (request, found->retry_after_ms);
  if (found->allow != NULL)
    add_header (request, "Allow", found->allow);
  if (found->file_name != NULL)
    add_disposition (request, found->file_name);
  answer (request, found->http_status, found->content_type, found->body, found->length);
}

static void
refuse_unauthenticated (OrfHttpRequest *request, const GError *error)
{
  add_header (request, "WWW-Authenticate", "Bearer");
  answer_error (request, orf_error_code_to_http (orf_error_get_code (error)), error);
}

static void
start_rest (OrfHttpRequest *request, const char *path, const char *query)
{
  g_autoptr (GError) error = NULL;
  OrfRestRequest rest = { .verb = request->verb,
                          .path = path,
                          .query = query,
                          .body = request->source.body,
                          .body_length = request->source.body_length };
  OrfIdentity identity;
  OrfRestCall *call;

  if (!admit (request, &identity, &error)) {
    refuse_unauthenticated (request, error);
    return;
  }
  rest.role = identity.role;
  rest.actor = identity.actor;
  if (rest.body_length > 0 && strcmp (request->verb, "GET") == 0) {
    refuse (request, SOUP_STATUS_BAD_REQUEST, ORF_ERROR_INVALID_ARGUMENT,
            "what is read takes no body: its parameters go into the query");
    return;
  }
  if (rest.body_length > 0 && !orf_http_policy_is_json (get_header (request, "Content-Type"))) {
    refuse_content_type (request);
    return;
  }
  if (!read_meta (request, &rest.meta, &error)) {
    answer_error (request, SOUP_STATUS_BAD_REQUEST, error);
    return;
  }
  call = orf_rest_call (request->service->router, &rest, rest_done_cb, request);
  if (!request->answered)
    request->call = call;
}

/* Who needs no token gets his session with the page, so that what the page does is done by a
 * session everywhere. */
static void
give_page_session (OrfHttpRequest *request)
{
  const OrfCredentials credentials = get_credentials (request);
  g_autofree char *id = orf_gate_open_page_session (request->service->gate, &credentials);
  g_autofree char *cookie = NULL;

  if (id == NULL)
    return;
  cookie = orf_http_session_new_cookie (&request->service->policy, id);
  add_header (request, "Set-Cookie", cookie);
}

struct _OrfHttpPageReply {
  OrfHttpRequest *request; /* NULL: gone */
};

/* The answer to a page's reader, by what it takes and what it has already. */
static void
answer_page (OrfHttpRequest *request, const OrfHttpPage *page)
{
  g_autofree char *packed = NULL;
  const char *body = page->body;
  gsize length = page->length;
  gboolean packs = page->gzip != NULL || page->compress;

  add_header (request, "Cache-Control",
              page->cache_control != NULL ? page->cache_control : "no-store");
  if (page->etag != NULL)
    add_header (request, "ETag", page->etag);
  if (packs)
    add_header (request, "Vary", "Accept-Encoding");
  if (page->status == SOUP_STATUS_OK && page->etag != NULL &&
      orf_http_encoding_matches_etag (get_header (request, "If-None-Match"), page->etag)) {
    answer (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL, 0);
    return;
  }
  if (packs && orf_http_encoding_takes_gzip (get_header (request, "Accept-Encoding"))) {
    if (page->gzip == NULL)
      packed = orf_gzip_pack (page->body, page->length, &length);
    else
      length = page->gzip_length;
    body = packed != NULL ? packed : page->gzip;
    add_header (request, "Content-Encoding", "gzip");
  }
  answer (request, page->status, page->content_type, body, length);
}

OrfHttpPageReply *
orf_http_page_defer (OrfHttpPage *page)
{
  OrfHttpPageReply *reply = g_new0 (OrfHttpPageReply, 1);

  reply->request = page->request;
  reply->request->reply = reply;
  return reply;
}

void
orf_http_page_reply (OrfHttpPageReply *reply, const OrfHttpPage *page)
{
  if (reply->request != NULL) {
    reply->request->reply = NULL;
    answer_page (reply->request, page);
  }
  g_free (reply);
}

static void
start_page (OrfHttpRequest *request,
            const OrfHttpPageEntry *entry,
            const char *path,
            const char *query)
{
  g_autoptr (GError) error = NULL;
  OrfHttpPage page = {
    .status = SOUP_STATUS_OK,
    .path = path,
    .query = query,
    .accept = get_header (request, "Accept"),
    .takes_gzip = orf_http_encoding_takes_gzip (get_header (request, "Accept-Encoding")),
    .request = request,
  };
  OrfIdentity identity = { ORF_ROLE_NONE, "" };

  if (strcmp (request->verb, "GET") != 0) {
    refuse_verb (request, "GET, HEAD");
    return;
  }
  if (!entry->open && !admit (request, &identity, &error)) {
    refuse_unauthenticated (request, error);
    return;
  }
  if (!entry->open && !orf_role_holds (identity.role, ORF_ROLE_READ)) {
    refuse (request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
            "this page takes the role read");
    return;
  }
  if (strcmp (path, "/") == 0)
    give_page_session (request);
  entry->func (entry->user_data, &page);
  if (request->reply == NULL && !request->answered)
    answer_page (request, &page);
}

static gboolean
is_page (const OrfHttpPageEntry *entry, const char *path)
{
  gsize stem = strlen (entry->path) - 1;

  if (entry->path[stem] == '*')
    return strncmp (entry->path, path, stem) == 0;
  return strcmp (entry->path, path) == 0;
}

static void
answer_with_cookie (OrfHttpRequest *request, const char *id)
{
  g_autofree char *cookie = orf_http_session_new_cookie (&request->service->policy, id);

  add_header (request, "Set-Cookie", cookie);
  answer (request, SOUP_STATUS_NO_CONTENT, NULL, NULL, 0);
}

/* A form of another page cannot send application/json, so nobody is logged in unawares. */
static void
start_login (OrfHttpRequest *request)
{
  const OrfHttpRequestSource *source = &request->source;
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  g_autofree char *id = NULL;
  g_autofree char *address = NULL;

  if (strcmp (request->verb, "POST") != 0) {
    refuse_verb (request, "POST");
    return;
  }
  if (!orf_http_policy_is_json (get_header (request, "Content-Type"))) {
    refuse_content_type (request);
    return;
  }
  token = orf_http_session_dup_token (source->body, source->body_length, &error);
  if (token == NULL) {
    answer_error (request, SOUP_STATUS_BAD_REQUEST, error);
    return;
  }
  address = orf_http_address_to_text (source->address);
  id = orf_gate_log_in (request->service->gate, token, address, &error);
  if (id != NULL)
    answer_with_cookie (request, id);
  else
    answer_error (request, SOUP_STATUS_UNAUTHORIZED, error);
}

/* Whatever the cookie was worth: the browser forgets it. */
static void
start_logout (OrfHttpRequest *request)
{
  const OrfCredentials credentials = get_credentials (request);
  g_autofree char *address = orf_http_address_to_text (request->source.address);

  if (strcmp (request->verb, "POST") != 0) {
    refuse_verb (request, "POST");
    return;
  }
  orf_gate_log_out (request->service->gate, &credentials, address);
  answer_with_cookie (request, NULL);
}

static const OrfHttpPageEntry *
find_page (const OrfHttpService *service, const char *path)
{
  for (guint i = 0; i < service->pages->len; i++) {
    const OrfHttpPageEntry *entry = &g_array_index (service->pages, OrfHttpPageEntry, i);

    if (is_page (entry, path))
      return entry;
  }
  return NULL;
}

static const OrfHttpSocketEntry *
find_socket (const OrfHttpService *service, const char *path)
{
  for (guint i = 0; i < service->sockets->len; i++) {
    const OrfHttpSocketEntry *entry = &g_array_index (service->sockets, OrfHttpSocketEntry, i);

    if (strcmp (entry->path, path) == 0)
      return entry;
  }
  return NULL;
}

/* Who may open this WebSocket now. */
static gboolean
check_upgrade (OrfHttpRequest *request, const OrfHttpSocketEntry *entry, GError **error)
{
  if (!admit (request, &request->identity, error))
    return FALSE;
  if (entry->role != ORF_ROLE_NONE && !orf_role_holds (request->identity.role, entry->role)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "this needs a role that the caller (%s) does not have", request->identity.actor);
    return FALSE;
  }
  return orf_memory_check_part (orf_router_get_memory (request->service->router),
                                ORF_MEMORY_STREAMS, error) &&
         (entry->ops.check == NULL || entry->ops.check (entry->ops.user_data, error));
}

static void
refuse_upgrade (OrfHttpRequest *request, const GError *error)
{
  gint64 retry_after_ms = orf_error_get_retry_after_ms (error);
  OrfErrorCode code = orf_error_get_code (error);

  if (code == ORF_ERROR_UNAUTHENTICATED) {
    refuse_unauthenticated (request, error);
    return;
  }
  if (retry_after_ms >= 0)
    add_retry_after (request, retry_after_ms);
  if (code == ORF_ERROR_INVALID_REQUEST)
    add_header (request, "Sec-WebSocket-Version", "13");
  answer_error (request,
                code == ORF_ERROR_RESOURCE_EXHAUSTED ? SOUP_STATUS_SERVICE_UNAVAILABLE
                                                     : orf_error_code_to_http (code),
                error);
}

static void
start_upgrade (OrfHttpRequest *request, const OrfHttpSocketEntry *entry)
{
  g_autoptr (GError) error = NULL;

  if (check_upgrade (request, entry, &error))
    request->handshake = orf_http_upgrade_answer (request->message, &error);
  if (error != NULL) {
    refuse_upgrade (request, error);
    return;
  }
  request->upgrade = entry;
  request->answered = TRUE;
}

static void
refuse_plain (OrfHttpRequest *request)
{
  add_header (request, "Upgrade", "websocket");
  refuse (request, STATUS_UPGRADE_REQUIRED, ORF_ERROR_FAILED_PRECONDITION,
          "this path speaks WebSocket only");
}

/* GET and HEAD change nothing, and the browser keeps their answers from a foreign page.  Opening a
 * WebSocket is no such GET: browsers let any page read from and write to it. */
static gboolean
is_reading (OrfHttpRequest *request)
{
  if (get_header (request, "Upgrade") != NULL)
    return FALSE;
  return strcmp (request->verb, "GET") == 0 || strcmp (request->verb, "OPTIONS") == 0;
}

static gboolean
check_browser (OrfHttpRequest *request)
{
  const OrfHttpPolicy *policy = &request->service->policy;
  const char *origin = get_header (request, "Origin");

  if (!orf_http_policy_allows_host (policy, get_header (request, "Host"), request->source.local)) {
    refuse (request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
            "this server does not go by that Host; listen.allowed_hosts adds names");
    return FALSE;
  }
  if (is_reading (request))
    return TRUE;
  if (!orf_http_policy_allows_origin (policy, origin, request->source.local)) {
    refuse (request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
            "pages of that Origin may not call; listen.allowed_origins adds origins");
    return FALSE;
  }
  /* a cookie comes along without the page's doing; only browsers have one, and those say whose
   * page it is */
  if (origin == NULL && request->session != NULL && get_header (request, "Authorization") == NULL) {
    refuse (request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
            "a session's cookie counts only beside an Origin header; scripts send a token");
    return FALSE;
  }
  return TRUE;
}

static void
start_by_path (OrfHttpRequest *request, const char *path, const char *query)
{
  const OrfHttpPageEntry *page;
  const OrfHttpSocketEntry *socket = NULL;

  if (strcmp (request->verb, "GET") == 0)
    socket = find_socket (request->service, path);
  if (socket != NULL && orf_http_upgrade_is_asked (request->message))
    start_upgrade (request, socket);
  else if (strcmp (path, "/rpc") == 0)
    start_rpc (request);
  else if (socket != NULL)
    refuse_plain (request);
  else if (strcmp (path, "/login") == 0)
    start_login (request);
  else if (strcmp (path, "/logout") == 0)
    start_logout (request);
  else if ((page = find_page (request->service, path)) != NULL)
    start_page (request, page, path, query);
  else if (g_str_has_prefix (path, "/api/"))
    start_rest (request, path, query);
  else if (strcmp (path, "*") == 0)
    refuse_verb (request, "GET, HEAD, POST, PUT, DELETE");
  else
    refuse (request, SOUP_STATUS_NOT_FOUND, ORF_ERROR_METHOD_NOT_FOUND,
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
    refuse (request, SOUP_STATUS_BAD_REQUEST, ORF_ERROR_INVALID_ARGUMENT,
            "the path does not decode to UTF-8 without NUL");
  else
    start_by_path (request, path, *mark == '?' ? mark + 1 : NULL);
}

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
  request->session = orf_http_session_dup_id (&service->policy, get_header (request, "Cookie"));
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
  if (request->reply != NULL)
    request->reply->request = NULL;
  request->reply = NULL;
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
  answer (request, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL, NULL, 0);
}
