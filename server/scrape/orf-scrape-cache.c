/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-scrape-cache.h"

#include <string.h>

#include "core/orf-names.h"

/* What a place of a GHashTable takes, which is at least half full. */
#define PLACE_BYTES 24

typedef struct {
  OrfNameDigest digest;
  gint64 seen_us; /* G_MININT64: not yet */
  guint id;
} Entry;

struct _OrfScrapeCache {
  GHashTable *known;  /* Entry's digest → Entry */
  GPtrArray *entries; /* Entry by id; NULL: free */
  GArray *free_ids;   /* guint */
  guint max;
};

static guint
hash (gconstpointer digest)
{
  return (guint) ((const OrfNameDigest *) digest)->words[0];
}

static gboolean
equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (OrfNameDigest)) == 0;
}

OrfScrapeCache *
orf_scrape_cache_new (guint max)
{
  OrfScrapeCache *cache = g_new0 (OrfScrapeCache, 1);

  cache->known = g_hash_table_new (hash, equal);
  cache->entries = g_ptr_array_new_with_free_func (g_free);
  cache->free_ids = g_array_new (FALSE, FALSE, sizeof (guint));
  cache->max = max;
  return cache;
}

void
orf_scrape_cache_free (OrfScrapeCache *cache)
{
  g_hash_table_unref (cache->known);
  g_ptr_array_unref (cache->entries);
  g_array_unref (cache->free_ids);
  g_free (cache);
}

guint
orf_scrape_cache_find (OrfScrapeCache *cache, const char *text, gsize length)
{
  const OrfNameDigest digest = orf_names_digest (text, length);
  const Entry *entry = g_hash_table_lookup (cache->known, &digest);

  return entry != NULL ? entry->id : ORF_SCRAPE_NONE;
}

guint
orf_scrape_cache_add (OrfScrapeCache *cache, const char *text, gsize length)
{
  Entry *entry;

  if (orf_scrape_cache_get_length (cache) >= cache->max)
    return ORF_SCRAPE_NONE;
  entry = g_new (Entry, 1);
  *entry = (Entry){ orf_names_digest (text, length), G_MININT64, cache->entries->len };
  if (cache->free_ids->len > 0) {
    entry->id = g_array_index (cache->free_ids, guint, cache->free_ids->len - 1);
    g_array_set_size (cache->free_ids, cache->free_ids->len - 1);
    cache->entries->pdata[entry->id] = entry;
  } else {
    g_ptr_array_add (cache->entries, entry);
  }
  g_hash_table_insert (cache->known, &entry->digest, entry);
  return entry->id;
}

void
orf_scrape_cache_remove (OrfScrapeCache *cache, guint id)
{
  Entry *entry = cache->entries->pdata[id];

  g_hash_table_remove (cache->known, &entry->digest);
  cache->entries->pdata[id] = NULL;
  g_array_append_val (cache->free_ids, id);
  g_free (entry);
}

gboolean
orf_scrape_cache_see (OrfScrapeCache *cache, guint id, gint64 t_us)
{
  Entry *entry = cache->entries->pdata[id];
  gboolean again = entry->seen_us == t_us;

  entry->seen_us = t_us;
  return !again;
}

void
orf_scrape_cache_sweep (OrfScrapeCache *cache,
                        gint64 before_us,
                        void (*removed) (gpointer user_data, guint id),
                        gpointer user_data)
{
  for (guint id = 0; id < cache->entries->len; id++) {
    const Entry *entry = cache->entries->pdata[id];

    if (entry == NULL || entry->seen_us >= before_us)
      continue;
    orf_scrape_cache_remove (cache, id);
    removed (user_data, id);
  }
}

guint
orf_scrape_cache_get_length (const OrfScrapeCache *cache)
{
  return g_hash_table_size (cache->known);
}

gsize
orf_scrape_cache_get_size_bytes (const OrfScrapeCache *cache)
{
  return orf_scrape_cache_get_length (cache) * (sizeof (Entry) + 2 * PLACE_BYTES) +
         cache->entries->len * sizeof (gpointer);
}
