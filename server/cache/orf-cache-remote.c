/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: an own write drops the key from the store when it is sent and again when it is
 * answered, and what was asked before it is not kept: so no value older than one that was
 * acknowledged is ever there.
 */
#include "cache/orf-cache-remote.h"

#include <math.h>

#include "cache/orf-cache-bytes.h"
#include "cache/orf-cache-flights.h"
#include "cache/orf-cache-pack.h"
#include "cache/orf-cache-record.h"
#include "core/orf-clock.h"
#include "orf-error.h"

/* The longest that a call, or a walk through all nodes' keys, may take.  What a node that does not
 * answer costs is [cache] redis_command_us, by which the level gives up. */
#define PATIENCE_US (600 * ORF_US_PER_S)

struct _OrfCacheRemote {
  const OrfCacheLevelOps *ops;
  OrfCacheLevel *level;
  const OrfCacheCover *covers;
  OrfCacheStore *store;
  const OrfConfig *config;
  OrfCacheRemoteListener listener;
  OrfCacheFlights *flights;
  GHashTable *fetches; /* Fetch */
  guint64 hits, misses;
};

static gint64
get_deadline_us (void)
{
  return orf_clock_monotonic_us () + PATIENCE_US;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What a node has may not be what was written: a frame is one, and what is told as text is. */
static gboolean
is_sound (const OrfCacheItem *item)
{
  OrfCacheBytes value = item->value;
  g_autofree char *unpacked = NULL;

  if (item->flags & ORF_CACHE_PACKED) {
    unpacked = orf_cache_unpack (item->value, &value.length);
    if (unpacked == NULL)
      return FALSE;
    value.data = unpacked;
  }
  return (item->flags & ORF_CACHE_BINARY) != 0 ||
         g_utf8_validate_len (value.data, value.length, NULL);
}

/* What the node has of a key; kept where nothing happened to it meanwhile.  NULL: nothing. */
static OrfCacheCell *
take_answer (OrfCacheRemote *remote,
             OrfCacheBytes key,
             const OrfCacheAnswer *answer,
             const OrfCacheTicket *ticket)
{
  gboolean unchanged = orf_cache_flights_end (remote->flights, key, ticket);
  g_auto (GStrv) tags = NULL;
  const OrfCacheCell *kept = NULL;
  OrfCacheItem item;
  OrfCacheCell *cell;

  if (answer->outcome != ORF_CACHE_DONE ||
      !orf_cache_record_read (answer->record, key, orf_clock_monotonic_us (), orf_clock_now_us (),
                              &item, &tags) ||
      !is_sound (&item)) {
    remote->misses++;
    return NULL;
  }
  remote->hits++;
  item.node = answer->node;
  item.epoch = answer->epoch;
  if (unchanged)
    kept = orf_cache_store_put (remote->store, &item);
  cell = orf_cache_cell_new (&item);
  cell->version = kept != NULL ? kept->version : 0;
  cell->name = orf_cache_names_find (orf_cache_store_get_names (remote->store), key);
  return cell;
}

typedef struct {
  OrfCacheFetched fetched;
  gpointer data;
} Asker;

/* One key on its way, and all who asked for it. */
typedef struct {
  OrfCacheBytes key; /* first: what the table looks at */
  OrfCacheRemote *remote;
  OrfCacheTicket ticket;
  GArray *askers; /* Asker */
} Fetch;

/* Nobody joins it any more. */
static void
leave (Fetch *fetch)
{
  if (g_hash_table_lookup (fetch->remote->fetches, fetch) == fetch)
    g_hash_table_remove (fetch->remote->fetches, fetch);
}

static void
fetched_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Fetch *fetch = data;
  OrfCacheCell *cell = take_answer (fetch->remote, fetch->key, &answers[0], &fetch->ticket);

  /* who asks from here on needs a newer answer */
  leave (fetch);
  for (guint i = 0; i < fetch->askers->len; i++) {
    const Asker *asker = &g_array_index (fetch->askers, Asker, i);

    asker->fetched (asker->data, cell);
  }
  orf_cache_cell_free (cell);
  g_array_unref (fetch->askers);
  g_free ((char *) fetch->key.data);
  g_free (fetch);
}

