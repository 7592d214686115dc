/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-exit.h"
#include "orf-ctl-latencies.h"

G_BEGIN_DECLS

/* A closed loop of cache.get and cache.set on the cache's socket: on each connection so many calls
 * at once, a new one for each answer.  A get that misses is followed by a set, as those do who use
 * a cache. */
typedef struct {
  const char *path;
  guint n_connections, depth;
  guint n_keys;
  double exponent;     /* of the Zipf law by which keys are chosen */
  double sets_percent; /* beside those after a miss */
  guint value_bytes;
  gint64 duration_us;
  guint32 seed;
} OrfCtlCachePlan;

typedef enum {
  ORF_CTL_CACHE_GET,
  ORF_CTL_CACHE_SET,
  ORF_CTL_CACHE_N_KINDS,
} OrfCtlCacheKind;

typedef struct {
  gint64 took_us;
  OrfCtlLatencies *latencies[ORF_CTL_CACHE_N_KINDS];
  guint64 n_hits, n_l1, n_l2; /* of gets */
  guint64 n_errors;
  char *first_error; /* an answer as it came; NULL: there was none */
} OrfCtlCacheResult;

/* share: 0 to 1 of the duration; now and then. */
typedef void (*OrfCtlCacheProgress) (gpointer user_data, double share);

OrfCtlExit orf_ctl_cache_load_run (const OrfCtlCachePlan *plan,
                                   OrfCtlCacheProgress progress,
                                   gpointer user_data,
                                   OrfCtlCacheResult **result,
                                   GError **error);
void orf_ctl_cache_result_free (OrfCtlCacheResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlCacheResult, orf_ctl_cache_result_free)

G_END_DECLS
