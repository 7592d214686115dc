/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-desk-private.h"

#include "cache/orf-cache-stats.h"
#include "core/orf-clock.h"
#include "core/orf-timer.h"
#include "orf-encode.h"
#include "orf-error.h"

/* In so much time all entries are looked at for whether they are over, some each time. */
#define SWEEP_S       60
#define SWEEP_BUCKETS 2048
/* Leases whose time is over are given back within so long. */
#define LOOK_MS 1000
/* What is written in stays for the next answer, but for what an unusually large one took. */
#define KEPT_SCRATCH_BYTES (1024 * 1024)
/* How long those who hold values themselves may serve them when nothing more is heard: what is
 * promised between daemons. */
#define KEEP_LEASE_US (2 * ORF_US_PER_S)

static gboolean
sweep_cb (gpointer user_data)
{
  OrfCacheDesk *desk = user_data;
  gint64 now_us = orf_clock_monotonic_us ();

  orf_cache_store_sweep (desk->store, now_us,
                         MIN (SWEEP_BUCKETS, orf_cache_store_get_n_buckets (desk->store)));
  orf_cache_repeats_look (desk->repeats, now_us);
  orf_cache_leases_look (desk->leases, now_us); /* of those that nobody waits for */
  return G_SOURCE_CONTINUE;
}

static void
settled_cb (gpointer user_data, OrfCacheBytes key, const OrfCacheCell *kept)
{
  orf_cache_desk_settle (user_data, key, kept);
}

OrfCacheDesk *
orf_cache_desk_new (const OrfConfig *config, OrfMemory *memory, OrfCacheJournal *journal)
{
  OrfCacheDesk *desk = g_new0 (OrfCacheDesk, 1);
  const OrfCacheLimits limits = {
    .max_bytes = (gsize) config->cache.l1_bytes,
    .max_entries = (gsize) config->cache.l1_entries,
    .max_names = (guint) config->cache.max_namespaces,
  };
  gsize n_steps;

  desk->config = config;
  desk->journal = journal;
  desk->store = orf_cache_store_new (&limits, memory);
  desk->leases = orf_cache_leases_new ();
  desk->misses = orf_cache_misses_new ();
  desk->repeats = orf_cache_repeats_new (config->store.idempotency_us);
  desk->walks = orf_cache_walks_new (desk->store);
  desk->scratch = g_string_new (NULL);
  desk->rand = g_rand_new ();
  n_steps = MAX (orf_cache_store_get_n_buckets (desk->store) / SWEEP_BUCKETS, 1);
  desk->sweep = orf_timer_start ((guint) CLAMP (SWEEP_S * 1000 / n_steps, 1, LOOK_MS), sweep_cb,
                                 desk);
  return desk;
}

void
orf_cache_desk_set_level (OrfCacheDesk *desk, const OrfCacheLevelOps *ops, OrfCacheLevel *level)
{
  const OrfCacheRemoteListener listener = { settled_cb, desk };

  desk->remote = orf_cache_remote_new (ops, level, desk->store, desk->config, &listener);
}

void
orf_cache_desk_changed (OrfCacheDesk *desk, const OrfCacheBytes *keys, guint n)
{
  orf_cache_remote_changed (desk->remote, keys, n);
}

void
orf_cache_desk_free (OrfCacheDesk *desk)
{
  desk->ending = TRUE;
  g_clear_pointer (&desk->remote, orf_cache_remote_free);
  g_clear_pointer (&desk->sweep, orf_timer_stop);
  g_clear_pointer (&desk->walks, orf_cache_walks_free);
  g_clear_pointer (&desk->leases, orf_cache_leases_free);
  g_clear_pointer (&desk->waits, orf_timer_stop);
  orf_cache_store_free (desk->store);
  orf_cache_repeats_free (desk->repeats);
  orf_cache_misses_free (desk->misses);
  g_string_free (desk->scratch, TRUE);
  g_rand_free (desk->rand);
  g_free (desk);
}

/* ---- what callers hold themselves -------------------------------------------------------------
 */

void
orf_cache_desk_let_keep (OrfCacheDesk *desk, OrfCacheFound *found)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (found->cell == NULL || found->stale || found->cell->version == 0 ||
      (desk->remote != NULL && !orf_cache_remote_covers (desk->remote, found->cell, now_us)))
    return;
  found->version = orf_cache_journal_get_version (desk->journal);
  found->keep_us = MAX (found->cell->expires_us - now_us, 0);
}

