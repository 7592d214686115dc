/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-record.h"

#include <string.h>

#include "core/orf-clock.h"

#define VERSION 1
#define NO_COST G_MAXUINT32
/* The end of the year 9999, in seconds: no clock told a later time, and no sum overflows. */
#define LAST_S G_GINT64_CONSTANT (253402300799)

typedef struct {
  guint8 version;
  guint8 flags;
  guint16 tags_length;
  guint32 stale_ms;
  gint64 expires_us; /* by the wall clock */
  guint32 cost_us;
} __attribute__ ((packed)) Head;

G_STATIC_ASSERT (sizeof (Head) == 20);

static gsize
append_tags (GByteArray *record, const char *const *tags)
{
  gsize before = record->len;

  for (guint i = 0; tags != NULL && tags[i] != NULL; i++) {
    guint8 length = (guint8) strlen (tags[i]);

    g_byte_array_append (record, &length, 1);
    g_byte_array_append (record, (const guint8 *) tags[i], length);
  }
  return record->len - before;
}

GByteArray *
orf_cache_record_new (const OrfCacheItem *item, gint64 now_us, gint64 wall_us)
{
  GByteArray *record = g_byte_array_sized_new (sizeof (Head) + 64 + (guint) item->value.length);
  Head head = {
    .version = VERSION,
    .flags = (guint8) item->flags,
    .stale_ms = GUINT32_TO_LE ((guint32) MIN (item->stale_us / ORF_US_PER_MS, G_MAXUINT32)),
    .expires_us = GINT64_TO_LE (wall_us + (item->expires_us - now_us)),
    .cost_us = GUINT32_TO_LE (item->cost_us < 0 ? NO_COST
                                                : (guint32) MIN (item->cost_us, NO_COST - 1)),
  };

  g_byte_array_set_size (record, sizeof head);
  head.tags_length = GUINT16_TO_LE ((guint16) append_tags (record, item->tags));
  memcpy (record->data, &head, sizeof head);
  if (item->value.length > 0)
    g_byte_array_append (record, (const guint8 *) item->value.data, (guint) item->value.length);
  return record;
}

/* NULL: the bytes are no tags. */
static char **
read_tags (const char *at, gsize length)
{
  GPtrArray *tags = g_ptr_array_new_with_free_func (g_free);
  const char *end = at + length;

  while (at < end && (gsize) (end - at) > (gsize) (guint8) *at) {
    g_ptr_array_add (tags, g_strndup (at + 1, (guint8) *at));
    at += 1 + (guint8) *at;
  }
  if (at != end) {
    g_ptr_array_unref (tags);
    return NULL;
  }
  g_ptr_array_add (tags, NULL);
  return (char **) g_ptr_array_free (tags, FALSE);
}

/* Of a record that is as long as its head says. */
static gboolean
read_head (const char *data, gsize length, Head *head)
{
  if (length < sizeof *head)
    return FALSE;
  memcpy (head, data, sizeof *head);
  head->tags_length = GUINT16_FROM_LE (head->tags_length);
  head->expires_us = GINT64_FROM_LE (head->expires_us);
  return head->version == VERSION && length - sizeof *head >= head->tags_length &&
         head->expires_us >= 0 && head->expires_us <= LAST_S * ORF_US_PER_S;
}

gboolean
orf_cache_record_read (OrfCacheBytes record,
                       OrfCacheBytes key,
                       gint64 now_us,
                       gint64 wall_us,
                       OrfCacheItem *item,
                       char ***tags)
{
  Head head;
  gsize before;
  guint32 cost_us;

  if (!read_head (record.data, record.length, &head))
    return FALSE;
  before = sizeof head + head.tags_length;
  cost_us = GUINT32_FROM_LE (head.cost_us);
  *item = (OrfCacheItem){
    .key = key,
    .value = { record.data + before, record.length - before },
    .flags = head.flags & (ORF_CACHE_BINARY | ORF_CACHE_NEGATIVE | ORF_CACHE_PACKED),
    .expires_us = now_us + (head.expires_us - wall_us),
    .stale_us = GUINT32_FROM_LE (head.stale_ms) * ORF_US_PER_MS,
    .cost_us = cost_us == NO_COST ? -1 : (gint64) cost_us,
    .node = ORF_CACHE_NO_NODE,
  };
  if (now_us >= item->expires_us + item->stale_us)
    return FALSE;
  *tags = read_tags (record.data + sizeof head, head.tags_length);
  item->tags = (const char *const *) *tags;
  return *tags != NULL;
}

gboolean
orf_cache_record_head_has_tag (const char *data, gsize length, const char *tag)
{
  g_auto (GStrv) tags = NULL;
  Head head;

  if (!read_head (data, length, &head))
    return FALSE;
  tags = read_tags (data + sizeof head, head.tags_length);
  return tags != NULL && g_strv_contains ((const char *const *) tags, tag);
}
