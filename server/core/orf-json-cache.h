/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Memory for jansson's trees.  A call of a thousand samples is ten thousand small pieces that are
 * freed together, which is what malloc is worst at: a third of the time went there.  Each thread
 * keeps up to ORF_JSON_CACHE_BYTES of freed pieces by size, until it ends.
 */
#define ORF_JSON_CACHE_BYTES (4 * 1024 * 1024)

/* Before jansson is used, once a process. */
void orf_json_cache_use (void);

/* What jansson gets. */
void *orf_json_cache_alloc (size_t size);
void orf_json_cache_free (void *memory);
/* Of the calling thread, for tests. */
gsize orf_json_cache_get_size_bytes (void);

G_END_DECLS
