/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-rpc-message.h"

G_BEGIN_DECLS

/*
 * A message that the router's reader reads (orf-rpc-reader.h), its parameters included.
 */
/* In the order in which they were begun. */
typedef void (*OrfPeerReadFunc) (gpointer owner, OrfRpcMessage *message);

/* meta may be NULL.  NULL: there is no room for it. */
OrfRpcReading *orf_peer_reading_new (OrfRouter *router,
                                     GBytes *text,
                                     const OrfCallMeta *meta,
                                     OrfPeerReadFunc done,
                                     gpointer owner,
                                     GError **error);

G_END_DECLS
