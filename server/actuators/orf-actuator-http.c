/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actuators/orf-actuator-http.h"

#include <stdio.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>

#include "core/orf-clock.h"
#include "core/orf-http-send.h"
#include "core/orf-url.h"
#include "orf-error.h"

/* A page of vLLM's metrics has 0.2 MB. */
#define MAX_BODY_BYTES  (4 * 1024 * 1024)
#define READ_BYTES      (16 * 1024)
#define MAX_TOKEN_BYTES 4096
/* A connection that was not used for so long is closed, before most servers do it. */
#define IDLE_S 4

/* Lives until libsoup has let go of it, which may be after its client. */
typedef struct {
  OrfActuatorHttp *http; /* NULL: nobody waits any more */
  OrfActuatorAnswered answered;
  gpointer user_data;
  GCancellable *cancellable;
  guint timer_id;
  gboolean timed_out;
  SoupMessage *message;
  GInputStream *stream;
  GString *body;
} Exchange;

struct _OrfActuatorHttp {
  const OrfConfigActuator *settings;
  OrfUrl *url;
  SoupSession *session;
  Exchange *exchange; /* NULL: none is under way */
};

static void read_more (Exchange *exchange);

/* ---- the end --------------------------------------------------------------------------------- */

static void
exchange_free (Exchange *exchange)
{
  g_clear_handle_id (&exchange->timer_id, g_source_remove);
  g_clear_object (&exchange->cancellable);
  g_clear_object (&exchange->message);
  g_clear_object (&exchange->stream);
  g_string_free (exchange->body, TRUE);
  g_free (exchange);
}

/* problem NULL: it answered. */
static void
finish (Exchange *exchange, const char *problem)
{
  guint status = exchange->message != NULL ? soup_message_get_status (exchange->message) : 0;

  if (exchange->http != NULL) {
    exchange->http->exchange = NULL; /* the callback may begin the next, or free the client */
    exchange->answered (exchange->user_data, status, exchange->body,
                        exchange->timed_out ? "no answer in time" : problem);
  }
  exchange_free (exchange);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange->timer_id = 0;
  exchange->timed_out = TRUE;
  g_cancellable_cancel (exchange->cancellable);
  return G_SOURCE_REMOVE;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize length = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (bytes == NULL) {
    finish (exchange, error->message);
  } else if (length == 0) {
    finish (exchange, NULL);
  } else if (exchange->body->len + length > MAX_BODY_BYTES) {
    finish (exchange, "its answer is too large");
  } else {
    g_string_append_len (exchange->body, g_bytes_get_data (bytes, NULL), (gssize) length);
    read_more (exchange);
  }
}

static void
read_more (Exchange *exchange)
{
  g_input_stream_read_bytes_async (exchange->stream, READ_BYTES, G_PRIORITY_DEFAULT,
                                   exchange->cancellable, read_cb, exchange);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autoptr (GError) error = NULL;

  exchange->stream = orf_http_send_finish (SOUP_SESSION (source), result, &error);
  if (exchange->stream == NULL)
    finish (exchange, error->message);
  else
    read_more (exchange);
}

/* ---- the request ----------------------------------------------------------------------------- */

/* The path stands behind the server's URL, whose query is none of its. */
static GUri *
make_uri (OrfActuatorHttp *http, const char *path)
{
  g_autofree char *text = NULL;
  gsize length;

  if (path == NULL)
    return g_uri_parse (http->url->request, SOUP_HTTP_URI_FLAGS, NULL);
  length = strcspn (http->url->request, "?#");
  while (length > 0 && http->url->request[length - 1] == '/')
    length--;
  text = g_strdup_printf ("%.*s%s", (int) length, http->url->request, path);
  return g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
}

static char *
dup_authorization (OrfActuatorHttp *http)
{
  const char *path = http->settings->token_file, *credentials = http->url->credentials;
  char line[MAX_TOKEN_BYTES] = "";
  FILE *file;

  if (path[0] == '\0') {
    g_autofree char *packed = credentials != NULL ? g_base64_encode ((const guchar *) credentials,
                                                                     strlen (credentials))
                                                  : NULL;

    return packed != NULL ? g_strconcat ("Basic ", packed, NULL) : NULL;
  }
  file = fopen (path, "re");
  if (file == NULL || fgets (line, sizeof line, file) == NULL)
    line[0] = '\0';
  if (file != NULL)
    fclose (file);
  g_strstrip (line);
  /* the server's 401 then tells that there was none */
  return line[0] != '\0' && g_str_is_ascii (line) ? g_strconcat ("Bearer ", line, NULL) : NULL;
}

