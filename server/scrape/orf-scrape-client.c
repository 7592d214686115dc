/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsoup speaks HTTP; what it leaves open is bounded here: the whole time, the size after
 * unpacking, and where a redirect may lead.
 */
#include "scrape/orf-scrape-client.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>

#include "core/orf-clock.h"
#include "core/orf-http-send.h"
#include "orf-error.h"

#define MAX_REDIRECTS 3
/* Read at a time. */
#define READ_BYTES (64 * 1024)
/* And then what has come meanwhile, so many times so much, before the loop turns. */
#define AT_HAND_BYTES (8 * 1024)
#define MAX_AT_HAND   32
/* As Prometheus asks. */
#define ACCEPT                                                                                     \
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"  \
  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
/* A connection that was not used for so long is closed: longer than most periods. */
#define IDLE_S 90

typedef struct {
  OrfScrapeFetched fetched;
  gpointer user_data;
  char *authorization; /* NULL: none */
  gint64 timeout_us, max_bytes;
  GCancellable *cancellable;
  guint timeout_id; /* 0: the time is over */
  GUri *uri;        /* where it is asked now */
  guint n_redirects;
  SoupMessage *message;
  GInputStream *stream;
  OrfScrapeBody *body;
  OrfExpositionFormat format;
} Fetch;

struct _OrfScrapeClient {
  SoupSession *session;
  GUri *uri;
  char *basic; /* the credentials of the URL as a header; NULL: none */
  gboolean is_loopback;
  OrfMemory *memory;
  Fetch *fetch; /* NULL: none is under way */
};

static void send (OrfScrapeClient *client);
static void read_more (OrfScrapeClient *client);

/* ---- the end --------------------------------------------------------------------------------- */

static void
fetch_free (Fetch *fetch)
{
  g_clear_handle_id (&fetch->timeout_id, g_source_remove);
  g_free (fetch->authorization);
  g_clear_object (&fetch->cancellable);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->stream);
  g_clear_pointer (&fetch->uri, g_uri_unref);
  g_clear_pointer (&fetch->body, orf_scrape_body_free);
  g_free (fetch);
}

/* Takes error; NULL: all is there. */
static void
finish (OrfScrapeClient *client, GError *error)
{
  Fetch *fetch = g_steal_pointer (&client->fetch);
  OrfScrapeBody *body = error == NULL ? g_steal_pointer (&fetch->body) : NULL;

  /* the callback may begin the next one */
  fetch->fetched (fetch->user_data, body, fetch->format, error);
  g_clear_error (&error);
  fetch_free (fetch);
}

static void
fail (OrfScrapeClient *client, OrfErrorCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
fail (OrfScrapeClient *client, OrfErrorCode code, const char *format, ...)
{
  va_list arguments;
  GError *error;

  va_start (arguments, format);
  error = g_error_new_valist (ORF_ERROR, (int) code, format, arguments);
  va_end (arguments);
  finish (client, error);
}

/* Takes foreign, of GIO or libsoup. */
static void
fail_foreign (OrfScrapeClient *client, GError *foreign)
{
  g_autoptr (GError) error = foreign;

  if (client->fetch->timeout_id == 0)
    fail (client, ORF_ERROR_DEADLINE_EXCEEDED, "not there within %" G_GINT64_FORMAT " ms",
          client->fetch->timeout_us / ORF_US_PER_MS);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    fail (client, ORF_ERROR_CANCELLED, "cancelled");
  else
    fail (client, ORF_ERROR_UNAVAILABLE, "%s", error->message);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Fetch *fetch = user_data;

  fetch->timeout_id = 0;
  g_cancellable_cancel (fetch->cancellable);
  return G_SOURCE_REMOVE;
}

/* ---- the body -------------------------------------------------------------------------------- */

/* FALSE: it was too much, and the fetch is over. */
static gboolean
take_bytes (OrfScrapeClient *client, const void *data, gsize length)
{
  Fetch *fetch = client->fetch;
  GError *error = NULL;

  if ((gint64) (fetch->body->bytes->len + length) > fetch->max_bytes) {
    fail (client, ORF_ERROR_RESOURCE_EXHAUSTED,
          "larger than %" G_GINT64_FORMAT " bytes ([scrape] max_bytes)", fetch->max_bytes);
    return FALSE;
  }
  if (!orf_memory_check_part (client->memory, ORF_MEMORY_CONNECTIONS, &error)) {
    finish (client, error);
    return FALSE;
  }
  orf_scrape_body_append (fetch->body, data, length);
  return TRUE;
}

/* libsoup takes the end of the connection for the end of a body, however long that was to be. */
static void
take_end (OrfScrapeClient *client)
{
  const Fetch *fetch = client->fetch;
  SoupMessageHeaders *headers = soup_message_get_response_headers (fetch->message);
  goffset length = soup_message_headers_get_content_length (headers);

  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH &&
      soup_message_headers_get_one (headers, "Content-Encoding") == NULL &&
      length != (goffset) fetch->body->bytes->len)
    fail (client, ORF_ERROR_UNAVAILABLE, "the page was cut: %u of %" G_GOFFSET_FORMAT " bytes came",
          fetch->body->bytes->len, length);
  else
    finish (client, NULL);
}

