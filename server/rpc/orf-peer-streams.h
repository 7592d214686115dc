/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * The streams of one peer.  Each has its seat in a channel from the call that opened it on, and the
 * transport knows it from when that call is answered.
 */
typedef struct _OrfPeerStreams OrfPeerStreams;

/* ops outlive it. */
OrfPeerStreams *orf_peer_streams_new (const OrfPeerOps *ops, gpointer transport);
/* The transport is told nothing. */
void orf_peer_streams_free (OrfPeerStreams *streams);
guint orf_peer_streams_get_n (const OrfPeerStreams *streams);

/* Returns its number; 0: RESOURCE_EXHAUSTED, there are max_streams.  first: the value it begins
 * with; NULL: none. */
guint64 orf_peer_streams_add (
  OrfPeerStreams *streams, OrfChannel *channel, OrfBlob *first, guint max_streams, GError **error);
/* The call is answered.  The stream may have been cancelled, or its channel gone, meanwhile:
 * whoever has its id is told the end. */
void orf_peer_streams_begin (OrfPeerStreams *streams, guint64 number);
/* id: as clients know it.  FALSE: there is none. */
gboolean orf_peer_streams_cancel (OrfPeerStreams *streams, const char *id);

G_END_DECLS
