/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-token.h"

#include <sodium.h>
#include <string.h>

#define SECRET_BYTES 32

char *
orf_token_new (void)
{
  static const char prefix[] = "orf_"; /* what looks for secrets in texts can find it by this */
  guint8 secret[SECRET_BYTES];
  char *token = g_malloc (ORF_TOKEN_CHARS + 1);

  randombytes_buf (secret, sizeof secret);
  memcpy (token, prefix, sizeof prefix);
  sodium_bin2base64 (token + sizeof prefix - 1, ORF_TOKEN_CHARS + 2 - sizeof prefix, secret,
                     sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero (secret, sizeof secret);
  return token;
}

void
orf_token_hash (const char *text, guint8 hash[ORF_TOKEN_HASH_BYTES])
{
  crypto_generichash (hash, ORF_TOKEN_HASH_BYTES, (const guint8 *) text, strlen (text), NULL, 0);
}

char *
orf_token_hash_to_text (const guint8 hash[ORF_TOKEN_HASH_BYTES])
{
  char hex[2 * ORF_TOKEN_HASH_BYTES + 1];

  sodium_bin2hex (hex, sizeof hex, hash, ORF_TOKEN_HASH_BYTES);
  return g_strconcat (ORF_TOKEN_HASH_PREFIX, hex, NULL);
}

gboolean
orf_token_hash_from_text (const char *text, guint8 hash[ORF_TOKEN_HASH_BYTES])
{
  static const gsize prefix_length = sizeof ORF_TOKEN_HASH_PREFIX - 1;
  guint8 read[ORF_TOKEN_HASH_BYTES];
  gsize length = 0;

  if (strncmp (text, ORF_TOKEN_HASH_PREFIX, prefix_length) != 0 ||
      strlen (text) != prefix_length + 2 * ORF_TOKEN_HASH_BYTES ||
      sodium_hex2bin (read, sizeof read, text + prefix_length, 2 * ORF_TOKEN_HASH_BYTES, NULL,
                      &length, NULL) != 0 ||
      length != sizeof read)
    return FALSE;
  memcpy (hash, read, sizeof read);
  return TRUE;
}
