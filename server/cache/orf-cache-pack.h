/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/* Large values as zstd frames.  Pure. */

/* NULL: it is not worth it.  *length: of what is returned, which g_free() takes. */
guchar *orf_cache_pack (OrfCacheBytes value, gsize *length);
/* NULL: it is no such frame. */
char *orf_cache_unpack (OrfCacheBytes packed, gsize *length);

G_END_DECLS
