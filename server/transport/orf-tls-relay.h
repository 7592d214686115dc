/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-tls-credentials.h"
#include "transport/orf-tls-link.h"

G_BEGIN_DECLS

/*
 * TLS for the HTTP server, which knows nothing of it: a thread that stands between an accepted
 * connection and one end of a socket pair, whose other end is served as any plain connection.
 *
 * GnuTLS itself, and not GIO's TLS on top of it: that one shakes hands in threads of a pool, one
 * for each client that has not come to an end with it, so that 70 that stop half-way make all
 * others wait for 11 s (glib-networking 2.74).  Here they cost a descriptor each until their
 * deadline.
 */
typedef struct _OrfTlsRelay OrfTlsRelay;

typedef struct {
  OrfTlsLinkLimits link;
  guint max_links; /* what is beyond is closed at once */
} OrfTlsRelayLimits;

/* Takes credentials.  UNAVAILABLE. */
OrfTlsRelay *
orf_tls_relay_new (OrfTlsCredentials *credentials, const OrfTlsRelayLimits *limits, GError **error);
/* Sends what the server has given, for a second or two at most; then ends everything. */
void orf_tls_relay_free (OrfTlsRelay *relay);

/* Takes a connected socket, and returns its plain end, non-blocking and close-on-exec; -1: the
 * connection is closed. */
int orf_tls_relay_add (OrfTlsRelay *relay, int fd, GError **error);
/* For connections from now on.  Takes credentials. */
void orf_tls_relay_set_credentials (OrfTlsRelay *relay, OrfTlsCredentials *credentials);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTlsRelay, orf_tls_relay_free)

G_END_DECLS
