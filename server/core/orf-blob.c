/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-blob.h"

#include <stdatomic.h>
#include <string.h>

struct _OrfBlob {
  atomic_int references;
  gsize length;
  char data[];
};

OrfBlob *
orf_blob_new (const char *data, gsize length)
{
  OrfBlob *blob = g_malloc (sizeof *blob + length);

  atomic_init (&blob->references, 1);
  blob->length = length;
  memcpy (blob->data, data, length);
  return blob;
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
  if (atomic_fetch_sub (&blob->references, 1) == 1)
    g_free (blob);
}

const char *
orf_blob_get_data (const OrfBlob *blob, gsize *length)
{
  *length = blob->length;
  return blob->data;
}
