/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "websocket/orf-ws-connection.h"

G_BEGIN_DECLS

/*
 * The fan-out thread: all WebSockets, away from the main loop.  Everything here is called in the
 * main context and told there; connections are named by a number that the caller gives.
 */
typedef struct _OrfFanout OrfFanout;

typedef struct {
  void (*message) (gpointer user_data, guint64 connection, const char *data, gsize length);
  /* Nothing more is told of it. */
  void (*closed) (gpointer user_data, guint64 connection);
} OrfFanoutOps;

OrfFanout *orf_fanout_new (const OrfFanoutOps *ops,
                           gpointer user_data,
                           const OrfWsLimits *limits,
                           GError **error);
/* Closes all at once; nothing is told any more. */
void orf_fanout_free (OrfFanout *fanout);

typedef struct {
  int fd;          /* taken */
  GString *output; /* taken: to be sent first */
  const char *input;
  gsize input_length;
  const OrfStreamSpec *bare; /* a stream that the connection begins with; NULL: none */
} OrfFanoutArrival;
void orf_fanout_take (OrfFanout *fanout, guint64 connection, const OrfFanoutArrival *arrival);
/* The answer to one message; data NULL: it has none. */
void orf_fanout_send (OrfFanout *fanout, guint64 connection, const char *data, gsize length);
void orf_fanout_close (OrfFanout *fanout, guint64 connection, guint16 code, const char *reason);
void orf_fanout_open_stream (OrfFanout *fanout,
                             guint64 connection,
                             guint64 stream,
                             const OrfStreamSpec *spec);
void
orf_fanout_close_stream (OrfFanout *fanout, guint64 connection, guint64 stream, const char *status);
void orf_fanout_publish (OrfFanout *fanout, guint64 channel, OrfBlob *value);
void orf_fanout_end (OrfFanout *fanout, guint64 channel, const char *status);
/* For all connections, also those that are there. */
void orf_fanout_set_limits (OrfFanout *fanout, const OrfWsLimits *limits);
/* What its connections held when it last looked. */
gsize orf_fanout_get_size_bytes (OrfFanout *fanout);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfFanout, orf_fanout_free)

G_END_DECLS
