/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-tls.h"

#include <errno.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "orf-error.h"

struct _OrfLoadTrust {
  char *host;
  char *failure;
  gnutls_certificate_credentials_t credentials;
};

struct _OrfLoadTls {
  OrfLoadTrust *trust;
  gnutls_session_t session;
};

/* ---- whom to trust --------------------------------------------------------------------------- */

OrfLoadTrust *
orf_load_trust_new (const char *host, const char *file, GError **error)
{
  g_autoptr (OrfLoadTrust) trust = g_new0 (OrfLoadTrust, 1);
  int n;

  trust->host = g_strdup (host);
  gnutls_certificate_allocate_credentials (&trust->credentials);
  n = file != NULL
        ? gnutls_certificate_set_x509_trust_file (trust->credentials, file, GNUTLS_X509_FMT_PEM)
        : gnutls_certificate_set_x509_system_trust (trust->credentials);
  if (n > 0 || (n == 0 && file == NULL))
    return g_steal_pointer (&trust);
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--trust: %s: %s",
               file != NULL ? file : "the system's certificates",
               n < 0 ? gnutls_strerror (n) : "there is no certificate in it");
  return NULL;
}

void
orf_load_trust_free (OrfLoadTrust *trust)
{
  if (trust == NULL)
    return;
  gnutls_certificate_free_credentials (trust->credentials);
  g_free (trust->host);
  g_free (trust->failure);
  g_free (trust);
}

const char *
orf_load_trust_get_failure (const OrfLoadTrust *trust)
{
  return trust->failure;
}

/* ---- one connection -------------------------------------------------------------------------- */

OrfLoadTls *
orf_load_tls_new (OrfLoadTrust *trust, int fd)
{
  OrfLoadTls *tls = g_new0 (OrfLoadTls, 1);

  tls->trust = trust;
  gnutls_init (&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  gnutls_set_default_priority (tls->session);
  gnutls_credentials_set (tls->session, GNUTLS_CRD_CERTIFICATE, trust->credentials);
  /* an address has no name to ask for, but its certificate is looked at all the same */
  if (!g_hostname_is_ip_address (trust->host))
    gnutls_server_name_set (tls->session, GNUTLS_NAME_DNS, trust->host, strlen (trust->host));
  gnutls_session_set_verify_cert (tls->session, trust->host, 0);
  gnutls_transport_set_int (tls->session, fd);
  return tls;
}

void
orf_load_tls_free (OrfLoadTls *tls)
{
  if (tls == NULL)
    return;
  gnutls_deinit (tls->session);
  g_free (tls);
}

/* What the system's functions answer; code is negative. */
static int
fail (int code)
{
  errno = code == GNUTLS_E_AGAIN ? EAGAIN : code == GNUTLS_E_INTERRUPTED ? EINTR : EPROTO;
  return -1;
}

static char *
make_failure (const OrfLoadTls *tls, int code)
{
  unsigned status = gnutls_session_get_verify_cert_status (tls->session);
  gnutls_datum_t text = { 0 };
  char *failure;

  if (code != GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR ||
      gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0) < 0)
    return g_strdup (gnutls_strerror (code));
  failure = g_strdup ((const char *) text.data);
  gnutls_free (text.data);
  return g_strstrip (failure);
}

int
orf_load_tls_shake_hands (OrfLoadTls *tls)
{
  int code;

  do
    code = gnutls_handshake (tls->session);
  while (code == GNUTLS_E_INTERRUPTED ||
         (code < 0 && code != GNUTLS_E_AGAIN && gnutls_error_is_fatal (code) == 0));
  if (code == 0)
    return 0;
  if (code != GNUTLS_E_AGAIN) {
    g_free (tls->trust->failure);
    tls->trust->failure = make_failure (tls, code);
  }
  return fail (code);
}

gboolean
orf_load_tls_wants_write (const OrfLoadTls *tls)
{
  return gnutls_record_get_direction (tls->session) == 1;
}

ssize_t
orf_load_tls_send (OrfLoadTls *tls, const void *data, gsize length)
{
  ssize_t n = gnutls_record_send (tls->session, data, length);

  return n < 0 ? fail ((int) n) : n;
}

ssize_t
orf_load_tls_receive (OrfLoadTls *tls, void *data, gsize length)
{
  ssize_t n = gnutls_record_recv (tls->session, data, length);

  /* a server that closes without saying so has closed */
  if (n == GNUTLS_E_PREMATURE_TERMINATION)
    return 0;
  /* a ticket, or new keys: nothing for us */
  if (n < 0 && n != GNUTLS_E_AGAIN && gnutls_error_is_fatal ((int) n) == 0)
    return fail (GNUTLS_E_AGAIN);
  return n < 0 ? fail ((int) n) : n;
}
