/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-state-blob.h"

#include <string.h>

typedef struct {
  guint32 magic, version;
  guint64 length; /* of the state */
  guint64 sum;
} BlobHead;

static guint64
sum_bytes (const guint8 *data, gsize length)
{
  guint64 sum = 0xcbf29ce484222325u;

  for (gsize i = 0; i < length; i++)
    sum = (sum ^ data[i]) * 0x100000001b3u;
  return sum;
}

GBytes *
orf_state_blob_pack (guint32 magic, guint32 version, gconstpointer state, gsize length)
{
  BlobHead head = { magic, version, length, sum_bytes (state, length) };
  guint8 *data = g_malloc (sizeof head + length);

  memcpy (data, &head, sizeof head);
  memcpy (data + sizeof head, state, length);
  return g_bytes_new_take (data, sizeof head + length);
}

gpointer
orf_state_blob_unpack (guint32 magic, guint32 version, GBytes *blob, gsize *length)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (blob, &size);
  BlobHead head;

  if (size <= sizeof head)
    return NULL;
  memcpy (&head, data, sizeof head);
  if (head.magic != magic || head.version != version || head.length != size - sizeof head ||
      head.sum != sum_bytes (data + sizeof head, head.length))
    return NULL;
  *length = head.length;
  return g_memdup2 (data + sizeof head, head.length);
}
