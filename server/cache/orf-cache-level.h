/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What the cache's first level (the daemon's own memory) asks of its second (Redis), and hears from
 * it.  The first level is in server/cache/, a second one gives it a table of these functions: so
 * neither knows the other's inside, and a test gives a table of its own.
 *
 * Everything happens in the cache's context, but for `open`.  No function waits.  Each `done` is
 * told exactly once, never from inside the call that asks: later, in a turn of its own, and at the
 * latest shortly after deadline_us, or from `free`.  What is passed to `done` is borrowed until it
 * returns; what is passed to a call, until that returns.
 *
 * Keys and records are bytes with a length, not strings.  A record is what the first level wrote
 * (value, times, tags: orf-cache-record.h); the second keeps it as it is.
 *
 * Coherence.  The second level holds, for each node, a cover: until when what was read from the
 * node is known to be what the node has, because each change would have been told by `changed`.
 * An entry of the first level remembers node and epoch; it is served while
 * `covers[node].epoch == epoch && now < covers[node].until_us`, and else asked for again.  So a
 * broken link flushes all that it covered by one number (a new epoch), without looking for it.
 * `changed` may come before or after the answer to a get of the same key: an answer that was on its
 * way then is told to its caller, but not kept.
 */
typedef struct _OrfCacheLevel OrfCacheLevel;

typedef struct {
  const char *data;
  gsize length;
} OrfCacheBytes;

/* Nodes have numbers below this for as long as the level lives; a node that leaves the config's
 * list or the cluster does not give its number away. */
#define ORF_CACHE_MAX_NODES 256
#define ORF_CACHE_NO_NODE   G_MAXUINT16

typedef enum {
  ORF_CACHE_DONE,    /* get: there is a record; else: written, on the node */
  ORF_CACHE_MISSING, /* the node answered: there is none (get, delete), another holds it (lock) */
  ORF_CACHE_DOWN,    /* nobody was asked, nothing written: the key's node serves nothing now */
  ORF_CACHE_LOST,    /* asked, and no answer in time: a write may have been done */
  ORF_CACHE_REFUSED, /* the node answered an error (OOM, READONLY): nothing was written */
} OrfCacheOutcome;

/* Of one node; only the level writes it. */
typedef struct {
  guint32 epoch;   /* another one: forget what came from here */
  gint64 until_us; /* monotonic; at most two seconds ahead.  0: nothing is covered */
} OrfCacheCover;

/* The answer for one key of a call. */
typedef struct {
  OrfCacheOutcome outcome;
  guint16 node;         /* who has it, or would; ORF_CACHE_NO_NODE: nobody */
  guint32 epoch;        /* of the node when it was asked */
  OrfCacheBytes record; /* of get, with ORF_CACHE_DONE */
} OrfCacheAnswer;

typedef struct {
  OrfCacheBytes key, record;
  gint64 ttl_ms;           /* after which the node may forget it; > 0 */
  const char *const *tags; /* for invalidate; NULL-terminated, NULL: none */
} OrfCacheWrite;

/* Answers in the order asked. */
typedef void (*OrfCacheAnswered) (gpointer data, const OrfCacheAnswer *answers, guint n);
/* outcome NULL: it goes on, and so much is done by now; set: it is over. */
typedef void (*OrfCacheProgress) (gpointer data, const OrfCacheOutcome *outcome, guint64 removed);

/* What the second level tells unasked. */
typedef struct {
  /* Somebody else wrote or dropped these, or maybe did.  Own writes need not be told. */
  void (*changed) (gpointer user_data, const OrfCacheBytes *keys, guint n);
} OrfCacheLevelListener;

typedef struct {
  /* In the main context, before the cache's thread runs: config is copied from, not kept; sources
   * go to `context`.  It does not wait for a node: with none up it is there all the same. */
  OrfCacheLevel *(*open) (const OrfConfig *config,
                          GMainContext *context,
                          const OrfCacheLevelListener *listener,
                          gpointer user_data,
                          GError **error);
  /* Tells every open `done` (ORF_CACHE_LOST), then nothing any more. */
  void (*free) (OrfCacheLevel *level);

  /* deadline_us is monotonic, for the whole call.  Calls of one key go to its node in the order in
   * which they were made, and so do their answers. */
  void (*get) (OrfCacheLevel *level,
               const OrfCacheBytes *keys,
               guint n,
               gint64 deadline_us,
               OrfCacheAnswered done,
               gpointer data);
  void (*set) (OrfCacheLevel *level,
               const OrfCacheWrite *writes,
               guint n,
               gint64 deadline_us,
               OrfCacheAnswered done,
               gpointer data);
  void (*remove) (OrfCacheLevel *level,
                  const OrfCacheBytes *keys,
                  guint n,
                  gint64 deadline_us,
                  OrfCacheAnswered done,
                  gpointer data);
  /* All keys that match pattern (* and ?; NULL: any) and have tag (NULL: any), on all nodes, in
   * steps.  Returns what `stop` takes. */
  guint64 (*invalidate) (OrfCacheLevel *level,
                         const char *pattern,
                         const char *tag,
                         gint64 deadline_us,
                         OrfCacheProgress progress,
                         gpointer data);
  /* Of an invalidate whose caller went away: its progress is not told any more. */
  void (*stop) (OrfCacheLevel *level, guint64 invalidation);

  /* Who computes a key that is missing, of all daemons: DONE, this one, until unlock() or hold_ms
   * are over; MISSING, another. */
  void (*lock) (OrfCacheLevel *level,
                const OrfCacheBytes *key,
                gint64 hold_ms,
                gint64 deadline_us,
                OrfCacheAnswered done,
                gpointer data);
  /* Not answered: a lock that stays ends by its time. */
  void (*unlock) (OrfCacheLevel *level, const OrfCacheBytes *key);

  /* ORF_CACHE_MAX_NODES of them, at one place while the level lives. */
  const OrfCacheCover *(*get_covers) (OrfCacheLevel *level);
  /* For cache.locate: *node gets a new string or NULL, *slot -1 where there are no slots. */
  void (*locate) (OrfCacheLevel *level, const OrfCacheBytes *key, char **node, int *slot);
  /* For cache.stats: mode and nodes; the hit rate is the first level's to fill. */
  OrfCacheL2Stats *(*describe) (OrfCacheLevel *level);
} OrfCacheLevelOps;

G_END_DECLS
