/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-exposure.h"

#include "orf-error.h"

gboolean
orf_exposure_check (
  const OrfConfig *config, const char *key, const char *address, gboolean loopback, GError **error)
{
  gboolean tls = config->listen.tls_certificate[0] != '\0';
  gboolean tokens = config->auth.token_file[0] != '\0' || config->auth.require;
  const char *lacks;

  if (loopback || (tls && tokens))
    return TRUE;
  lacks = tls ? "tokens" : tokens ? "TLS" : "TLS and tokens";
  if (config->listen.insecure) {
    g_warning (
      "listen.insecure: other machines reach %s without %s: whoever is on the way can read "
      "and change what is said, tokens too",
      address, lacks);
    return TRUE;
  }
  g_propagate_error (
    error, orf_error_new_field (ORF_ERROR_FAILED_PRECONDITION, key,
                                "a loopback address, or one with TLS and tokens",
                                "other machines reach %s, and %s would be missing: set "
                                "listen.tls_certificate and listen.tls_key, and auth.token_file or "
                                "auth.require; or listen.insecure=true to go without",
                                address, lacks));
  return FALSE;
}
