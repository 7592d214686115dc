/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-cache.h"

#include <string.h>

#include "core/orf-names.h"

/* What the hash table has for each, and malloc. */
#define OVERHEAD_BYTES 64

/* As it is looked up: one piece of memory. */
typedef struct {
  guint hash;
  guint32 length;
  guint8 data[];
} Key;

struct _OrfOtlpCache {
  GHashTable *contexts; /* Key -> number */
  GHashTable *entries;  /* Key -> OrfOtlpEntry */
  GByteArray *scratch;  /* the Key looked for */
  guint32 n_contexts, n_slots;
  gsize size_bytes;
};

static guint
hash_key (gconstpointer data)
{
  return ((const Key *) data)->hash;
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const Key *left = a, *right = b;

  return left->length == right->length && memcmp (left->data, right->data, left->length) == 0;
}

static void
entry_free (gpointer data)
{
  OrfOtlpEntry *entry = data;

  g_clear_pointer (&entry->buckets, g_array_unref);
  g_free (entry);
}

OrfOtlpCache *
orf_otlp_cache_new (void)
{
  OrfOtlpCache *cache = g_new0 (OrfOtlpCache, 1);

  cache->contexts = g_hash_table_new_full (hash_key, equal_keys, g_free, NULL);
  cache->entries = g_hash_table_new_full (hash_key, equal_keys, g_free, entry_free);
  cache->scratch = g_byte_array_new ();
  return cache;
}

void
orf_otlp_cache_free (OrfOtlpCache *cache)
{
  g_hash_table_unref (cache->contexts);
  g_hash_table_unref (cache->entries);
  g_byte_array_unref (cache->scratch);
  g_free (cache);
}

void
orf_otlp_cache_reset (OrfOtlpCache *cache)
{
  g_hash_table_remove_all (cache->contexts);
  g_hash_table_remove_all (cache->entries);
  cache->n_contexts = cache->n_slots = 0;
  cache->size_bytes = 0;
  g_byte_array_unref (cache->scratch); /* as large as the largest key was */
  cache->scratch = g_byte_array_new ();
}

/* Lengths stand among the parts, so that none can pass for another's end. */
static const Key *
make_key (OrfOtlpCache *cache, guint32 context, const OrfOtlpBytes *parts, guint n_parts)
{
  GByteArray *scratch = cache->scratch;
  Key *key;

  g_byte_array_set_size (scratch, sizeof (Key));
  g_byte_array_append (scratch, (const guint8 *) &context, sizeof context);
  for (guint i = 0; i < n_parts; i++) {
    guint32 length = (guint32) parts[i].length;

    g_byte_array_append (scratch, (const guint8 *) &length, sizeof length);
    g_byte_array_append (scratch, parts[i].data, length);
  }
  key = (Key *) (gpointer) scratch->data;
  key->length = scratch->len - (guint) sizeof (Key);
  key->hash = (guint) orf_names_hash64 ((const char *) key->data, key->length);
  return key;
}

static gpointer
keep_key (OrfOtlpCache *cache, const Key *key)
{
  cache->size_bytes += sizeof (Key) + key->length + OVERHEAD_BYTES;
  return g_memdup2 (key, sizeof (Key) + key->length);
}

guint32
orf_otlp_cache_intern (OrfOtlpCache *cache,
                       guint32 context,
                       const OrfOtlpBytes *parts,
                       guint n_parts)
{
  const Key *key = make_key (cache, context, parts, n_parts);
  guint32 number = GPOINTER_TO_UINT (g_hash_table_lookup (cache->contexts, key));

  if (number != 0)
    return number;
  number = ++cache->n_contexts;
  g_hash_table_insert (cache->contexts, keep_key (cache, key), GUINT_TO_POINTER (number));
  return number;
}

OrfOtlpEntry *
orf_otlp_cache_find (
  OrfOtlpCache *cache, guint32 context, const OrfOtlpBytes *parts, guint n_parts, gboolean *fresh)
{
  const Key *key = make_key (cache, context, parts, n_parts);
  OrfOtlpEntry *entry = g_hash_table_lookup (cache->entries, key);

  *fresh = entry == NULL;
  if (entry == NULL) {
    entry = g_new0 (OrfOtlpEntry, 1);
    cache->size_bytes += sizeof *entry;
    g_hash_table_insert (cache->entries, keep_key (cache, key), entry);
  }
  return entry;
}

void
orf_otlp_cache_forget (OrfOtlpCache *cache)
{
  const Key *key = (const Key *) (gpointer) cache->scratch->data;

  if (g_hash_table_remove (cache->entries, key))
    cache->size_bytes -= sizeof (Key) + key->length + OVERHEAD_BYTES + sizeof (OrfOtlpEntry);
}

guint32
orf_otlp_cache_next_slot (OrfOtlpCache *cache)
{
  cache->size_bytes += sizeof (OrfOtlpBucket);
  return cache->n_slots++;
}

guint
orf_otlp_cache_get_n_slots (const OrfOtlpCache *cache)
{
  return cache->n_slots;
}

gsize
orf_otlp_cache_get_size_bytes (const OrfOtlpCache *cache)
{
  return cache->size_bytes;
}
