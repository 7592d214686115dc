/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "cache/orf-cache-answer.h"
#include "cache/orf-cache-covers.h"
#include "cache/orf-cache-desk.h"
#include "cache/orf-cache-leases.h"
#include "cache/orf-cache-remote.h"
#include "cache/orf-cache-repeats.h"
#include "cache/orf-cache-walks.h"
#include "cache/orf-cache-worth.h"

G_BEGIN_DECLS

/* What the files of the desk share. */
struct _OrfCacheDesk {
  const OrfConfig *config;
  OrfCacheStore *store;
  OrfCacheRemote *remote; /* NULL: there is no second level */
  OrfCacheLeases *leases;
  OrfCacheMisses *misses;
  OrfCacheRepeats *repeats;
  OrfCacheWalks *walks;
  OrfCacheJournal *journal;
  OrfCacheCovers covers;
  OrfCacheFound written; /* of the write that was settled last: what its caller may hold */
  GString *scratch;      /* what is answered next */
  GRand *rand;
  GSource *sweep;
  GSource *waits;  /* NULL: nobody waits */
  gboolean ending; /* who waits is told what there is */
};

static inline OrfCacheBytes
orf_cache_desk_bytes (const char *text)
{
  return (OrfCacheBytes){ text, strlen (text) };
}

void orf_cache_desk_fail (const OrfCacheAsker *asker, GError *error);
/* Whether, and under which version, the caller may hold what was found. */
void orf_cache_desk_let_keep (OrfCacheDesk *desk, OrfCacheFound *found);
/* The key has another value, or none any more; kept: as OrfCacheRemoteListener has it. */
void orf_cache_desk_settle (OrfCacheDesk *desk, OrfCacheBytes key, const OrfCacheCell *kept);
/* What is in scratch. */
void orf_cache_desk_tell (OrfCacheDesk *desk, const OrfCacheAsker *asker);

/* cache.get, cache.mget, cache.set, cache.mset. */
void orf_cache_desk_get (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);
void orf_cache_desk_mget (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);
void orf_cache_desk_set (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);
void orf_cache_desk_mset (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);

G_END_DECLS
