/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-rpc-message.h"

G_BEGIN_DECLS

/*
 * A message that the router's reader reads (orf-rpc-reader.h), its parameters included.
 */
typedef struct _OrfPeerReading OrfPeerReading;
/* In the order in which they were begun. */
typedef void (*OrfPeerReadFunc) (gpointer owner, OrfRpcMessage *message);

/* meta may be NULL.  NULL: there is no room for it. */
OrfPeerReading *orf_peer_reading_new (OrfRouter *router,
                                      const char *text,
                                      gsize length,
                                      const OrfCallMeta *meta,
                                      OrfPeerReadFunc done,
                                      gpointer owner,
                                      GError **error);
/* `done` is not called any more. */
void orf_peer_reading_abandon (OrfPeerReading *reading);

G_END_DECLS
