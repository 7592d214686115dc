/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-input.h"

#include <string.h>

#include "cache/orf-cache-pack.h"
#include "core/orf-clock.h"
#include "orf-error.h"

void
orf_cache_input_clear (OrfCacheInput *input)
{
  g_clear_pointer (&input->bytes, g_free);
}

/* GLib passes over what is none. */
static gboolean
is_base64 (const char *text, gsize length)
{
  gsize end = length;

  while (end > 0 && length - end < 2 && text[end - 1] == '=')
    end--;
  for (gsize i = 0; i < end; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return FALSE;
  return length % 4 == 0;
}

static gboolean
read_base64 (OrfCacheInput *input, const char *text, GError **error)
{
  gsize length = strlen (text);

  if (!is_base64 (text, length)) {
    g_propagate_error (error,
                       orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "value",
                                            "base64, as encoding says",
                                            "value: it is not base64, which encoding says it is"));
    return FALSE;
  }
  input->bytes = g_base64_decode (text, &length);
  input->item.value = (OrfCacheBytes){ (const char *) input->bytes, length };
  input->item.flags = ORF_CACHE_BINARY;
  return TRUE;
}

static gint64
choose_lifetime_us (const OrfCacheSetEntry *entry, const OrfConfig *config, guint64 chance)
{
  gint64 full_us = config->cache.ttl_ms * ORF_US_PER_MS;
  gint64 most_us;

  if (entry->has_ttl_ms)
    full_us = entry->ttl_ms * ORF_US_PER_MS;
  else if (entry->value == NULL)
    full_us = config->cache.negative_us;
  most_us = full_us / 100 * config->cache.ttl_jitter_percent;
  return full_us - (gint64) (chance % (guint64) (most_us + 1));
}

/* Large values, where [cache] compress_bytes is not 0. */
static void
pack (OrfCacheInput *input, const OrfConfig *config)
{
  gsize least = (gsize) config->cache.compress_bytes;
  guchar *packed;
  gsize length = 0;

  if (least == 0 || input->item.value.length < least)
    return;
  packed = orf_cache_pack (input->item.value, &length);
  if (packed == NULL)
    return;
  g_free (input->bytes);
  input->bytes = packed;
  input->item.value = (OrfCacheBytes){ (const char *) packed, length };
  input->item.flags |= ORF_CACHE_PACKED;
}

gboolean
orf_cache_input_read (OrfCacheInput *input,
                      const OrfCacheSetEntry *entry,
                      const OrfConfig *config,
                      gint64 now_us,
                      guint64 chance,
                      GError **error)
{
  *input = (OrfCacheInput){
    .item = {
      .key = { entry->key, strlen (entry->key) },
      .tags = (const char *const *) entry->tags,
      .expires_us = now_us + choose_lifetime_us (entry, config, chance),
      .stale_us = entry->has_stale_us ? entry->stale_us : config->cache.stale_us,
      .cost_us = entry->has_cost_us ? entry->cost_us : -1,
      .node = ORF_CACHE_NO_NODE,
    },
  };
  if (entry->value == NULL)
    input->item.flags = ORF_CACHE_NEGATIVE;
  else if (entry->encoding != ORF_CACHE_ENCODING_BASE64)
    input->item.value = (OrfCacheBytes){ entry->value, strlen (entry->value) };
  else if (!read_base64 (input, entry->value, error))
    return FALSE;
  pack (input, config);
  return TRUE;
}