/* What has come already, without a turn of the loop for each chunk: servers send them by a few
 * kilobytes.  FALSE: the fetch is over. */
static gboolean
read_at_hand (OrfScrapeClient *client)
{
  GInputStream *stream = client->fetch->stream;
  gboolean more = G_IS_POLLABLE_INPUT_STREAM (stream) &&
                  g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (stream));

  for (guint n = 0; more && n < MAX_AT_HAND; n++) {
    char data[AT_HAND_BYTES];
    GError *error = NULL;
    gssize length = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream),
                                                              data, sizeof data,
                                                              client->fetch->cancellable, &error);

    if (length == 0) {
      take_end (client);
      return FALSE;
    }
    if (length > 0 && !take_bytes (client, data, (gsize) length))
      return FALSE;
    if (length < 0) {
      more = FALSE;
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        fail_foreign (client, error);
        return FALSE;
      }
      g_clear_error (&error);
    }
  }
  return TRUE;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OrfScrapeClient *client = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize length = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (bytes == NULL)
    fail_foreign (client, g_steal_pointer (&error));
  else if (length == 0)
    take_end (client);
  else if (take_bytes (client, g_bytes_get_data (bytes, NULL), length) && read_at_hand (client))
    read_more (client);
}

static void
read_more (OrfScrapeClient *client)
{
  g_input_stream_read_bytes_async (client->fetch->stream, READ_BYTES, G_PRIORITY_DEFAULT,
                                   client->fetch->cancellable, read_cb, client);
}

/* ---- the head -------------------------------------------------------------------------------- */

static gboolean
find_format (SoupMessage *message, OrfExpositionFormat *format, const char **type)
{
  *type = soup_message_headers_get_content_type (soup_message_get_response_headers (message), NULL);
  *format = *type != NULL && g_ascii_strcasecmp (*type, "application/openmetrics-text") == 0
              ? ORF_EXPOSITION_OPENMETRICS
              : ORF_EXPOSITION_TEXT;
  /* who says nothing means the text, to Prometheus too */
  return *type == NULL || *format == ORF_EXPOSITION_OPENMETRICS ||
         g_ascii_strcasecmp (*type, "text/plain") == 0;
}

static gboolean
same_host (GUri *a, GUri *b)
{
  return g_ascii_strcasecmp (g_uri_get_host (a), g_uri_get_host (b)) == 0;
}

static gboolean
same_origin (GUri *a, GUri *b)
{
  return same_host (a, b) && g_uri_get_port (a) == g_uri_get_port (b) &&
         g_str_equal (g_uri_get_scheme (a), g_uri_get_scheme (b));
}

static gboolean
may_lead (GUri *from, GUri *to)
{
  const char *scheme = g_uri_get_scheme (to);

  return g_uri_get_host (to) != NULL && same_host (from, to) &&
         (g_str_equal (scheme, "https") ||
          (g_str_equal (scheme, "http") && g_str_equal (g_uri_get_scheme (from), "http")));
}

static void
redirect (OrfScrapeClient *client)
{
  Fetch *fetch = client->fetch;
  const char *location =
    soup_message_headers_get_one (soup_message_get_response_headers (fetch->message), "Location");
  g_autoptr (GUri) to = location != NULL
                          ? g_uri_parse_relative (fetch->uri, location, SOUP_HTTP_URI_FLAGS, NULL)
                          : NULL;

  if (to == NULL || !may_lead (fetch->uri, to)) {
    fail (client, ORF_ERROR_UNAVAILABLE,
          "redirected to where it is not followed: to another host, or from https to http");
    return;
  }
  if (++fetch->n_redirects > MAX_REDIRECTS) {
    fail (client, ORF_ERROR_UNAVAILABLE, "redirected more than %d times", MAX_REDIRECTS);
    return;
  }
  if (!same_origin (fetch->uri, to))
    g_clear_pointer (&fetch->authorization, g_free);
  g_uri_unref (fetch->uri);
  fetch->uri = g_steal_pointer (&to);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->stream);
  send (client);
}

static void
look_at_head (OrfScrapeClient *client)
{
  Fetch *fetch = client->fetch;
  SoupStatus status = soup_message_get_status (fetch->message);
  const char *type;

  if (SOUP_STATUS_IS_REDIRECTION (status) && status != SOUP_STATUS_NOT_MODIFIED)
    redirect (client);
  else if (status != SOUP_STATUS_OK)
    fail (client, ORF_ERROR_UNAVAILABLE, "answered HTTP %u", (guint) status);
  else if (!find_format (fetch->message, &fetch->format, &type))
    fail (client, ORF_ERROR_INVALID_ARGUMENT, "answered %.80s, which is no page of metrics", type);
  else
    read_more (client);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OrfScrapeClient *client = user_data;
  GError *error = NULL;

  client->fetch->stream = orf_http_send_finish (SOUP_SESSION (source), result, &error);
  if (client->fetch->stream == NULL)
    fail_foreign (client, error);
  else
    look_at_head (client);
}

