/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * Who makes the value of a key that is missing: one holder at a time, for a while; the others wait.
 * A lease is over when its value came, when the key was dropped, or when its time is over.  Pure:
 * the clock is passed in.
 */
typedef struct _OrfCacheLeases OrfCacheLeases;

/* A wait is over: something happened to the key, or its time is over.  May wait again. */
typedef void (*OrfCacheWoken) (gpointer data);

/* Leases at once; nobody is given one beyond.  While somebody waits all are looked at each 10 ms,
 * which with so many is a few hundredths of the thread. */
#define ORF_CACHE_MAX_LEASES 10000
/* A token with its NUL. */
#define ORF_CACHE_LEASE_CHARS 24

OrfCacheLeases *orf_cache_leases_new (void);
/* Waiters are woken. */
void orf_cache_leases_free (OrfCacheLeases *leases);

/* FALSE: another holds it, or there are too many. */
gboolean orf_cache_leases_take (OrfCacheLeases *leases,
                                OrfCacheBytes key,
                                gint64 now_us,
                                gint64 lease_us,
                                char token[ORF_CACHE_LEASE_CHARS]);
gboolean orf_cache_leases_is_held (OrfCacheLeases *leases, OrfCacheBytes key, gint64 now_us);
/* Whether it is the one that the key has now. */
gboolean orf_cache_leases_holds (OrfCacheLeases *leases,
                                 OrfCacheBytes key,
                                 const char *token,
                                 gint64 now_us);
/* Another daemon makes the value: the lease is nobody's, and over at until_us. */
void orf_cache_leases_give_up (OrfCacheLeases *leases, OrfCacheBytes key, gint64 until_us);
/* The key has a value, or none any more: whoever waits is woken. */
void orf_cache_leases_end (OrfCacheLeases *leases, OrfCacheBytes key);
/* All whose key matches; NULL: any. */
void orf_cache_leases_end_matching (OrfCacheLeases *leases, const char *pattern);
/* For a key that is held. */
void orf_cache_leases_wait (
  OrfCacheLeases *leases, OrfCacheBytes key, gint64 until_us, OrfCacheWoken woken, gpointer data);
/* Ends what is over by now. */
void orf_cache_leases_look (OrfCacheLeases *leases, gint64 now_us);

guint orf_cache_leases_get_n (OrfCacheLeases *leases);
guint orf_cache_leases_get_n_waiting (OrfCacheLeases *leases);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheLeases, orf_cache_leases_free)

G_END_DECLS
