/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libsoup/soup.h>

#include "orf-error.h"

#include "core/orf-http-send.h"
#include "orf-ctl-connection.h"
#include "orf-ctl-listener.h"
#include "orf-ctl-reply.h"

/* A token file larger than this is no token file. */
#define MAX_TOKEN_BYTES 4096
/* One read; more only costs memory. */
#define CHUNK_BYTES (64 * 1024)

typedef struct {
  char *address;      /* "http://127.0.0.1:5000/rpc" */
  char *token;        /* NULL: none */
  gboolean is_cookie; /* it was found, and may be another daemon's */
  SoupSession *session;
} HttpTransport;

/* What the callbacks of one exchange fill in. */
typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable;
  GString *body;
  GError *error;
} Pending;

static const char *
http_get_address (gpointer self)
{
  return ((HttpTransport *) self)->address;
}

static void read_more (Pending *pending, GInputStream *stream);

/* Some of it, or with none its end. */
static void
body_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Pending *pending = user_data;
  GInputStream *stream = G_INPUT_STREAM (source);
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (stream, result, &pending->error);
  gsize length = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (length > 0)
    g_string_append_len (pending->body, g_bytes_get_data (bytes, NULL), (gssize) length);
  if (pending->body->len > ORF_CTL_MAX_REPLY_BYTES)
    g_set_error_literal (&pending->error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                         ORF_CTL_REPLY_TOO_LARGE);
  if (length > 0 && pending->error == NULL)
    read_more (pending, stream);
  else
    g_main_loop_quit (pending->loop);
}

static void
read_more (Pending *pending, GInputStream *stream)
{
  g_input_stream_read_bytes_async (stream, CHUNK_BYTES, G_PRIORITY_DEFAULT, pending->cancellable,
                                   body_read_cb, pending);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Pending *pending = user_data;
  g_autoptr (GInputStream)
    stream = orf_http_send_finish (SOUP_SESSION (source), result, &pending->error);

  if (stream != NULL)
    read_more (pending, stream);
  else
    g_main_loop_quit (pending->loop);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

static SoupMessage *
new_message (HttpTransport *transport, const GString *request)
{
  SoupMessage *message = soup_message_new ("POST", transport->address);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autoptr (GBytes) body = g_bytes_new (request->str, request->len);

  /* the daemon redirects nobody, and the token is for it alone */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_set_request_body_from_bytes (message, "application/json", body);
  if (transport->token != NULL) {
    g_autofree char *value = g_strconcat ("Bearer ", transport->token, NULL);

    soup_message_headers_append (headers, "Authorization", value);
  }
  return message;
}

/* In a main loop of this program's only thread, for libsoup's synchronous calls know no deadline.
 */
static void
run_exchange (HttpTransport *transport, SoupMessage *message, gint64 deadline_us, Pending *pending)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  int timeout_ms = orf_ctl_poll_timeout_ms (deadline_us);
  guint timer = 0;

  pending->loop = loop;
  pending->cancellable = cancellable;
  if (timeout_ms >= 0)
    timer = g_timeout_add ((guint) timeout_ms, deadline_cb, cancellable);
  orf_http_send_async (transport->session, message, cancellable, sent_cb, pending);
  g_main_loop_run (loop);
  g_clear_handle_id (&timer, g_source_remove);
}

/* A refusal from before the calls (host, size, token) is no JSON-RPC answer, but may say why. */
static OrfCtlExit
fail_status (SoupMessage *message, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the server answered HTTP %u %s",
               soup_message_get_status (message), soup_message_get_reason_phrase (message));
  return ORF_CTL_SERVER_ERROR;
}

/* One request and its answer; FALSE with *reason: there is none. */
static gboolean
ask (HttpTransport *transport,
     SoupMessage *message,
     gint64 deadline_us,
     GString *reply,
     GError **reason)
{
  Pending pending = { .body = g_string_truncate (reply, 0) };

  run_exchange (transport, message, deadline_us, &pending);
  if (pending.error == NULL)
    return TRUE;
  g_propagate_error (reason, pending.error);
  return FALSE;
}

/* Another daemon's cookie is refused where none at all would do. */
static gboolean
drop_refused_cookie (HttpTransport *transport, const GString *reply)
{
  g_autofree char *result = NULL;
  g_autoptr (GError) refusal = NULL;

  /* an answer may be long: it is parsed once more only where it can be that refusal */
  if (!transport->is_cookie ||
      strstr (reply->str, orf_error_code_to_name (ORF_ERROR_UNAUTHENTICATED)) == NULL)
    return FALSE;
  orf_ctl_reply_get_result ("", reply->str, reply->len, &result, &refusal);
  if (!g_error_matches (refusal, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED))
    return FALSE;
  transport->is_cookie = FALSE;
  g_clear_pointer (&transport->token, g_free);
  return TRUE;
}

static OrfCtlExit
http_exchange (
  gpointer self, const GString *request, gint64 deadline_us, GString *reply, GError **error)
{
  HttpTransport *transport = self;
  g_autoptr (SoupMessage) message = new_message (transport, request);
  g_autoptr (GError) reason = NULL;

  ask (transport, message, deadline_us, reply, &reason);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return orf_ctl_fail_deadline (error);
  if (reason != NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                 "no connection: %s. Is orfeasd running? Tried %s", reason->message,
                 transport->address);
    return ORF_CTL_NO_CONNECTION;
  }
  if (!orf_ctl_reply_is_response (reply->str, reply->len))
    return fail_status (message, error);
  if (drop_refused_cookie (transport, reply))
    return http_exchange (self, request, deadline_us, reply, error);
  return ORF_CTL_DONE;
}

