/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-cell.h"

#include <malloc.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-pattern.h"

/* Beside what malloc_usable_size() says, each block has this of glibc's. */
#define MALLOC_BYTES 8
/* Sizes are rounded up to a multiple of this. */
#define MALLOC_ALIGN 16

static gsize
measure_tags (const char *const *tags)
{
  gsize length = 0;

  for (guint i = 0; tags != NULL && tags[i] != NULL; i++)
    length += 1 + strlen (tags[i]);
  return length;
}

gsize
orf_cache_item_measure (const OrfCacheItem *item)
{
  return sizeof (OrfCacheCell) + item->key.length + item->value.length + measure_tags (item->tags) +
         MALLOC_BYTES + MALLOC_ALIGN;
}

static char *
write_tags (char *at, const char *const *tags)
{
  for (guint i = 0; tags != NULL && tags[i] != NULL; i++) {
    gsize length = strlen (tags[i]);

    *at++ = (char) length;
    memcpy (at, tags[i], length);
    at += length;
  }
  return at;
}

OrfCacheCell *
orf_cache_cell_new (const OrfCacheItem *item)
{
  gsize tags_length = measure_tags (item->tags);
  OrfCacheCell *cell = g_malloc (sizeof *cell + item->key.length + tags_length +
                                 item->value.length);

  *cell = (OrfCacheCell){
    .expires_us = item->expires_us,
    .stale_ms = (guint32) MIN (item->stale_us / ORF_US_PER_MS, G_MAXUINT32),
    .cost_us = item->cost_us < 0 ? G_MAXUINT32 : (guint32) MIN (item->cost_us, G_MAXUINT32 - 1),
    .held_bytes = (guint32) malloc_usable_size (cell) + MALLOC_BYTES,
    .value_length = (guint32) item->value.length,
    .epoch = item->epoch,
    .node = item->node,
    .key_length = (guint16) item->key.length,
    .tags_length = (guint16) tags_length,
    .flags = (guint8) item->flags,
  };
  memcpy (cell->data, item->key.data, item->key.length);
  write_tags (cell->data + item->key.length, item->tags);
  if (item->value.length > 0)
    memcpy (cell->data + item->key.length + tags_length, item->value.data, item->value.length);
  return cell;
}

void
orf_cache_cell_free (OrfCacheCell *cell)
{
  g_free (cell);
}

OrfCacheBytes
orf_cache_cell_get_key (const OrfCacheCell *cell)
{
  return (OrfCacheBytes){ cell->data, cell->key_length };
}

OrfCacheBytes
orf_cache_cell_get_value (const OrfCacheCell *cell)
{
  return (OrfCacheBytes){ cell->data + cell->key_length + cell->tags_length, cell->value_length };
}

/* The next tag from *at on; FALSE: there is none. */
static gboolean
next_tag (const OrfCacheCell *cell, const char **at, OrfCacheBytes *tag)
{
  if (*at == NULL)
    *at = cell->data + cell->key_length;
  if (*at == cell->data + cell->key_length + cell->tags_length)
    return FALSE;
  *tag = (OrfCacheBytes){ *at + 1, (guint8) * *at };
  *at += 1 + tag->length;
  return TRUE;
}

gboolean
orf_cache_cell_has_tag (const OrfCacheCell *cell, const char *tag)
{
  gsize length = strlen (tag);
  const char *at = NULL;
  OrfCacheBytes one;

  while (next_tag (cell, &at, &one))
    if (one.length == length && memcmp (one.data, tag, length) == 0)
      return TRUE;
  return FALSE;
}

char **
orf_cache_cell_dup_tags (const OrfCacheCell *cell)
{
  GPtrArray *tags;
  const char *at = NULL;
  OrfCacheBytes one;

  if (cell->tags_length == 0)
    return NULL;
  tags = g_ptr_array_new ();
  while (next_tag (cell, &at, &one))
    g_ptr_array_add (tags, g_strndup (one.data, one.length));
  g_ptr_array_add (tags, NULL);
  return (char **) g_ptr_array_free (tags, FALSE);
}

gboolean
orf_cache_cell_has_key (const OrfCacheCell *cell, guint32 hash, OrfCacheBytes key)
{
  return cell->hash == hash && cell->key_length == key.length &&
         memcmp (cell->data, key.data, key.length) == 0;
}

gboolean
orf_cache_cell_is_over (const OrfCacheCell *cell, gint64 now_us)
{
  return now_us >= cell->expires_us + cell->stale_ms * ORF_US_PER_MS;
}

/* After a mismatch only the last * can take one byte more: what the ones before it took stays good,
 * so that the time is the product of the lengths at worst, and not exponential. */
gboolean
orf_cache_match (const char *pattern, OrfCacheBytes text)
{
  return orf_pattern_match (pattern, text.data, text.length);
}
