/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_CACHE_H
#define ORFEAS_CACHE_H

#include <orfeas/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * OrfCache: the daemon's cache, with what was read or set lately held in the program itself, so
 * that a hit there costs no call.
 *
 * What is promised.  A value held here is dropped when the daemon tells that its key changed, a
 * millisecond or two after; it is never served for longer than two seconds after the daemon was
 * last known to have told of everything.  While it is away, or was not heard for so long, each get
 * is a call.  After orf_cache_set() or orf_cache_delete() has answered, no get of this process
 * answers what was there before, whatever they answered.
 *
 * Threads: every function may be called from any thread at any time, save orf_cache_free(), which
 * nothing may run beside.  A thread of its own reads the daemon's answers.  In the child of a
 * fork() all answer INVALID.
 */
typedef struct OrfCache OrfCache;

/* A value, which never changes; whoever has got it releases it once. */
typedef struct OrfCacheValue OrfCacheValue;

/* Zeroed, then what is known; all is copied. */
typedef struct {
  const char *socket; /* the daemon's cache.sock; NULL: where this user's has it by default */
  const char *prefix; /* only keys that begin with it are held here; NULL: all */
  size_t max_bytes;   /* held here, of keys, values and what goes with them; 0: 16 MiB */
  size_t max_entries; /* held here; 0: 65,536 */
  int64_t timeout_us; /* of a call; 0: a second */
  uint64_t reserved[8];
} OrfCacheOptions;

/* INVALID: a path or prefix that is too long, or a prefix that is no UTF-8; FAILED: no thread or
 * descriptor to be had.  That no daemon is there is no error: it is tried again, each time later,
 * up to a second. */
OrfStatus orf_cache_new (const OrfCacheOptions *options, OrfCache **cache);
/* Values that were got stay good.  NULL is nothing. */
void orf_cache_free (OrfCache *cache);

/* OK with NULL: a miss.  INVALID: no key, or one that is no UTF-8 of at most 1024 bytes; FAILED: no
 * daemon is there, or it answered an error; TIMEOUT.  Of this and all below orf_last_error_get()
 * says more; the daemon is told how long its caller waits, and stops then. */
OrfStatus orf_cache_get (OrfCache *cache, const char *key, OrfCacheValue **value);

#define ORF_CACHE_MAX_KEYS 1000

/* The same of n_keys keys, from 1 to ORF_CACHE_MAX_KEYS, in one call for those that are not held
 * here: values[i], of room for n_keys, is that of keys[i], NULL on a miss; each is released.  Where
 * it is not OK all are NULL. */
OrfStatus orf_cache_get_many (OrfCache *cache,
                              const char *const *keys,
                              size_t n_keys,
                              OrfCacheValue **values);

/* With the NUL. */
#define ORF_CACHE_LEASE_SIZE 41

/* The same, where many would make the value at once: of all who miss the key, in all processes, one
 * is answered a lease, and is to make the value within lease_us and give it to orf_cache_set() with
 * the lease.  The others wait up to wait_us for it.  lease: "" where there is none. */
OrfStatus orf_cache_get_or_lease (OrfCache *cache,
                                  const char *key,
                                  int64_t lease_us,
                                  int64_t wait_us,
                                  OrfCacheValue **value,
                                  char lease[ORF_CACHE_LEASE_SIZE]);

/* Its bytes, until it is released; NULL: it is known that there is none (a null value). */
const void *orf_cache_value_get_data (const OrfCacheValue *value, size_t *length);
/* Its lifetime is over, and it is being made again. */
bool orf_cache_value_is_stale (const OrfCacheValue *value);
/* NULL is nothing. */
void orf_cache_value_release (OrfCacheValue *value);

/* Zeroed, then what is wanted. */
typedef struct {
  int64_t ttl_ms;   /* lifetime; 0: the daemon's [cache] ttl_ms */
  int64_t stale_us; /* served so long after it while one makes it anew; 0: the daemon's */
  int64_t cost_us;  /* what it took to make; 0: not told */
  const char *const
    *tags;           /* of UTF-8, for cache.invalidate, at most 16, ended by NULL; NULL: none */
  const char *lease; /* of orf_cache_get_or_lease(): where it is lost nothing is stored, which
                        is no error; NULL: none */
  uint64_t reserved[4];
} OrfCacheSetOptions;

/* data NULL: it is known that there is none.  options NULL: all zero.  Anything but OK: it may or
 * may not be stored, and nothing of the key is held here. */
OrfStatus orf_cache_set (OrfCache *cache,
                         const char *key,
                         const void *data,
                         size_t length,
                         const OrfCacheSetOptions *options);
OrfStatus orf_cache_delete (OrfCache *cache, const char *key);

/* Drops all whose key matches pattern (`*` any letters, `?` one; NULL: any), that have tag (NULL:
 * any), or both; one of them is given.  n_removed: how many there were; may be NULL, and is left
 * alone where it is not OK.  Needs the role `operate`, which the socket's owner has. */
OrfStatus
orf_cache_invalidate (OrfCache *cache, const char *pattern, const char *tag, uint64_t *n_removed);

typedef struct {
  bool is_fresh;          /* what is held here is served now */
  uint64_t n_hits;        /* answered from here */
  uint64_t n_calls;       /* gets that asked the daemon */
  uint64_t n_dropped;     /* held values that went since their key changed */
  uint64_t n_evictions;   /* …for want of room */
  uint64_t n_flushes;     /* times that all of them went: a lost connection, or too many changes */
  uint64_t n_connections; /* since the start */
  size_t n_entries, used_bytes;
  char reason[256]; /* what went wrong last, for people; "" if nothing did */
  uint64_t reserved[4];
} OrfCacheState;

void orf_cache_get_state (OrfCache *cache, OrfCacheState *state);
/* Until is_fresh; TIMEOUT after timeout_us (below 0: as long as it takes). */
OrfStatus orf_cache_wait_fresh (OrfCache *cache, int64_t timeout_us);

#ifdef __cplusplus
}
#endif

#endif
