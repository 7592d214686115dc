/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "rpc/orf-stream-table.h"
#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * One WebSocket after its handshake: messages in, answers and the values of streams out.  Lives in
 * the fan-out thread; knows no JSON-RPC.
 */
typedef struct _OrfWsConnection OrfWsConnection;

/* A copy of what config says: config is the main context's. */
typedef struct {
  gsize max_message_bytes;
  gsize max_queue_bytes;
  guint max_in_flight;
  int send_buffer_bytes;
  gint64 ping_us, pong_us, stall_us, idle_us;
} OrfWsLimits;
OrfWsLimits orf_ws_limits_read (const OrfConfig *config);

typedef struct {
  /* One text message, to be answered by one orf_ws_connection_send(). */
  void (*message) (gpointer user_data, const char *data, gsize length);
  /* The connection is over: its owner frees it, now or later.  Told once. */
  void (*closed) (gpointer user_data);
} OrfWsConnectionOps;

/* Takes fd, and output (what is to be sent before all else).  limits outlives it, and may change.
 */
OrfWsConnection *orf_ws_connection_new (OrfPoller *poller,
                                        OrfStreamTable *streams,
                                        const OrfWsLimits *limits,
                                        int fd,
                                        GString *output,
                                        const OrfWsConnectionOps *ops,
                                        gpointer user_data,
                                        GError **error);
void orf_ws_connection_free (OrfWsConnection *connection);
/* What came behind the handshake; and reads on. */
void orf_ws_connection_start (OrfWsConnection *connection, const char *input, gsize length);

/* The answer to a message; NULL: it has none. */
void orf_ws_connection_send (OrfWsConnection *connection, const char *data, gsize length);
OrfStreamReader *orf_ws_connection_get_reader (OrfWsConnection *connection);
/* Says why, waits a moment for the other end to close, and is over. */
void orf_ws_connection_close (OrfWsConnection *connection, guint16 code, const char *reason);
/* Looked at every ORF_WS_LOOK_MS: pings, and ends what is silent or takes nothing. */
void orf_ws_connection_look (OrfWsConnection *connection, gint64 now_us);
#define ORF_WS_LOOK_MS 500
/* What it holds now, but for the values of its streams: those count by themselves. */
gsize orf_ws_connection_get_size_bytes (const OrfWsConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWsConnection, orf_ws_connection_free)

G_END_DECLS
