/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * A listening socket and its accept loop.  libsoup's own goes deaf for good after one failed
 * accept, and has a backlog of 10; this one pauses for 100 ms when descriptors run out, and says so
 * once a second.
 */
typedef struct _OrfListener OrfListener;

/* Takes fd: non-blocking and close-on-exec.  address: of the other end, borrowed. */
typedef void (*OrfListenerAccept) (gpointer user_data, int fd, GSocketAddress *address);

typedef struct {
  int backlog;
  guint max_connections;             /* open ones that came from here; beyond it none is accepted */
  guint max_connections_per_address; /* 0: no such bound; beyond it a new one is closed at once */
} OrfListenerLimits;

/* listen: HOST:PORT, HOST a name or an address ([::1]:5000).  INVALID_ARGUMENT for what is not;
 * FAILED_PRECONDITION for a port in use, naming who holds it and the option that changes it. */
OrfListener *orf_listener_new_tcp (OrfPoller *poller,
                                   const char *listen,
                                   const OrfListenerLimits *limits,
                                   OrfListenerAccept accept,
                                   gpointer user_data,
                                   GError **error);
/* path: a socket of mode 0600, in a directory of ours alone, made 0700 if missing;
 * FAILED_PRECONDITION if another owns the directory, or somebody still answers at path.  What a
 * dead daemon left is replaced. */
OrfListener *orf_listener_new_unix (OrfPoller *poller,
                                    const char *path,
                                    const OrfListenerLimits *limits,
                                    OrfListenerAccept accept,
                                    gpointer user_data,
                                    GError **error);
/* Stops accepting; a Unix socket's path is removed. */
void orf_listener_free (OrfListener *listener);

/* The accepted connection is closed: makes room for another.  address: as accept got it. */
void orf_listener_release (OrfListener *listener, GSocketAddress *address);
/* The port in fact bound (port 0 was asked for), 0 for a Unix socket. */
guint16 orf_listener_get_port (OrfListener *listener);
/* Only this machine reaches it. */
gboolean orf_listener_is_loopback (OrfListener *listener);
guint orf_listener_get_n_connections (OrfListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfListener, orf_listener_free)

G_END_DECLS
