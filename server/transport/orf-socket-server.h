/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "rpc/orf-router.h"
#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * The Unix socket: its peers are of our own uid (or root), known by SO_PEERCRED, and are admin.
 */
typedef struct _OrfSocketServer OrfSocketServer;

/* All but path outlive the server. */
OrfSocketServer *orf_socket_server_new (
  OrfRouter *router, OrfPoller *poller, const OrfConfig *config, const char *path, GError **error);
void orf_socket_server_free (OrfSocketServer *server);
/* Stops listening; each session ends once what it asked is answered; then calls drained, maybe at
 * once. */
void orf_socket_server_drain (OrfSocketServer *server,
                              void (*drained) (gpointer user_data),
                              gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSocketServer, orf_socket_server_free)

G_END_DECLS
