/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-desk.h"

G_BEGIN_DECLS

/*
 * Writes with an idempotency key: one that comes again is answered as the first time, and done
 * once.  In memory, as what they write: see doc/cache.md for what holds after a crash.
 */
typedef struct _OrfCacheRepeats OrfCacheRepeats;

/* Of those that were done; the oldest go.  200 bytes each. */
#define ORF_CACHE_MAX_REPEATS 65536

/* keep_us: how long the answer of one is known. */
OrfCacheRepeats *orf_cache_repeats_new (gint64 keep_us);
/* None is under way any more. */
void orf_cache_repeats_free (OrfCacheRepeats *repeats);

/* TRUE: it is to be done, for *doer.  FALSE: asker is told what the first was, now or when that is
 * done; or FAILED_PRECONDITION, as the key is that of another write. */
gboolean orf_cache_repeats_begin (OrfCacheRepeats *repeats,
                                  OrfMethodId method,
                                  const OrfCacheRepeat *repeat,
                                  const OrfCacheAsker *asker,
                                  gint64 now_us,
                                  OrfCacheAsker *doer);
/* Forgets what is too long ago by now. */
void orf_cache_repeats_look (OrfCacheRepeats *repeats, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheRepeats, orf_cache_repeats_free)

G_END_DECLS
