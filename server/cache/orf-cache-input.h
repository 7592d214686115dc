/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"

G_BEGIN_DECLS

/* From what a caller says of a value to what is stored of it. */
typedef struct {
  OrfCacheItem item; /* borrows from what it was made of, and from bytes */
  guchar *bytes;     /* the value, where it is not as it came; NULL: it is */
} OrfCacheInput;

/* INVALID_ARGUMENT for base64 that is none.  chance: any number, by which a lifetime is shortened.
 */
gboolean orf_cache_input_read (OrfCacheInput *input,
                               const OrfCacheSetEntry *entry,
                               const OrfConfig *config,
                               gint64 now_us,
                               guint64 chance,
                               GError **error);
void orf_cache_input_clear (OrfCacheInput *input);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfCacheInput, orf_cache_input_clear)

G_END_DECLS
