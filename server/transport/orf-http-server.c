/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "transport/orf-exposure.h"
#include "transport/orf-http-address.h"
#include "transport/orf-http-connection.h"
#include "transport/orf-listener.h"
#include "transport/orf-tls-relay.h"

/* How late a deadline may be noticed: the shortest that may be configured is 100 ms. One pass over
 * all connections costs less than a timer for each request. */
#define TICK_MS 100

struct _OrfHttpServer {
  OrfHttpService service;
  OrfHttpHost host;
  OrfHttpHost socket_host; /* of connections that came by `socket` */
  OrfSocketServer *socket; /* NULL: none does */
  SoupServer *soup;
  int pair_fd;           /* see give_listener() */
  OrfListener *listener; /* NULL once draining */
  OrfTlsRelay *relay;    /* NULL: without TLS */
  gboolean wildcard;     /* we listen on all addresses */
  GSocketAddress *local;
  GQueue connections;
  guint tick_id; /* runs while there are connections */
  char *listen_host;
  char *url;
  void (*drained) (gpointer user_data);
  gpointer drained_data;
  guint drained_id;
};

static gboolean
tick_cb (gpointer user_data)
{
  OrfHttpServer *server = user_data;
  gint64 now_us = orf_clock_monotonic_us ();
  GList *next;

  for (GList *link = server->connections.head; link != NULL; link = next) {
    next = link->next;
    orf_http_connection_expire (link->data, now_us);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
drained_cb (gpointer user_data)
{
  OrfHttpServer *server = user_data;

  server->drained_id = 0;
  server->drained (server->drained_data);
  return G_SOURCE_REMOVE;
}

static void
release_cb (gpointer user_data, GSocketAddress *address)
{
  OrfHttpServer *server = user_data;

  if (server->listener != NULL)
    orf_listener_release (server->listener, address);
}

static void
closed_cb (gpointer user_data, GList *link)
{
  OrfHttpServer *server = user_data;

  g_queue_unlink (&server->connections, link);
  if (server->connections.length > 0)
    return;
  g_clear_handle_id (&server->tick_id, g_source_remove);
  /* later: who is told may free the server, and libsoup may be above us on the stack */
  if (server->drained != NULL && server->drained_id == 0)
    server->drained_id = g_idle_add (drained_cb, server);
}

/* Takes fd. */
static OrfHttpConnection *
open_connection (OrfHttpServer *server, int fd, GSocketAddress *address, GError **error)
{
  g_autofree char *local = server->wildcard ? orf_http_address_dup_local (fd) : NULL;

  if (server->relay != NULL && (fd = orf_tls_relay_add (server->relay, fd, error)) < 0)
    return NULL;
  return orf_http_connection_new (&server->host, fd, address, local, error);
}

static void
keep (OrfHttpServer *server, OrfHttpConnection *connection)
{
  g_queue_push_tail_link (&server->connections, orf_http_connection_get_link (connection));
  if (server->tick_id == 0)
    server->tick_id = g_timeout_add (TICK_MS, tick_cb, server);
}

static void
accept_cb (gpointer user_data, int fd, GSocketAddress *address)
{
  OrfHttpServer *server = user_data;
  g_autoptr (GError) error = NULL;
  OrfHttpConnection *connection = open_connection (server, fd, address, &error);

  if (connection == NULL) {
    g_warning ("a connection is closed at once: %s", error->message);
    orf_listener_release (server->listener, address);
    return;
  }
  keep (server, connection);
}

static void
release_socket_cb (gpointer user_data, GSocketAddress *address)
{
  orf_socket_server_release (((OrfHttpServer *) user_data)->socket, address);
}

/* Takes fd, where no new request is taken any more too: its first is told so. */
static void
take_cb (gpointer user_data, int fd, GSocketAddress *address)
{
  OrfHttpServer *server = user_data;
  g_autoptr (GError) error = NULL;
  OrfHttpConnection *connection = orf_http_connection_new (&server->socket_host, fd, address, NULL,
                                                           &error);

  if (connection == NULL) {
    g_warning ("a connection is closed at once: %s", error->message);
    orf_socket_server_release (server->socket, address);
    return;
  }
  keep (server, connection);
}

void
orf_http_server_join_socket (OrfHttpServer *server, OrfSocketServer *socket)
{
  const OrfSocketHttp http = { take_cb, server };

  server->socket = socket;
  server->socket_host = server->host;
  server->socket_host.release = release_socket_cb;
  orf_socket_server_set_http (socket, &http);
}

static void
begin_cb (gpointer user_data, OrfHttpConnection *connection)
{
  OrfHttpServer *server = user_data;

  /* cannot fail */
  soup_server_accept_iostream (server->soup, orf_http_connection_get_stream (connection),
                               server->local, orf_http_connection_get_address (connection), NULL);
}

static void
request_read_cb (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  OrfHttpConnection *connection = orf_http_connection_find (message);

  if (connection != NULL)
    orf_http_connection_serve (connection, message);
}

/* libsoup keeps no connection alive unless it has a listener.  It gets one that nobody can connect
 * to: one end of a socket pair, where never anything comes. */
static gboolean
give_listener (OrfHttpServer *server, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot make a socket pair");
    return FALSE;
  }
  server->pair_fd = fds[0];
  socket = g_socket_new_from_fd (fds[1], &local_error);
  if (socket == NULL)
    close (fds[1]);
  if (socket == NULL || !soup_server_listen_socket (server->soup, socket, 0, &local_error)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "libsoup does not start: %s",
                 local_error->message);
    return FALSE;
  }
  return TRUE;
}

