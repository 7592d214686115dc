/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "transport/orf-gate.h"

G_BEGIN_DECLS

/*
 * A connection that left HTTP: its handshake as a WebSocket is answered, in `output`.  It still
 * counts as one of the server's, until it is freed.
 */
typedef struct {
  int fd;            /* -1 once stolen */
  GString *output;   /* to be sent before all else; may be stolen */
  GByteArray *input; /* what came behind the handshake */
  OrfIdentity identity;
  char *actor; /* the identity's */
  char *traceparent, *tracestate; /* of its calls that bring none; NULL: none */
  void (*released) (gpointer user_data, GSocketAddress *address);
  gpointer user_data;
  GSocketAddress *address;
} OrfHttpUpgraded;

void orf_http_upgraded_free (OrfHttpUpgraded *upgraded);
int orf_http_upgraded_steal_fd (OrfHttpUpgraded *upgraded);

/* Whether the request asks for it; it may still be wrong. */
gboolean orf_http_upgrade_is_asked (SoupServerMessage *message);
/* The whole head of the answer, 101; INVALID_REQUEST for a handshake that is none.  The subprotocol
 * "jsonrpc" is taken where it is offered; no extension is. */
GString *orf_http_upgrade_answer (SoupServerMessage *message, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHttpUpgraded, orf_http_upgraded_free)

G_END_DECLS
