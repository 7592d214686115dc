/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-names.h"

#include <string.h>

#include <sodium.h>

static guint8 key[crypto_shorthash_KEYBYTES];
static GOnce once = G_ONCE_INIT;

static gpointer
make_key (gpointer unused G_GNUC_UNUSED)
{
  if (sodium_init () < 0)
    g_error ("libsodium has no random numbers"); /* nothing safe can be built on that */
  randombytes_buf (key, sizeof key);
  return key;
}

guint64
orf_names_hash64 (const char *name, gssize length)
{
  guint64 hash;

  g_once (&once, make_key, NULL);
  crypto_shorthash ((guint8 *) &hash, (const guint8 *) name,
                    length < 0 ? strlen (name) : (gsize) length, key);
  return hash;
}

OrfNameDigest
orf_names_digest (const char *name, gsize length)
{
  OrfNameDigest digest;

  G_STATIC_ASSERT (sizeof digest == crypto_shorthash_siphashx24_BYTES);
  g_once (&once, make_key, NULL);
  crypto_shorthash_siphashx24 ((guint8 *) &digest, (const guint8 *) name, length, key);
  return digest;
}

guint
orf_names_hash (gconstpointer name)
{
  return (guint) orf_names_hash64 (name, -1);
}

GHashTable *
orf_names_table_new (GDestroyNotify free_key, GDestroyNotify free_value)
{
  return g_hash_table_new_full (orf_names_hash, g_str_equal, free_key, free_value);
}

int
orf_names_compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

gboolean
orf_names_is_plain (const char *name, gsize max_bytes)
{
  for (const char *at = name; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && *at != '-' && *at != '_')
      return FALSE;
  return name[0] != '\0' && strlen (name) <= max_bytes;
}
