/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-bytes.h"

#include <string.h>

#include "core/orf-names.h"

guint
orf_cache_bytes_hash (gconstpointer data)
{
  const OrfCacheBytes *bytes = data;

  return (guint) orf_names_hash64 (bytes->data, (gssize) bytes->length);
}

gboolean
orf_cache_bytes_equal (gconstpointer a, gconstpointer b)
{
  const OrfCacheBytes *one = a, *other = b;

  return one->length == other->length && memcmp (one->data, other->data, one->length) == 0;
}

OrfCacheBytes
orf_cache_bytes_copy (OrfCacheBytes bytes)
{
  return (OrfCacheBytes){ g_memdup2 (bytes.data, bytes.length), bytes.length };
}
