/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/* Keys of the cache in hash tables: GHashFunc and GEqualFunc of an OrfCacheBytes, or of a struct
 * whose first member is one.  Seeded, as keys come from outside. */
guint orf_cache_bytes_hash (gconstpointer bytes);
gboolean orf_cache_bytes_equal (gconstpointer a, gconstpointer b);
/* A copy, whose data g_free() takes. */
OrfCacheBytes orf_cache_bytes_copy (OrfCacheBytes bytes);

G_END_DECLS
