/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-socket-server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "transport/orf-listener.h"
#include "transport/orf-socket-session.h"

/* Local callers come one by one; the kernel's own limit for a Unix socket is as high. */
#define BACKLOG 4096

struct _OrfSocketServer {
  OrfRouter *router;
  OrfPoller *poller;
  const OrfConfig *config;
  OrfListener *listener; /* NULL once draining */
  GQueue clients;
  OrfStreamTable *streams;
  OrfSocketHttp http; /* take NULL: nobody */
  void (*drained) (gpointer user_data);
  gpointer drained_data;
};

typedef struct {
  OrfSocketServer *server;
  OrfSocketSession *session;
  GSocketAddress *address; /* NULL: another has the connection */
  GList link;
} Client;

void
orf_socket_server_release (OrfSocketServer *server, GSocketAddress *address)
{
  if (server->listener != NULL)
    orf_listener_release (server->listener, address);
}

static void
client_free (Client *client)
{
  g_queue_unlink (&client->server->clients, &client->link);
  g_clear_pointer (&client->session, orf_socket_session_free);
  if (client->address != NULL)
    orf_socket_server_release (client->server, client->address);
  g_clear_object (&client->address);
  g_free (client);
}

/* Frees it; the last one ends a drain. */
static void
end_client (Client *client)
{
  OrfSocketServer *server = client->server;

  client_free (client);
  if (server->drained != NULL && server->clients.length == 0)
    server->drained (server->drained_data);
}

static void
closed_cb (gpointer user_data, OrfSocketSession *session)
{
  end_client (user_data);
}

static void
speaks_http_cb (gpointer user_data, OrfSocketSession *session)
{
  Client *client = user_data;
  const OrfSocketHttp *http = &client->server->http;
  g_autoptr (GSocketAddress) address = g_steal_pointer (&client->address);

  http->take (http->user_data, orf_socket_session_steal_fd (session), address);
  end_client (client);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void
publish_cb (gpointer outlet, guint64 channel, OrfBlob *value)
{
  orf_stream_table_publish (((OrfSocketServer *) outlet)->streams, channel, value);
}

static void
end_cb (gpointer outlet, guint64 channel, const char *status)
{
  orf_stream_table_end (((OrfSocketServer *) outlet)->streams, channel, status);
}

static const OrfStreamOutlet outlet_ops = { .publish = publish_cb, .end = end_cb };

/* ---- clients --------------------------------------------------------------------------------- */

/* Ourselves and root, who could do anything to us anyway. */
static gboolean
identify (int fd, uid_t *uid, pid_t *pid)
{
  struct ucred peer;
  socklen_t length = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return FALSE;
  *uid = peer.uid;
  *pid = peer.pid; /* 0: it is in a namespace that we do not see */
  return peer.uid == geteuid () || peer.uid == 0;
}

static void
accept_cb (gpointer user_data, int fd, GSocketAddress *address)
{
  OrfSocketServer *server = user_data;
  Client *client;
  uid_t uid;
  pid_t pid;
  g_autofree char *actor = NULL;
  g_autoptr (GError) error = NULL;
  OrfSocketSessionOptions options = {
    .router = server->router,
    .poller = server->poller,
    .max_queue_bytes = (gsize) server->config->socket.max_queue_bytes,
    .idle_us = server->config->socket.idle_us,
    .streams = server->streams,
    .stall_us = server->config->stream.stall_us,
    .role = ORF_ROLE_ADMIN,
    .speaks_http = server->http.take != NULL ? speaks_http_cb : NULL,
    .closed = closed_cb,
  };

  if (!identify (fd, &uid, &pid)) {
    close (fd);
    orf_listener_release (server->listener, address);
    return;
  }
  client = g_new0 (Client, 1);
  client->server = server;
  client->address = g_object_ref (address);
  client->link.data = client;
  g_queue_push_tail_link (&server->clients, &client->link);
  actor = g_strdup_printf ("unix:uid=%u", (guint) uid);
  options.actor = actor;
  options.pid = pid;
  options.user_data = client;
  client->session = orf_socket_session_new (&options, fd, fd, &error);
  if (client->session != NULL)
    return;
  g_warning ("a socket connection was dropped: %s", error->message);
  client_free (client);
}

OrfSocketServer *
orf_socket_server_new (
  OrfRouter *router, OrfPoller *poller, const OrfConfig *config, const char *path, GError **error)
{
  OrfSocketServer *server = g_new0 (OrfSocketServer, 1);
  const OrfListenerLimits limits = { .backlog = BACKLOG,
                                     .max_connections = (guint) config->socket.max_connections };

  server->router = router;
  server->poller = poller;
  server->config = config;
  g_queue_init (&server->clients);
  server->listener = orf_listener_new_unix (poller, path, &limits, accept_cb, server, error);
  if (server->listener == NULL) {
    g_free (server);
    return NULL;
  }
  server->streams = orf_stream_table_new ();
  orf_stream_hub_add_outlet (orf_router_get_streams (router), &outlet_ops, server);
  return server;
}

void
orf_socket_server_set_http (OrfSocketServer *server, const OrfSocketHttp *http)
{
  server->http = *http;
}

void
orf_socket_server_free (OrfSocketServer *server)
{
  while (server->clients.head != NULL)
    client_free (server->clients.head->data);
  orf_stream_hub_remove_outlet (orf_router_get_streams (server->router), server);
  orf_stream_table_free (server->streams);
  g_clear_pointer (&server->listener, orf_listener_free);
  g_free (server);
}

void
orf_socket_server_drain (OrfSocketServer *server,
                         void (*drained) (gpointer user_data),
                         gpointer user_data)
{
  g_clear_pointer (&server->listener, orf_listener_free);
  server->drained = drained;
  server->drained_data = user_data;
  if (server->clients.length == 0) {
    drained (user_data);
    return;
  }
  for (GList *link = server->clients.head; link != NULL; link = link->next)
    orf_socket_session_drain (((Client *) link->data)->session);
}
