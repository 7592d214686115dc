/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-blob.h"

#include <stdatomic.h>
#include <string.h>

struct _OrfBlob {
  atomic_int references;
  OrfMemory *memory; /* NULL: nobody counts it */
  gsize length;
  char data[];
};

static void
count (const OrfBlob *blob, int sign)
{
  orf_memory_add (blob->memory, ORF_MEMORY_STREAMS, sign * (gint64) (sizeof *blob + blob->length));
}

OrfBlob *
orf_blob_new_counted (OrfMemory *memory, const char *data, gsize length)
{
  OrfBlob *blob = g_malloc (sizeof *blob + length);

  atomic_init (&blob->references, 1);
  blob->length = length;
  blob->memory = memory;
  memcpy (blob->data, data, length);
  count (blob, 1);
  return blob;
}

OrfBlob *
orf_blob_new (const char *data, gsize length)
{
  return orf_blob_new_counted (NULL, data, length);
}

OrfBlob *
orf_blob_ref (OrfBlob *blob)
{
  atomic_fetch_add (&blob->references, 1);
  return blob;
}

void
orf_blob_unref (OrfBlob *blob)
{
  if (atomic_fetch_sub (&blob->references, 1) != 1)
    return;
  count (blob, -1);
  g_free (blob);
}

const char *
orf_blob_get_data (const OrfBlob *blob, gsize *length)
{
  *length = blob->length;
  return blob->data;
}
