/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"

G_BEGIN_DECLS

/*
 * Bytes that never change, shared by whoever holds a reference, in any thread, and counted as memory
 * where it says so.
 */
typedef struct _OrfBlob OrfBlob;

OrfBlob *orf_blob_new (const char *data, gsize length);
/* Counts as ORF_MEMORY_STREAMS while it is there; memory outlives it. */
OrfBlob *orf_blob_new_counted (OrfMemory *memory, const char *data, gsize length);
OrfBlob *orf_blob_ref (OrfBlob *blob);
void orf_blob_unref (OrfBlob *blob);
const char *orf_blob_get_data (const OrfBlob *blob, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfBlob, orf_blob_unref)

G_END_DECLS
