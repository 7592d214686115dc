/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "orf-schema-config.h"
#include "rpc/orf-router.h"
#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * The Unix socket: its peers are of our own uid (or root), known by SO_PEERCRED, and are admin.
 * They speak JSON-RPC in lines or by Content-Length, or HTTP where somebody takes that, and are
 * then what callers from loopback are.
 */
typedef struct _OrfSocketServer OrfSocketServer;

/* All but path outlive the server. */
OrfSocketServer *orf_socket_server_new (
  OrfRouter *router, OrfPoller *poller, const OrfConfig *config, const char *path, GError **error);
void orf_socket_server_free (OrfSocketServer *server);

/* Who takes connections that speak HTTP. */
typedef struct {
  /* Takes fd.  Gives address back by orf_socket_server_release() once the connection is closed. */
  void (*take) (gpointer user_data, int fd, GSocketAddress *address);
  gpointer user_data;
} OrfSocketHttp;
/* Without it they are told that this is no JSON. */
void orf_socket_server_set_http (OrfSocketServer *server, const OrfSocketHttp *http);
void orf_socket_server_release (OrfSocketServer *server, GSocketAddress *address);

/* Stops listening; each session ends once what it asked is answered; then calls drained, maybe at
 * once. */
void orf_socket_server_drain (OrfSocketServer *server,
                              void (*drained) (gpointer user_data),
                              gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSocketServer, orf_socket_server_free)

G_END_DECLS
