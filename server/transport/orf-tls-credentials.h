/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

/*
 * A certificate with its key and what we speak: TLS 1.2 and 1.3.  Read once; sessions that have
 * begun with it keep it.  Made in one thread and given to another, which counts the references.
 */
typedef struct _OrfTlsCredentials OrfTlsCredentials;

/* PEM files; the certificate's may hold its chain.  FAILED_PRECONDITION, naming the key of the
 * config that is wrong. */
OrfTlsCredentials *
orf_tls_credentials_load (const char *certificate, const char *key, GError **error);
OrfTlsCredentials *orf_tls_credentials_ref (OrfTlsCredentials *credentials);
void orf_tls_credentials_unref (OrfTlsCredentials *credentials);
/* Prepares a server's session. */
gboolean orf_tls_credentials_apply (OrfTlsCredentials *credentials, gnutls_session_t session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTlsCredentials, orf_tls_credentials_unref)

G_END_DECLS
