/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-tls-credentials.h"

#include <string.h>
#include <sys/stat.h>

#include "orf-error.h"

#define CERTIFICATE "listen.tls_certificate"
#define KEY         "listen.tls_key"
/* What is older than 1.2 is broken. */
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct _OrfTlsCredentials {
  guint references;
  gnutls_certificate_credentials_t certificate;
  gnutls_priority_t priority;
};

OrfTlsCredentials *
orf_tls_credentials_ref (OrfTlsCredentials *credentials)
{
  credentials->references++;
  return credentials;
}

void
orf_tls_credentials_unref (OrfTlsCredentials *credentials)
{
  if (credentials == NULL || --credentials->references > 0)
    return;
  if (credentials->certificate != NULL)
    gnutls_certificate_free_credentials (credentials->certificate);
  if (credentials->priority != NULL)
    gnutls_priority_deinit (credentials->priority);
  g_free (credentials);
}

static char *
read_file (const char *name, const char *path, gsize *length, GError **error)
{
  g_autoptr (GError) fault = NULL;
  char *text = NULL;

  if (g_file_get_contents (path, &text, length, &fault))
    return text;
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s: %s", name, fault->message);
  return NULL;
}

/* Not refused: a container's only user may well own a file that all may read. */
static void
warn_of_readers (const char *path)
{
  struct stat state;

  if (stat (path, &state) == 0 && (state.st_mode & 0007) != 0)
    g_warning (KEY " %s: every user of this machine may read it: chmod o= it", path);
}

static gboolean
take_pair (OrfTlsCredentials *credentials, const char *certificate, const char *key, GError **error)
{
  gsize certificate_length, key_length;
  g_autofree char *certificate_pem = read_file (CERTIFICATE, certificate, &certificate_length,
                                                error);
  g_autofree char *key_pem = certificate_pem != NULL ? read_file (KEY, key, &key_length, error)
                                                     : NULL;
  gnutls_datum_t certificate_datum, key_datum;
  int result;

  if (key_pem == NULL)
    return FALSE;
  certificate_datum = (gnutls_datum_t){ (guchar *) certificate_pem, (guint) certificate_length };
  key_datum = (gnutls_datum_t){ (guchar *) key_pem, (guint) key_length };
  result = gnutls_certificate_set_x509_key_mem2 (credentials->certificate, &certificate_datum,
                                                 &key_datum, GNUTLS_X509_FMT_PEM, NULL, 0);
  gnutls_memset (key_pem, 0, key_length);
  if (result >= 0)
    return TRUE;
  if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 KEY " %s does not belong to " CERTIFICATE " %s", key, certificate);
  else
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 CERTIFICATE " %s and " KEY " %s are no pair in PEM: %s", certificate, key,
                 gnutls_strerror (result));
  return FALSE;
}

OrfTlsCredentials *
orf_tls_credentials_load (const char *certificate, const char *key, GError **error)
{
  g_autoptr (OrfTlsCredentials) credentials = g_new0 (OrfTlsCredentials, 1);

  credentials->references = 1;
  if (gnutls_certificate_allocate_credentials (&credentials->certificate) != GNUTLS_E_SUCCESS ||
      gnutls_priority_init (&credentials->priority, PRIORITY, NULL) != GNUTLS_E_SUCCESS) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "GnuTLS does not start");
    return NULL;
  }
  if (!take_pair (credentials, certificate, key, error))
    return NULL;
  warn_of_readers (key);
  return g_steal_pointer (&credentials);
}

gboolean
orf_tls_credentials_apply (OrfTlsCredentials *credentials, gnutls_session_t session)
{
  static const char http[] = "http/1.1";
  const gnutls_datum_t protocol = { (guchar *) http, sizeof http - 1 };

  return gnutls_priority_set (session, credentials->priority) == GNUTLS_E_SUCCESS &&
         gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials->certificate) ==
           GNUTLS_E_SUCCESS &&
         /* who offers h2 too gets 1.1, which is all that we speak */
         gnutls_alpn_set_protocols (session, &protocol, 1, 0) == GNUTLS_E_SUCCESS;
}
