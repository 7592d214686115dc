/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Whom the connections of a load test trust. */
typedef struct _OrfLoadTrust OrfLoadTrust;

/* host: which the certificate has to be of.  file: PEM, trusted in place of the system's; NULL: the
 * system's.  INVALID_ARGUMENT: it has none. */
OrfLoadTrust *orf_load_trust_new (const char *host, const char *file, GError **error);
void orf_load_trust_free (OrfLoadTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadTrust, orf_load_trust_free)
/* Why the last handshake that failed did; NULL: none has. */
const char *orf_load_trust_get_failure (const OrfLoadTrust *trust);

/* TLS on a connected descriptor that does not block. */
typedef struct _OrfLoadTls OrfLoadTls;

/* trust must outlive it; fd stays the caller's. */
OrfLoadTls *orf_load_tls_new (OrfLoadTrust *trust, int fd);
void orf_load_tls_free (OrfLoadTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadTls, orf_load_tls_free)

/* 0: it is done; -1: errno says why not, EAGAIN: when the descriptor is ready. */
int orf_load_tls_shake_hands (OrfLoadTls *tls);
/* Whether the handshake waits until it can write. */
gboolean orf_load_tls_wants_write (const OrfLoadTls *tls);
/* As send() and recv().  length of a receive: at least a record, 16 KiB, so that what is left is
 * the descriptor's. */
ssize_t orf_load_tls_send (OrfLoadTls *tls, const void *data, gsize length);
ssize_t orf_load_tls_receive (OrfLoadTls *tls, void *data, gsize length);

G_END_DECLS
