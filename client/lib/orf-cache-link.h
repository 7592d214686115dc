/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <orfeas/types.h>

/*
 * The connection of an OrfCache: calls of any thread, and the stream of changes, which a thread of
 * its own reads.  It comes back by itself.
 */
typedef struct OrfCacheLink OrfCacheLink;

/* On the link's thread. */
typedef struct {
  /* A value of cache.watch; all: others before it were lost, so that everything up to its version
   * may have changed. */
  void (*changed) (void *user_data, const json_t *changes, bool all);
  /* Nothing more is told of changes: all that is held goes. */
  void (*lost) (void *user_data);
} OrfCacheLinkOps;

/* socket NULL: the default; ops outlive it.  NULL: no memory, thread or descriptor. */
OrfCacheLink *orf_cache_link_new (const char *socket,
                                  const char *prefix,
                                  const OrfCacheLinkOps *ops,
                                  void *user_data);
/* Nobody asks any more. */
void orf_cache_link_free (OrfCacheLink *link);

int64_t orf_cache_link_next_id (OrfCacheLink *link);
/* Takes line, of that id, which may be NULL.  *answer, for json_decref(), has the result; NULL
 * where the status is not OK, which the calling thread's last error then says more of. */
OrfStatus orf_cache_link_ask (
  OrfCacheLink *link, int64_t id, char *line, int64_t timeout_us, json_t **answer);

/* Whether what is held may be served at that time. */
bool orf_cache_link_is_fresh (const OrfCacheLink *link, int64_t now_us);
/* From which version on all changes are told; UINT64_MAX: none are. */
uint64_t orf_cache_link_get_floor (const OrfCacheLink *link);
OrfStatus orf_cache_link_wait_fresh (OrfCacheLink *link, int64_t timeout_us);
uint64_t orf_cache_link_get_n_connections (OrfCacheLink *link);
void orf_cache_link_get_reason (OrfCacheLink *link, char *reason, size_t size);