static gboolean
start_soup (OrfHttpServer *server, GError **error)
{
  /* raw: the path is decoded by us, from the target as it came */
  server->soup = soup_server_new ("raw-paths", TRUE, NULL);
  /* we speak WebSocket ourselves, if at all; deflate made 120 MB of a frame of 117 KB */
  soup_server_remove_websocket_extension (server->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  g_signal_connect (server->soup, "request-read", G_CALLBACK (request_read_cb), server);
  return give_listener (server, error);
}

static char *
dup_listen_host (const char *listen)
{
  const char *colon = strrchr (listen, ':');

  if (listen[0] == '[' && colon[-1] == ']')
    return g_strndup (listen + 1, (gsize) (colon - listen) - 2);
  return g_strndup (listen, (gsize) (colon - listen));
}

static OrfTlsCredentials *
load_credentials (const OrfConfig *config, GError **error)
{
  return orf_tls_credentials_load (config->listen.tls_certificate, config->listen.tls_key, error);
}

static gboolean
start_tls (OrfHttpServer *server, const OrfConfig *config, GError **error)
{
  const OrfTlsRelayLimits limits = {
    .link = { config->listen.header_us, config->listen.body_us },
    /* those that the server has closed already may linger for a second */
    .max_links = 2 * (guint) config->listen.max_connections,
  };
  OrfTlsCredentials *credentials;

  if (config->listen.tls_certificate[0] == '\0')
    return TRUE;
  credentials = load_credentials (config, error);
  if (credentials == NULL)
    return FALSE;
  server->relay = orf_tls_relay_new (credentials, &limits, error);
  return server->relay != NULL;
}

gboolean
orf_http_server_reload_certificate (OrfHttpServer *server, GError **error)
{
  const OrfConfig *config = server->service.policy.config;
  OrfTlsCredentials *credentials;

  if (server->relay == NULL)
    return TRUE;
  credentials = load_credentials (config, error);
  if (credentials == NULL)
    return FALSE;
  orf_tls_relay_set_credentials (server->relay, credentials);
  return TRUE;
}

static gboolean
start_listener (OrfHttpServer *server,
                const OrfHttpParts *parts,
                const char *key,
                const char *address,
                GError **error)
{
  const OrfConfig *config = parts->config;
  const OrfListenerLimits limits = {
    .backlog = (int) config->listen.backlog,
    .max_connections = (guint) config->listen.max_connections,
    .max_connections_per_address = (guint) config->listen.max_connections_per_address,
  };
  guint16 port;

  server->listener = orf_listener_new_tcp (parts->poller, address, &limits, accept_cb, server,
                                           error);
  if (server->listener == NULL)
    return FALSE;
  if (!orf_exposure_check (config, key, address, orf_listener_is_loopback (server->listener),
                           error))
    return FALSE;
  port = orf_listener_get_port (server->listener);
  server->listen_host = dup_listen_host (address);
  server->url =
    g_strdup_printf (strchr (server->listen_host, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u",
                     server->relay != NULL ? "https" : "http", server->listen_host, port);
  server->local = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  server->service.policy = (OrfHttpPolicy){ config, server->listen_host, port,
                                            server->relay != NULL };
  server->wildcard = strcmp (server->listen_host, "0.0.0.0") == 0 ||
                     strcmp (server->listen_host, "::") == 0;
  return TRUE;
}

static void
clear_page (gpointer data)
{
  g_free (((OrfHttpPageEntry *) data)->path);
}

static void
clear_socket (gpointer data)
{
  g_free (((OrfHttpSocketEntry *) data)->path);
}

static OrfHttpServer *
make_server (
  const OrfHttpParts *parts, const char *key, const char *address, gboolean bare, GError **error)
{
  g_autoptr (OrfHttpServer) server = g_new0 (OrfHttpServer, 1);

  server->pair_fd = -1;
  server->service.router = orf_router_ref (parts->router);
  server->service.gate = parts->gate;
  server->service.bare = bare;
  server->service.pages = g_array_new (FALSE, FALSE, sizeof (OrfHttpPageEntry));
  g_array_set_clear_func (server->service.pages, clear_page);
  server->service.sockets = g_array_new (FALSE, FALSE, sizeof (OrfHttpSocketEntry));
  g_array_set_clear_func (server->service.sockets, clear_socket);
  server->host = (OrfHttpHost){ .service = &server->service,
                                .poller = parts->poller,
                                .begin = begin_cb,
                                .closed = closed_cb,
                                .release = release_cb,
                                .user_data = server };
  if (!start_soup (server, error) || !start_tls (server, parts->config, error) ||
      !start_listener (server, parts, key, address, error))
    return NULL;
  return g_steal_pointer (&server);
}

OrfHttpServer *
orf_http_server_new (
  OrfRouter *router, OrfPoller *poller, OrfGate *gate, const OrfConfig *config, GError **error)
{
  const OrfHttpParts parts = { router, poller, gate, config };

  return make_server (&parts, "listen.http", config->listen.http, FALSE, error);
}

OrfHttpServer *
orf_http_server_new_bare (const OrfHttpParts *parts,
                          const char *key,
                          const char *address,
                          GError **error)
{
  return make_server (parts, key, address, TRUE, error);
}

void
orf_http_server_free (OrfHttpServer *server)
{
  if (server == NULL)
    return;
  server->drained = NULL;
  if (server->socket != NULL)
    orf_socket_server_set_http (server->socket, &(OrfSocketHttp){ NULL, NULL });
  g_clear_pointer (&server->listener, orf_listener_free);
  /* closes all streams */
  soup_server_disconnect (server->soup);
  while (server->connections.head != NULL)
    orf_http_connection_free (server->connections.head->data);
  g_clear_pointer (&server->relay, orf_tls_relay_free); /* sends what they have left */
  g_clear_handle_id (&server->tick_id, g_source_remove);
  g_clear_handle_id (&server->drained_id, g_source_remove);
  g_object_unref (server->soup);
  if (server->pair_fd >= 0)
    close (server->pair_fd);
  g_clear_object (&server->local);
  g_array_unref (server->service.pages);
  g_array_unref (server->service.sockets);
  orf_router_unref (server->service.router);
  g_free (server->listen_host);
  g_free (server->url);
  g_free (server);
}

const char *
orf_http_server_get_url (OrfHttpServer *server)
{
  return server->url;
}

void
orf_http_server_add_page (
  OrfHttpServer *server, const char *path, gboolean open, OrfHttpPageFunc func, gpointer user_data)
{
  const OrfHttpPageEntry entry = { g_strdup (path), open, FALSE, func, user_data };

  g_array_append_val (server->service.pages, entry);
}

void
orf_http_server_add_upload (OrfHttpServer *server,
                            const char *path,
                            OrfHttpPageFunc func,
                            gpointer user_data)
{
  const OrfHttpPageEntry entry = { g_strdup (path), FALSE, TRUE, func, user_data };

  g_array_append_val (server->service.pages, entry);
}

void
orf_http_server_add_socket (OrfHttpServer *server,
                            const char *path,
                            OrfRole role,
                            const OrfHttpSocketOps *ops)
{
  const OrfHttpSocketEntry entry = { g_strdup (path), role, *ops };

  g_array_append_val (server->service.sockets, entry);
}

void
orf_http_server_drain (OrfHttpServer *server,
                       void (*drained) (gpointer user_data),
                       gpointer user_data)
{
  GList *next;

  server->service.draining = TRUE;
  server->host.draining_us = server->socket_host.draining_us = orf_clock_monotonic_us ();
  g_clear_pointer (&server->listener, orf_listener_free);
  for (GList *link = server->connections.head; link != NULL; link = next) {
    next = link->next;
    orf_http_connection_drain (link->data);
  }
  server->drained = drained;
  server->drained_data = user_data;
  if (server->connections.length == 0)
    drained (user_data);
}
