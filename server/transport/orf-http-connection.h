/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-request.h"
#include "transport/orf-http-stream.h"
#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * One connection: its descriptor, the guard on the way in, what is not sent yet on the way out, and
 * its deadlines.  libsoup has a stream of it only from a whole request on until the connection has
 * been idle for a second: each that it has costs it 12 KiB, and the loop a look in every turn.  The
 * connection outlives the stream until what was written is sent.
 */
typedef struct _OrfHttpConnection OrfHttpConnection;

/* What all connections of a server share. */
typedef struct {
  OrfHttpService *service;
  OrfPoller *poller;
  gint64 draining_us; /* since when no new request is taken, monotonic; 0: they are */
  /* A whole request is there: for libsoup.  It may be answered, and the connection gone, when this
   * returns. */
  void (*begin) (gpointer user_data, OrfHttpConnection *connection);
  /* The descriptor is closed: there is room for another. */
  void (*release) (gpointer user_data, GSocketAddress *address);
  /* The last that is told; the connection is freed already. */
  void (*closed) (gpointer user_data, GList *link);
  gpointer user_data;
} OrfHttpHost;

/* Takes fd.  address: the client's; local: the address that it came to, where that may be another
 * than we listen at.  NULL when the kernel refuses. */
OrfHttpConnection *orf_http_connection_new (
  const OrfHttpHost *host, int fd, GSocketAddress *address, const char *local, GError **error);
/* Closes at once. */
void orf_http_connection_free (OrfHttpConnection *connection);
GList *orf_http_connection_get_link (OrfHttpConnection *connection);
/* For libsoup; while it has it, only closing it there frees the connection. */
GIOStream *orf_http_connection_get_stream (OrfHttpConnection *connection);
GSocketAddress *orf_http_connection_get_address (OrfHttpConnection *connection);
/* The connection that a message came by. */
OrfHttpConnection *orf_http_connection_find (SoupServerMessage *message);
/* libsoup has read the message. */
void orf_http_connection_serve (OrfHttpConnection *connection, SoupServerMessage *message);

/* Closes it if its time has passed; may free it. */
void orf_http_connection_expire (OrfHttpConnection *connection, gint64 now_us);
/* Closes it if it is idle, else after its request; may free it. */
void orf_http_connection_drain (OrfHttpConnection *connection);

G_END_DECLS
