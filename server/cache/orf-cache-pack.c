/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-pack.h"

#include <zstd.h>

/* The quickest but the negative ones: a get waits for it. */
#define LEVEL 1
/* A value that stays nearly as large is not worth unpacking at each hit. */
#define MOST_PERCENT 90
/* No value is larger: what a frame says of itself is not believed beyond. */
#define MAX_BYTES (16 * 1024 * 1024)

guchar *
orf_cache_pack (OrfCacheBytes value, gsize *length)
{
  gsize room = ZSTD_compressBound (value.length);
  g_autofree guchar *packed = g_malloc (room);
  gsize n = ZSTD_compress (packed, room, value.data, value.length, LEVEL);

  if (ZSTD_isError (n) || n > value.length / 100 * MOST_PERCENT)
    return NULL;
  *length = n;
  return g_steal_pointer (&packed);
}

char *
orf_cache_unpack (OrfCacheBytes packed, gsize *length)
{
  unsigned long long bytes = ZSTD_getFrameContentSize (packed.data, packed.length);
  g_autofree char *value = NULL;

  if (bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR || bytes > MAX_BYTES)
    return NULL;
  value = g_malloc (bytes + 1);
  if (ZSTD_decompress (value, bytes, packed.data, packed.length) != bytes)
    return NULL;
  *length = bytes;
  return g_steal_pointer (&value);
}
