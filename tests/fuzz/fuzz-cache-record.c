/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a record of the cache that a node of Redis gave, and as the zstd frame in one: all
 * that is found of it lies in it.  And any as what a caller wants to be kept: it is refused, or
 * comes back as it was. */
#include <stdint.h>

#include <string.h>

#include "cache/orf-cache-input.h"
#include "cache/orf-cache-pack.h"
#include "cache/orf-cache-record.h"
#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-error.h"

#include "fuzz-take.h"

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

/* ---- what is kept ---------------------------------------------------------------------------- */

static gboolean
is_same (OrfCacheBytes a, OrfCacheBytes b)
{
  return a.length == b.length && (a.length == 0 || memcmp (a.data, b.data, a.length) == 0);
}

/* What was given is what is got. */
static void
check_value (const OrfCacheSetEntry *entry, const OrfCacheItem *item)
{
  OrfCacheBytes value = item->value;
  g_autofree char *plain = NULL, *text = NULL;

  if (item->flags & ORF_CACHE_PACKED) {
    plain = orf_cache_unpack (value, &value.length);
    if (plain == NULL)
      g_error ("what was packed is lost");
    value.data = plain;
  }
  if (item->flags & ORF_CACHE_NEGATIVE)
    return;
  text = item->flags & ORF_CACHE_BINARY
           ? g_base64_encode ((const guchar *) value.data, value.length)
           : g_strndup (value.data, value.length);
  /* the last letter before the padding may say more than it has room for */
  if (strlen (text) != strlen (entry->value) ||
      (!(item->flags & ORF_CACHE_BINARY) && !g_str_equal (text, entry->value)))
    g_error ("%s became %s", entry->value, text);
}

static void
check_kept (const OrfCacheSetEntry *entry, const OrfCacheItem *item, gint64 now_us)
{
  const gint64 wall_us = G_GINT64_CONSTANT (1700000000000000);
  g_autoptr (GByteArray) record = orf_cache_record_new (item, now_us, wall_us);
  const OrfCacheBytes bytes = { (const char *) record->data, record->len };
  g_auto (GStrv) tags = NULL;
  OrfCacheItem again;

  if (!orf_cache_record_read (bytes, item->key, now_us, wall_us, &again, &tags))
    g_error ("a record of ours is none");
  if (!is_same (item->value, again.value) || item->expires_us != again.expires_us ||
      !g_strv_equal (item->tags, again.tags))
    g_error ("a record became another");
  check_value (entry, &again);
}

static void
keep (FuzzInput *input)
{
  static OrfConfig *config;
  const gint64 now_us = ORF_US_PER_S;
  guint8 what = fuzz_take_byte (input);
  g_autofree char *key = fuzz_take_text (input, 40), *tag = fuzz_take_text (input, 200);
  char *tags[] = { tag, (char *) "t", NULL };
  OrfCacheSetEntry entry = { .key = key,
                             .tags = tags,
                             .encoding = what & 1 ? ORF_CACHE_ENCODING_BASE64
                                                  : ORF_CACHE_ENCODING_UTF8,
                             .ttl_ms = 1 + fuzz_take_byte (input),
                             .has_ttl_ms = what & 2,
                             .stale_us = fuzz_take_byte (input),
                             .has_stale_us = what & 4,
                             .cost_us = fuzz_take_byte (input),
                             .has_cost_us = what & 8 };
  guint64 chance = fuzz_take_number (input);
  g_autofree char *value = g_strndup ((const char *) input->data, input->size);
  g_autoptr (GError) error = NULL;
  OrfCacheInput taken;

  if (config == NULL) {
    config = orf_config_new_defaults ();
    config->cache.compress_bytes = 64;
  }
  entry.value = what & 16 ? NULL : value;
  if (orf_cache_input_read (&taken, &entry, config, now_us, chance, &error))
    check_kept (&entry, &taken.item, now_us);
  else if (g_strcmp0 (orf_error_get_field (error), "value") != 0)
    g_error ("refused without a word");
  orf_cache_input_clear (&taken);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const OrfCacheBytes bytes = { (const char *) data, size };
  FuzzInput input = { data, size };

  read_record (bytes);
  unpack (bytes);
  keep (&input);
  return 0;
}