static void
http_close (gpointer self)
{
  HttpTransport *transport = self;

  g_object_unref (transport->session);
  g_free (transport->address);
  g_free (transport->token);
  g_free (transport);
}

static const OrfCtlTransport http_transport = { http_get_address, http_exchange, NULL, http_close };

/* The token in a file that is ours (or root's) alone to read; NULL with an error. */
static char *
read_token (const char *path, GError **error)
{
  char text[MAX_TOKEN_BYTES + 1];
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gssize length = -1;

  if (fd >= 0 && fstat (fd, &info) == 0) {
    if (!S_ISREG (info.st_mode) || (info.st_mode & 077) != 0)
      errno = EPERM;
    else
      length = read (fd, text, MAX_TOKEN_BYTES);
  }
  if (length < 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED, "%s: %s", path,
                 errno == EPERM ? "a token file is a plain file of mode 0600" : g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (length < 0)
    return NULL;
  text[length] = '\0';
  return g_strdup (g_strstrip (text));
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (host, "localhost") == 0;
}

/* The cookie of a daemon on this machine, where there is one that we may read, and where it is that
 * daemon's user who listens at port.  Without it calls still work, with fewer rights, so that none
 * can be read is no error. */
static char *
find_cookie (guint16 port)
{
  g_autofree char *socket_path = orf_ctl_dup_default_socket ();
  g_autofree char *folder = g_path_get_dirname (socket_path);
  g_autofree char *path = g_build_filename (folder, "cookie", NULL);
  struct stat info;

  if (lstat (path, &info) != 0 || !orf_ctl_listener_is_of (port, info.st_uid))
    return NULL;
  return read_token (path, NULL);
}

static guint16
get_port (GUri *uri)
{
  if (g_uri_get_port (uri) > 0)
    return (guint16) g_uri_get_port (uri);
  return g_str_equal (g_uri_get_scheme (uri), "https") ? 443 : 80;
}

/* "127.0.0.1:5000" and "http://127.0.0.1:5000/" -> "http://127.0.0.1:5000/rpc" */
static GUri *
parse_url (const char *url, GError **error)
{
  g_autofree char *full = strstr (url, "://") != NULL ? g_strdup (url)
                                                      : g_strconcat ("http://", url, NULL);
  g_autoptr (GUri) uri = g_uri_parse (full, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *path;

  if (uri == NULL || (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) ||
      g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0') {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--url: \"%s\" is no address: write http://127.0.0.1:5000", url);
    return NULL;
  }
  path = g_uri_get_path (uri);
  return g_uri_build (SOUP_HTTP_URI_FLAGS, scheme, NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                      *path == '\0' || g_str_equal (path, "/") ? "/rpc" : path, NULL, NULL);
}

gboolean
orf_ctl_url_is_near (const char *url)
{
  g_autoptr (GUri) uri = parse_url (url, NULL);

  return uri != NULL && is_loopback (g_uri_get_host (uri));
}

static gboolean
read_trusted (const char *path, GTlsDatabase **trusted, GError **error)
{
  g_autoptr (GError) fault = NULL;
  g_autofree char *full = g_canonicalize_filename (path, NULL);

  *trusted = g_tls_file_database_new (full, &fault);
  if (*trusted != NULL)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--ca-file %s: %s", path,
               fault->message);
  return FALSE;
}

/* On the way to another machine everybody could read it. */
static gboolean
check_way (GUri *uri, GError **error)
{
  if (g_str_equal (g_uri_get_scheme (uri), "https") || is_loopback (g_uri_get_host (uri)))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--token-file: a token goes by https only, or to this machine, and not to http://%s",
               g_uri_get_host (uri));
  return FALSE;
}

OrfCtlExit
orf_ctl_http_open (const char *url,
                   const char *token_file,
                   const char *ca_file,
                   OrfCtlConnection *connection,
                   GError **error)
{
  g_autoptr (GUri) uri = parse_url (url, error);
  g_autoptr (GTlsDatabase) trusted = NULL;
  g_autofree char *token = NULL;
  HttpTransport *transport;

  if (uri == NULL || (ca_file != NULL && !read_trusted (ca_file, &trusted, error)))
    return ORF_CTL_USAGE;
  if (token_file != NULL) {
    token = check_way (uri, error) ? read_token (token_file, error) : NULL;
    if (token == NULL)
      return ORF_CTL_USAGE;
  } else if (is_loopback (g_uri_get_host (uri))) {
    token = find_cookie (get_port (uri));
  }
  transport = g_new0 (HttpTransport, 1);
  transport->address = g_uri_to_string (uri);
  transport->is_cookie = token_file == NULL && token != NULL;
  transport->token = g_steal_pointer (&token);
  /* no proxy: the daemon is near, and a token is nobody's business on the way */
  transport->session = soup_session_new_with_options ("proxy-resolver", NULL, "timeout", 0, NULL);
  if (trusted != NULL)
    soup_session_set_tls_database (transport->session, trusted);
  *connection = (OrfCtlConnection){ &http_transport, transport };
  return ORF_CTL_DONE;
}