void
orf_cache_desk_settle (OrfCacheDesk *desk, OrfCacheBytes key, const OrfCacheCell *kept)
{
  orf_cache_leases_end (desk->leases, key);
  orf_cache_journal_add_key (desk->journal, key);
  desk->written = (OrfCacheFound){ .cell = kept };
  orf_cache_desk_let_keep (desk, &desk->written);
  desk->written.cell = NULL; /* which the store may free */
}

static void
ask_sync (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  gint64 lease_us = KEEP_LEASE_US;
  gboolean lost = FALSE;

  if (desk->remote != NULL)
    lease_us = orf_cache_covers_look (&desk->covers, orf_cache_remote_get_covers (desk->remote),
                                      orf_clock_monotonic_us (), lease_us, &lost);
  if (lost)
    orf_cache_journal_add_pattern (desk->journal, NULL);
  g_string_printf (desk->scratch,
                   "{\"version\":%" G_GUINT64_FORMAT ",\"lease_us\":%" G_GINT64_FORMAT "}",
                   orf_cache_journal_get_version (desk->journal), lease_us);
  orf_cache_desk_tell (desk, asker);
}

/* ---- answers --------------------------------------------------------------------------------- */

void
orf_cache_desk_fail (const OrfCacheAsker *asker, GError *error)
{
  asker->done (asker->data, NULL, 0, error);
}

/* Who is told may ask anew at once, and so write into scratch. */
void
orf_cache_desk_tell (OrfCacheDesk *desk, const OrfCacheAsker *asker)
{
  g_autoptr (GString) large = NULL;

  if (desk->scratch->allocated_len > KEPT_SCRATCH_BYTES) {
    large = desk->scratch;
    desk->scratch = g_string_new (NULL);
  }
  asker->done (asker->data, large != NULL ? large->str : desk->scratch->str,
               large != NULL ? large->len : desk->scratch->len, NULL);
}

static void
tell_struct (OrfCacheDesk *desk,
             const OrfCacheAsker *asker,
             const OrfDesc *desc,
             gconstpointer result)
{
  g_autoptr (GError) error = NULL;

  g_string_truncate (desk->scratch, 0);
  if (orf_encode (desc, result, desk->scratch, &error))
    orf_cache_desk_tell (desk, asker);
  else
    orf_cache_desk_fail (asker, g_steal_pointer (&error));
}

/* ---- dropping -------------------------------------------------------------------------------- */

/* A call that drops entries, on its way. */
typedef struct {
  OrfCacheDesk *desk;
  OrfCacheAsker asker;
  OrfCacheBytes key; /* these of the call's parameters */
  const char *pattern, *tag;
  gboolean is_remote; /* the nodes were asked: what they had counts */
  guint64 removed;
  GError *error;
} Removal;

static void
tell_removed (OrfCacheDesk *desk, const OrfCacheAsker *asker, guint64 n)
{
  g_string_printf (desk->scratch, "{\"removed\":%" G_GUINT64_FORMAT "}", n);
  orf_cache_desk_tell (desk, asker);
}

static Removal *
removal_new (OrfCacheDesk *desk, const OrfCacheAsker *asker)
{
  Removal *removal = g_new0 (Removal, 1);

  removal->desk = desk;
  removal->asker = *asker;
  return removal;
}

static void
finish (Removal *removal)
{
  if (removal->error != NULL)
    orf_cache_desk_fail (&removal->asker, removal->error);
  else
    tell_removed (removal->desk, &removal->asker, removal->removed);
  g_free (removal);
}

static void
removed_cb (gpointer data, guint64 n, guint n_alone, GError *error)
{
  Removal *removal = data;

  orf_cache_journal_add_key (removal->desk->journal, removal->key);
  removal->removed = n;
  removal->error = error;
  finish (removal);
}

static void
ask_delete (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  OrfCacheBytes key = orf_cache_desk_bytes (((const OrfCacheDeleteParams *) data)->key);
  Removal *removal = removal_new (desk, asker);

  removal->key = key;
  orf_cache_leases_end (desk->leases, key);
  if (desk->remote != NULL)
    orf_cache_remote_remove (desk->remote, key, removed_cb, removal);
  else
    removed_cb (removal, orf_cache_store_remove (desk->store, key), 0, NULL);
}

static void
walked_cb (gpointer data, guint64 removed)
{
  Removal *removal = data;

  if (!removal->is_remote)
    removal->removed = removed;
  /* a caller may hold what the store has lost: which of those have a tag nobody knows any more */
  orf_cache_journal_add_pattern (removal->desk->journal, removal->pattern);
  finish (removal);
}

/* After the nodes: what was read from them until now is dropped too. */
static void
walk (Removal *removal)
{
  orf_cache_walks_add (removal->desk->walks, removal->pattern, removal->tag, walked_cb, removal);
}