void
orf_cache_remote_get (OrfCacheRemote *remote,
                      OrfCacheBytes key,
                      OrfCacheFetched fetched,
                      gpointer data)
{
  const Asker asker = { fetched, data };
  Fetch *fetch = g_hash_table_lookup (remote->fetches, &key);
  gboolean first;

  /* what it brings may be older than a write that was acknowledged meanwhile, without the node */
  if (fetch != NULL && !orf_cache_flights_is_same (remote->flights, key, &fetch->ticket)) {
    leave (fetch);
    fetch = NULL;
  }
  first = fetch == NULL;
  if (first) {
    fetch = g_new0 (Fetch, 1);
    fetch->remote = remote;
    fetch->key = orf_cache_bytes_copy (key);
    fetch->ticket = orf_cache_flights_begin (remote->flights, key);
    fetch->askers = g_array_new (FALSE, FALSE, sizeof (Asker));
    g_hash_table_add (remote->fetches, fetch);
  }
  g_array_append_val (fetch->askers, asker);
  if (first)
    remote->ops->get (remote->level, &key, 1, get_deadline_us (), fetched_cb, fetch);
}

typedef struct {
  OrfCacheRemote *remote;
  OrfCacheBytes *keys;
  OrfCacheTicket *tickets;
  OrfCacheFetchedAll fetched;
  gpointer data;
} FetchAll;

static void
fetched_all_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  FetchAll *all = data;
  g_autofree OrfCacheCell **cells = g_new0 (OrfCacheCell *, n);

  for (guint i = 0; i < n; i++)
    cells[i] = take_answer (all->remote, all->keys[i], &answers[i], &all->tickets[i]);
  all->fetched (all->data, cells);
  for (guint i = 0; i < n; i++)
    orf_cache_cell_free (cells[i]);
  g_free (all->keys);
  g_free (all->tickets);
  g_free (all);
}

void
orf_cache_remote_mget (OrfCacheRemote *remote,
                       const OrfCacheBytes *keys,
                       guint n,
                       OrfCacheFetchedAll fetched,
                       gpointer data)
{
  FetchAll *all = g_new0 (FetchAll, 1);

  all->remote = remote;
  all->keys = g_memdup2 (keys, n * sizeof *keys);
  all->tickets = g_new (OrfCacheTicket, n);
  all->fetched = fetched;
  all->data = data;
  for (guint i = 0; i < n; i++)
    all->tickets[i] = orf_cache_flights_begin (remote->flights, keys[i]);
  remote->ops->get (remote->level, keys, n, get_deadline_us (), fetched_all_cb, all);
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
  OrfCacheRemote *remote;
  GArray *inputs; /* OrfCacheInput; NULL: keys are removed */
  OrfCacheBytes key;
  OrfCacheTicket *tickets;
  gboolean was_here; /* the store had it */
  OrfCacheWritten written;
  gpointer data;
} Write;

/* What was known of the key holds no more. */
static void
forget (OrfCacheRemote *remote, OrfCacheBytes key)
{
  orf_cache_flights_change (remote->flights, key);
  orf_cache_store_remove (remote->store, key);
}

static GError *
unconfirmed_error (guint n, const char *what)
{
  return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                      "%u %s not confirmed by the node in time, and may or may not be done", n,
                      what);
}

/* Without its node it is for a moment only: what others write meanwhile is not heard of. */
static const OrfCacheCell *
keep (OrfCacheRemote *remote, OrfCacheItem *item, const OrfCacheAnswer *answer)
{
  item->node = answer->node;
  item->epoch = answer->epoch;
  if (answer->outcome == ORF_CACHE_DOWN) {
    item->flags |= ORF_CACHE_ALONE;
    item->expires_us = MIN (item->expires_us,
                            orf_clock_monotonic_us () + remote->config->cache.alone_us);
    item->stale_us = 0;
  }
  return orf_cache_store_put (remote->store, item);
}