static SoupMessage *
make_message (OrfActuatorHttp *http, const OrfActuatorRequest *request)
{
  g_autoptr (GUri) uri = make_uri (http, request->path);
  g_autofree char *authorization = dup_authorization (http);
  g_autoptr (GBytes) body = NULL;
  SoupMessage *message = uri != NULL ? soup_message_new_from_uri (request->verb, uri) : NULL;

  if (message == NULL)
    return NULL;
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);
  if (request->body != NULL) {
    body = g_bytes_new (request->body, strlen (request->body));
    soup_message_set_request_body_from_bytes (message, "application/json", body);
  } else if (g_str_equal (request->verb, "POST")) {
    soup_message_headers_set_content_length (soup_message_get_request_headers (message), 0);
  }
  if (authorization != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                  authorization);
  return message;
}

static gboolean
bad_request_cb (gpointer user_data)
{
  finish (user_data, "its URL cannot be asked");
  return G_SOURCE_REMOVE;
}

void
orf_actuator_http_send (OrfActuatorHttp *http,
                        const OrfActuatorRequest *request,
                        gint64 timeout_us,
                        OrfActuatorAnswered answered,
                        gpointer user_data)
{
  Exchange *exchange = g_new0 (Exchange, 1);

  g_assert (http->exchange == NULL);
  http->exchange = exchange;
  exchange->http = http;
  exchange->answered = answered;
  exchange->user_data = user_data;
  exchange->body = g_string_new (NULL);
  exchange->cancellable = g_cancellable_new ();
  exchange->timer_id = g_timeout_add ((guint) CLAMP (timeout_us / ORF_US_PER_MS, 1, G_MAXINT32),
                                      timeout_cb, exchange);
  exchange->message = make_message (http, request);
  if (exchange->message == NULL)
    g_idle_add (bad_request_cb, exchange);
  else
    orf_http_send_async (http->session, exchange->message, exchange->cancellable, sent_cb,
                         exchange);
}

void
orf_actuator_http_cancel (OrfActuatorHttp *http)
{
  Exchange *exchange = g_steal_pointer (&http->exchange);

  if (exchange == NULL)
    return;
  exchange->http = NULL;
  g_cancellable_cancel (exchange->cancellable);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* FALSE: the file is none; NULL in database: none is asked for. */
static gboolean
load_authorities (const OrfConfigActuator *settings, GTlsDatabase **database, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) foreign = NULL;

  *database = NULL;
  if (settings->ca_file[0] == '\0')
    return TRUE;
  path = g_canonicalize_filename (settings->ca_file, NULL);
  *database = g_tls_file_database_new (path, &foreign);
  if (*database != NULL)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "actuators.%s.ca_file: %s",
               settings->name, foreign->message);
  return FALSE;
}

OrfActuatorHttp *
orf_actuator_http_new (const OrfConfigActuator *settings, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GSocketAddress) remote = NULL;
  OrfActuatorHttp *http;

  if (!load_authorities (settings, &database, error))
    return NULL;
  http = g_new0 (OrfActuatorHttp, 1);
  http->settings = settings;
  http->url = orf_url_parse (settings->target, "/");
  if (http->url->socket_path != NULL)
    remote = g_unix_socket_address_new (http->url->socket_path);
  http->session = soup_session_new_with_options ("user-agent", "orfeasd/" ORF_VERSION,
                                                 "idle-timeout", IDLE_S, "proxy-resolver", NULL,
                                                 "remote-connectable", remote, NULL);
  /* what would be unpacked is not read, and a bomb not at all */
  soup_session_remove_feature_by_type (http->session, SOUP_TYPE_CONTENT_DECODER);
  if (database != NULL)
    soup_session_set_tls_database (http->session, database);
  return http;
}

void
orf_actuator_http_free (OrfActuatorHttp *http)
{
  orf_actuator_http_cancel (http);
  g_object_unref (http->session);
  orf_url_free (http->url);
  g_free (http);
}

const char *
orf_actuator_http_get_shown (OrfActuatorHttp *http)
{
  return http->url->shown;
}