static void
invalidated_cb (gpointer data, guint64 n, guint n_alone, GError *error)
{
  Removal *removal = data;

  removal->removed = n;
  removal->error = error;
  if (removal->desk->ending)
    finish (removal);
  else
    walk (removal);
}

/* Which tags a value will have that is being made is not known: with a tag all leases end. */
static void
invalidate (Removal *removal, gboolean is_local)
{
  OrfCacheDesk *desk = removal->desk;

  orf_cache_leases_end_matching (desk->leases, removal->pattern);
  removal->is_remote = desk->remote != NULL && !is_local;
  if (removal->is_remote)
    orf_cache_remote_invalidate (desk->remote, removal->pattern, removal->tag, invalidated_cb,
                                 removal);
  else
    walk (removal);
}

static void
ask_invalidate (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheInvalidateParams *params = data;
  Removal *removal;

  if (params->pattern == NULL && params->tag == NULL) {
    orf_cache_desk_fail (asker,
                         orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "pattern",
                                              "a pattern or a tag",
                                              "pattern: it or tag has to be given; cache.clear "
                                              "drops everything"));
    return;
  }
  removal = removal_new (desk, asker);
  removal->pattern = params->pattern;
  removal->tag = params->tag;
  invalidate (removal, FALSE);
}

static void
ask_clear (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  invalidate (removal_new (desk, asker), ((const OrfCacheClearParams *) data)->local);
}

/* ---- what there is --------------------------------------------------------------------------- */

static OrfCacheL2Stats *
no_nodes (void)
{
  OrfCacheL2Stats *stats = orf_cache_l2_stats_new ();

  stats->mode = ORF_CACHE_MODE_LOCAL;
  stats->nodes = g_ptr_array_new ();
  return stats;
}

OrfCacheL2Stats *
orf_cache_desk_describe_level2 (OrfCacheDesk *desk)
{
  return desk->remote != NULL ? orf_cache_remote_describe (desk->remote) : no_nodes ();
}

static void
ask_stats (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  g_autoptr (OrfCacheStatsResult) stats = orf_cache_stats_describe (desk->store, desk->config);

  stats->l1->leases = orf_cache_leases_get_n (desk->leases);
  stats->l1->waiting = orf_cache_leases_get_n_waiting (desk->leases);
  stats->invalidations = orf_cache_walks_describe (desk->walks);
  stats->l2 = orf_cache_desk_describe_level2 (desk);
  tell_struct (desk, asker, &orf_cache_stats_result_desc, stats);
}

static void
ask_locate (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  OrfCacheLocateResult result = { .key = ((const OrfCacheLocateParams *) data)->key };
  g_autofree char *node = NULL;
  int slot = -1;

  if (desk->remote != NULL)
    orf_cache_remote_locate (desk->remote, orf_cache_desk_bytes (result.key), &node, &slot);
  result.node = node;
  result.slot = slot;
  result.has_slot = slot >= 0;
  tell_struct (desk, asker, &orf_cache_locate_result_desc, &result);
}

GArray *
orf_cache_desk_copy_names (OrfCacheDesk *desk)
{
  return orf_cache_names_copy (orf_cache_store_get_names (desk->store));
}

typedef void (*Ask) (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);

static const Ask asks[ORF_N_METHODS] = {
  [ORF_METHOD_CACHE_GET] = orf_cache_desk_get,   [ORF_METHOD_CACHE_SET] = orf_cache_desk_set,
  [ORF_METHOD_CACHE_MGET] = orf_cache_desk_mget, [ORF_METHOD_CACHE_MSET] = orf_cache_desk_mset,
  [ORF_METHOD_CACHE_DELETE] = ask_delete,        [ORF_METHOD_CACHE_INVALIDATE] = ask_invalidate,
  [ORF_METHOD_CACHE_CLEAR] = ask_clear,          [ORF_METHOD_CACHE_STATS] = ask_stats,
  [ORF_METHOD_CACHE_LOCATE] = ask_locate,        [ORF_METHOD_CACHE_SYNC] = ask_sync,
};

gboolean
orf_cache_desk_knows (OrfMethodId method)
{
  return asks[method] != NULL;
}

void
orf_cache_desk_ask (OrfCacheDesk *desk,
                    OrfMethodId method,
                    gconstpointer params,
                    const OrfCacheRepeat *repeat,
                    const OrfCacheAsker *asker)
{
  OrfCacheAsker doer = *asker;

  if (repeat == NULL || orf_cache_repeats_begin (desk->repeats, method, repeat, asker,
                                                 orf_clock_monotonic_us (), &doer))
    asks[method](desk, params, &doer);
}
