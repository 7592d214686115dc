/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a record of the cache that a node of Redis gave, and as the zstd frame in one: all
 * that is found of it lies in it. */
#include <stdint.h>

#include "cache/orf-cache-pack.h"
#include "cache/orf-cache-record.h"
#include "core/orf-clock.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
unpack (OrfCacheBytes value)
{
  gsize length;
  g_autofree char *plain = orf_cache_unpack (value, &length);

  if (plain != NULL && plain[length] != '\0')
    g_error ("a value without its end");
}

static void
read_record (OrfCacheBytes record)
{
  const OrfCacheBytes key = { "key", 3 };
  const gint64 now_us = ORF_US_PER_S, wall_us = G_GINT64_CONSTANT (1700000000000000);
  g_auto (GStrv) tags = NULL;
  OrfCacheItem item;

  if (!orf_cache_record_read (record, key, now_us, wall_us, &item, &tags))
    return;
  if (item.value.data < record.data ||
      item.value.data + item.value.length != record.data + record.length)
    g_error ("the value lies outside of the record");
  if (item.expires_us + item.stale_us <= now_us)
    g_error ("its time is over, and it was taken");
  for (guint i = 0; tags[i] != NULL; i++)
    if (!orf_cache_record_head_has_tag (record.data, record.length, tags[i]))
      g_error ("it has a tag, and has it not");
  unpack (item.value);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const OrfCacheBytes bytes = { (const char *) data, size };

  read_record (bytes);
  unpack (bytes);
  return 0;
}