static void
set_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Write *write = data;
  OrfCacheRemote *remote = write->remote;
  guint n_lost = 0, n_alone = 0;

  for (guint i = 0; i < n; i++) {
    OrfCacheItem *item = &g_array_index (write->inputs, OrfCacheInput, i).item;
    gboolean unchanged = orf_cache_flights_end (remote->flights, item->key, &write->tickets[i]);
    gboolean lost = answers[i].outcome != ORF_CACHE_DONE && answers[i].outcome != ORF_CACHE_DOWN;
    const OrfCacheCell *kept = NULL;

    n_lost += lost;
    n_alone += answers[i].outcome == ORF_CACHE_DOWN;
    if (unchanged)
      forget (remote, item->key);
    if (unchanged && !lost)
      kept = keep (remote, item, &answers[i]);
    remote->listener.settled (remote->listener.user_data, item->key, kept);
  }
  write->written (write->data, n - n_lost, n_alone,
                  n_lost > 0 ? unconfirmed_error (n_lost, "writes were") : NULL);
  g_array_unref (write->inputs);
  g_free (write->tickets);
  g_free (write);
}

static void
add_write (OrfCacheRemote *remote, GArray *writes, GPtrArray *records, const OrfCacheItem *item)
{
  gint64 now_us = orf_clock_monotonic_us ();
  GByteArray *record = orf_cache_record_new (item, now_us, orf_clock_now_us ());
  const OrfCacheWrite one = {
    .key = item->key,
    .record = { (const char *) record->data, record->len },
    .ttl_ms = MAX ((item->expires_us + item->stale_us - now_us) / ORF_US_PER_MS, 1),
    .tags = item->tags,
  };

  g_ptr_array_add (records, record);
  g_array_append_val (writes, one);
}

void
orf_cache_remote_set (OrfCacheRemote *remote,
                      GArray *inputs,
                      OrfCacheWritten written,
                      gpointer data)
{
  g_autoptr (GArray) writes = g_array_new (FALSE, FALSE, sizeof (OrfCacheWrite));
  g_autoptr (GPtrArray)
    records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  Write *write = g_new0 (Write, 1);

  write->remote = remote;
  write->inputs = inputs;
  write->tickets = g_new (OrfCacheTicket, inputs->len);
  write->written = written;
  write->data = data;
  for (guint i = 0; i < inputs->len; i++) {
    const OrfCacheItem *item = &g_array_index (inputs, OrfCacheInput, i).item;

    forget (remote, item->key);
    write->tickets[i] = orf_cache_flights_begin (remote->flights, item->key);
    add_write (remote, writes, records, item);
  }
  remote->ops->set (remote->level, (const OrfCacheWrite *) (gpointer) writes->data, writes->len,
                    get_deadline_us (), set_cb, write);
}

static void
remove_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Write *write = data;
  OrfCacheOutcome outcome = answers[0].outcome;
  gboolean lost = outcome == ORF_CACHE_LOST || outcome == ORF_CACHE_REFUSED;

  forget (write->remote, write->key);
  write->written (write->data, outcome == ORF_CACHE_DONE || write->was_here, 0,
                  lost ? unconfirmed_error (1, "removal was") : NULL);
  g_free (write);
}

void
orf_cache_remote_remove (OrfCacheRemote *remote,
                         OrfCacheBytes key,
                         OrfCacheWritten written,
                         gpointer data)
{
  Write *write = g_new0 (Write, 1);

  write->remote = remote;
  write->key = key;
  write->was_here = orf_cache_store_remove (remote->store, key);
  write->written = written;
  write->data = data;
  orf_cache_flights_change (remote->flights, key);
  remote->ops->remove (remote->level, &key, 1, get_deadline_us (), remove_cb, write);
}

static void
invalidate_cb (gpointer data, const OrfCacheOutcome *outcome, guint64 removed)
{
  Write *write = data;

  if (outcome == NULL)
    return;
  orf_cache_flights_change_all (write->remote->flights);
  write->written (write->data, removed, 0,
                  *outcome == ORF_CACHE_LOST || *outcome == ORF_CACHE_REFUSED
                    ? unconfirmed_error (1, "invalidation was")
                    : NULL);
  g_free (write);
}

