/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * Keys that are on their way to the second level or back, and whether they were changed meanwhile:
 * what comes back for one that was may be told to who asked, but not kept.  Pure.
 */
typedef struct _OrfCacheFlights OrfCacheFlights;

/* As the key was when the flight began. */
typedef struct {
  guint64 changes, all_changes;
} OrfCacheTicket;

OrfCacheFlights *orf_cache_flights_new (void);
void orf_cache_flights_free (OrfCacheFlights *flights);

OrfCacheTicket orf_cache_flights_begin (OrfCacheFlights *flights, OrfCacheBytes key);
/* Whether the key was not changed since that flight of it began, which goes on. */
gboolean orf_cache_flights_is_same (OrfCacheFlights *flights,
                                    OrfCacheBytes key,
                                    const OrfCacheTicket *ticket);
/* Once for each begin.  FALSE: it was changed since. */
gboolean
orf_cache_flights_end (OrfCacheFlights *flights, OrfCacheBytes key, const OrfCacheTicket *ticket);
void orf_cache_flights_change (OrfCacheFlights *flights, OrfCacheBytes key);
/* Any key may have been changed. */
void orf_cache_flights_change_all (OrfCacheFlights *flights);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheFlights, orf_cache_flights_free)

G_END_DECLS