static void
send (OrfScrapeClient *client)
{
  Fetch *fetch = client->fetch;
  SoupMessageHeaders *headers;
  g_autofree char *patience = g_strdup_printf ("%g",
                                               (double) fetch->timeout_us / (double) ORF_US_PER_S);

  fetch->message = soup_message_new_from_uri ("GET", fetch->uri);
  soup_message_add_flags (fetch->message,
                          SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);
  headers = soup_message_get_request_headers (fetch->message);
  soup_message_headers_replace (headers, "Accept", ACCEPT);
  /* packing costs both sides more than a loopback saves */
  soup_message_headers_replace (headers, "Accept-Encoding",
                                client->is_loopback ? "identity" : "gzip");
  soup_message_headers_replace (headers, "X-Prometheus-Scrape-Timeout-Seconds", patience);
  if (fetch->authorization != NULL)
    soup_message_headers_replace (headers, "Authorization", fetch->authorization);
  orf_http_send_async (client->session, fetch->message, fetch->cancellable, sent_cb, client);
}

void
orf_scrape_client_fetch (OrfScrapeClient *client,
                         const OrfScrapeRequest *request,
                         OrfScrapeFetched fetched,
                         gpointer user_data)
{
  Fetch *fetch = g_new0 (Fetch, 1);

  g_assert (client->fetch == NULL);
  client->fetch = fetch;
  fetch->fetched = fetched;
  fetch->user_data = user_data;
  fetch->authorization = request->token != NULL ? g_strconcat ("Bearer ", request->token, NULL)
                                                : g_strdup (client->basic);
  fetch->timeout_us = request->timeout_us;
  fetch->max_bytes = request->max_bytes;
  fetch->cancellable = g_cancellable_new ();
  fetch->timeout_id = g_timeout_add ((guint) MAX (request->timeout_us / ORF_US_PER_MS, 1),
                                     timeout_cb, fetch);
  fetch->uri = g_uri_ref (client->uri);
  fetch->body = orf_scrape_body_new (client->memory);
  send (client);
}

void
orf_scrape_client_cancel (OrfScrapeClient *client)
{
  if (client->fetch != NULL)
    g_cancellable_cancel (client->fetch->cancellable);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* FALSE: the file is none; NULL in database: none is asked for. */
static gboolean
load_authorities (const char *ca_file, GTlsDatabase **database, GError **error)
{
  g_autoptr (GError) foreign = NULL;

  *database = NULL;
  if (ca_file[0] == '\0')
    return TRUE;
  if (!g_path_is_absolute (ca_file)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "ca_file: %s is no absolute path",
                 ca_file);
    return FALSE;
  }
  *database = g_tls_file_database_new (ca_file, &foreign);
  if (*database != NULL)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "ca_file: %s", foreign->message);
  return FALSE;
}

static SoupSession *
make_session (const OrfUrl *url, GTlsDatabase *database)
{
  g_autoptr (GSocketAddress)
    remote = url->socket_path != NULL ? g_unix_socket_address_new (url->socket_path) : NULL;
  /* a proxy would see what is meant for the target, and be asked for loopback too */
  SoupSession *session = soup_session_new_with_options ("user-agent", "orfeas/" ORF_VERSION,
                                                        "idle-timeout", IDLE_S, "proxy-resolver",
                                                        NULL, "remote-connectable", remote, NULL);

  if (database != NULL)
    soup_session_set_tls_database (session, database);
  return session;
}

OrfScrapeClient *
orf_scrape_client_new (const OrfUrl *url, const char *ca_file, OrfMemory *memory, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;
  OrfScrapeClient *client;

  if (!load_authorities (ca_file, &database, error))
    return NULL;
  client = g_new0 (OrfScrapeClient, 1);
  client->session = make_session (url, database);
  client->uri = g_uri_parse (url->request, SOUP_HTTP_URI_FLAGS, NULL); /* it was parsed before */
  client->is_loopback = url->is_loopback;
  client->memory = memory;
  if (url->credentials != NULL) {
    g_autofree char *packed = g_base64_encode ((const guchar *) url->credentials,
                                               strlen (url->credentials));

    client->basic = g_strconcat ("Basic ", packed, NULL);
  }
  return client;
}

void
orf_scrape_client_free (OrfScrapeClient *client)
{
  g_assert (client->fetch == NULL);
  g_object_unref (client->session);
  g_uri_unref (client->uri);
  g_free (client->basic);
  g_free (client);
}