void
orf_cache_remote_invalidate (OrfCacheRemote *remote,
                             const char *pattern,
                             const char *tag,
                             OrfCacheWritten written,
                             gpointer data)
{
  Write *write = g_new0 (Write, 1);

  write->remote = remote;
  write->written = written;
  write->data = data;
  orf_cache_flights_change_all (remote->flights);
  remote->ops->invalidate (remote->level, pattern, tag, get_deadline_us (), invalidate_cb, write);
}

/* ---- locks ----------------------------------------------------------------------------------- */

typedef struct {
  OrfCacheLocked locked;
  gpointer data;
} Lock;

static void
locked_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Lock *lock = data;

  lock->locked (lock->data, answers[0].outcome != ORF_CACHE_MISSING);
  g_free (lock);
}

void
orf_cache_remote_lock (
  OrfCacheRemote *remote, OrfCacheBytes key, gint64 hold_us, OrfCacheLocked locked, gpointer data)
{
  Lock *lock = g_new (Lock, 1);

  *lock = (Lock){ locked, data };
  remote->ops->lock (remote->level, &key, MAX (hold_us / ORF_US_PER_MS, 1), get_deadline_us (),
                     locked_cb, lock);
}

void
orf_cache_remote_unlock (OrfCacheRemote *remote, OrfCacheBytes key)
{
  remote->ops->unlock (remote->level, &key);
}

/* ---- what is known --------------------------------------------------------------------------- */

gboolean
orf_cache_remote_covers (OrfCacheRemote *remote, const OrfCacheCell *cell, gint64 now_us)
{
  const OrfCacheCover *cover;

  if (cell->node == ORF_CACHE_NO_NODE)
    return TRUE;
  cover = &remote->covers[cell->node];
  return cover->epoch == cell->epoch &&
         ((cell->flags & ORF_CACHE_ALONE) != 0 || now_us < cover->until_us);
}

void
orf_cache_remote_changed (OrfCacheRemote *remote, const OrfCacheBytes *keys, guint n)
{
  for (guint i = 0; i < n; i++) {
    forget (remote, keys[i]);
    remote->listener.settled (remote->listener.user_data, keys[i], NULL);
  }
}

const OrfCacheCover *
orf_cache_remote_get_covers (OrfCacheRemote *remote)
{
  return remote->covers;
}

void
orf_cache_remote_locate (OrfCacheRemote *remote, OrfCacheBytes key, char **node, int *slot)
{
  remote->ops->locate (remote->level, &key, node, slot);
}

OrfCacheL2Stats *
orf_cache_remote_describe (OrfCacheRemote *remote)
{
  OrfCacheL2Stats *stats = remote->ops->describe (remote->level);
  guint64 asked = remote->hits + remote->misses;

  stats->hit_rate_percent = asked > 0 ? 100.0 * (double) remote->hits / (double) asked : NAN;
  return stats;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfCacheRemote *
orf_cache_remote_new (const OrfCacheLevelOps *ops,
                      OrfCacheLevel *level,
                      OrfCacheStore *store,
                      const OrfConfig *config,
                      const OrfCacheRemoteListener *listener)
{
  OrfCacheRemote *remote = g_new0 (OrfCacheRemote, 1);

  remote->ops = ops;
  remote->level = level;
  remote->covers = ops->get_covers (level);
  remote->store = store;
  remote->config = config;
  remote->listener = *listener;
  remote->flights = orf_cache_flights_new ();
  remote->fetches = g_hash_table_new (orf_cache_bytes_hash, orf_cache_bytes_equal);
  return remote;
}

void
orf_cache_remote_free (OrfCacheRemote *remote)
{
  remote->ops->free (remote->level); /* which tells all who wait */
  g_hash_table_unref (remote->fetches);
  orf_cache_flights_free (remote->flights);
  g_free (remote);
}
