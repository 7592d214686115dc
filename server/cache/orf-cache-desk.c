/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-desk.h"

#include <string.h>

#include "cache/orf-cache-answer.h"
#include "cache/orf-cache-input.h"
#include "cache/orf-cache-leases.h"
#include "cache/orf-cache-stats.h"
#include "cache/orf-cache-walks.h"
#include "core/orf-clock.h"
#include "core/orf-timer.h"
#include "orf-encode.h"
#include "orf-error.h"

/* How late a wait may end. */
#define WAIT_MS 10
/* In so much time all entries are looked at for whether they are over, some each time. */
#define SWEEP_S       60
#define SWEEP_BUCKETS 2048

struct _OrfCacheDesk {
  const OrfConfig *config;
  OrfCacheStore *store;
  OrfCacheLeases *leases;
  OrfCacheWalks *walks;
  GString *scratch; /* what is answered next */
  GRand *rand;
  gboolean ending; /* no more leases: who waits is told what there is */
  GSource *sweep;
  GSource *waits; /* NULL: nobody waits */
};

static gboolean
sweep_cb (gpointer user_data)
{
  OrfCacheDesk *desk = user_data;
  gint64 now_us = orf_clock_monotonic_us ();

  orf_cache_store_sweep (desk->store, now_us,
                         MIN (SWEEP_BUCKETS, orf_cache_store_get_n_buckets (desk->store)));
  return G_SOURCE_CONTINUE;
}

OrfCacheDesk *
orf_cache_desk_new (const OrfConfig *config, OrfMemory *memory)
{
  OrfCacheDesk *desk = g_new0 (OrfCacheDesk, 1);
  const OrfCacheLimits limits = {
    .max_bytes = (gsize) config->cache.l1_bytes,
    .max_entries = (gsize) config->cache.l1_entries,
    .max_names = (guint) config->cache.max_namespaces,
  };
  gsize n_steps;

  desk->config = config;
  desk->store = orf_cache_store_new (&limits, memory);
  desk->leases = orf_cache_leases_new ();
  desk->walks = orf_cache_walks_new (desk->store);
  desk->scratch = g_string_new (NULL);
  desk->rand = g_rand_new ();
  n_steps = MAX (orf_cache_store_get_n_buckets (desk->store) / SWEEP_BUCKETS, 1);
  desk->sweep = orf_timer_start ((guint) MAX (SWEEP_S * 1000 / n_steps, 1), sweep_cb, desk);
  return desk;
}

void
orf_cache_desk_free (OrfCacheDesk *desk)
{
  desk->ending = TRUE;
  g_clear_pointer (&desk->sweep, orf_timer_stop);
  g_clear_pointer (&desk->walks, orf_cache_walks_free);
  g_clear_pointer (&desk->leases, orf_cache_leases_free);
  g_clear_pointer (&desk->waits, orf_timer_stop);
  orf_cache_store_free (desk->store);
  g_string_free (desk->scratch, TRUE);
  g_rand_free (desk->rand);
  g_free (desk);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
fail (const OrfCacheAsker *asker, GError *error)
{
  asker->done (asker->data, NULL, 0, error);
}

static void
tell (OrfCacheDesk *desk, const OrfCacheAsker *asker)
{
  asker->done (asker->data, desk->scratch->str, desk->scratch->len, NULL);
}

static void
tell_number (OrfCacheDesk *desk, const OrfCacheAsker *asker, const char *member, guint64 number)
{
  g_string_printf (desk->scratch, "{\"%s\":%" G_GUINT64_FORMAT "}", member, number);
  tell (desk, asker);
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
    tell (desk, asker);
  else
    fail (asker, g_steal_pointer (&error));
}

static OrfCacheBytes
get_bytes (const char *text)
{
  return (OrfCacheBytes){ text, strlen (text) };
}

/* ---- cache.get ------------------------------------------------------------------------------- */

/* A call of cache.get while another makes what it asks for. */
typedef struct {
  OrfCacheDesk *desk;
  const OrfCacheGetParams *params;
  OrfCacheAsker asker;
  gint64 until_us;
} Wait;

static void get (OrfCacheDesk *desk,
                 const OrfCacheGetParams *params,
                 gint64 wait_until_us,
                 const OrfCacheAsker *asker);

static OrfCacheFound
look_up (OrfCacheDesk *desk, OrfCacheBytes key, gint64 now_us)
{
  OrfCacheFound found = { .key = key, .tier = ORF_CACHE_TIER_L1 };

  found.cell = orf_cache_store_find (desk->store, key, now_us);
  found.stale = found.cell != NULL && now_us >= found.cell->expires_us;
  return found;
}

static void
count (OrfCacheDesk *desk, const OrfCacheFound *found)
{
  OrfCacheNames *names = orf_cache_store_get_names (desk->store);

  if (found->cell != NULL)
    orf_cache_names_get (names, found->cell->name)->hits++;
  else
    orf_cache_names_get (names, orf_cache_names_find (names, found->key))->misses++;
}

static void
tell_found (OrfCacheDesk *desk, const OrfCacheFound *found, const OrfCacheAsker *asker)
{
  count (desk, found);
  g_string_truncate (desk->scratch, 0);
  orf_cache_answer_append (desk->scratch, found);
  tell (desk, asker);
}

static void
woken_cb (gpointer data)
{
  Wait *wait = data;

  get (wait->desk, wait->params, wait->until_us, &wait->asker);
  g_free (wait);
}

static gboolean
waits_cb (gpointer user_data)
{
  OrfCacheDesk *desk = user_data;

  orf_cache_leases_look (desk->leases, orf_clock_monotonic_us ());
  if (orf_cache_leases_get_n_waiting (desk->leases) > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&desk->waits, orf_timer_stop);
  return G_SOURCE_REMOVE;
}

static void
await (OrfCacheDesk *desk,
       const OrfCacheGetParams *params,
       gint64 until_us,
       const OrfCacheAsker *asker)
{
  Wait *wait = g_new (Wait, 1);

  *wait = (Wait){ desk, params, *asker, until_us };
  orf_cache_leases_wait (desk->leases, get_bytes (params->key), until_us, woken_cb, wait);
  if (desk->waits == NULL)
    desk->waits = orf_timer_start (WAIT_MS, waits_cb, desk);
}

static gboolean
may_wait (OrfCacheDesk *desk, OrfCacheBytes key, gint64 now_us, gint64 until_us)
{
  return now_us < until_us && orf_cache_leases_is_held (desk->leases, key, now_us) &&
         orf_cache_leases_get_n_waiting (desk->leases) < desk->config->cache.max_waiting;
}

static void
get (OrfCacheDesk *desk,
     const OrfCacheGetParams *params,
     gint64 wait_until_us,
     const OrfCacheAsker *asker)
{
  gint64 now_us = orf_clock_monotonic_us ();
  OrfCacheFound found = look_up (desk, get_bytes (params->key), now_us);
  char token[ORF_CACHE_LEASE_CHARS];

  if ((found.cell == NULL || found.stale) && params->has_lease_us && !desk->ending) {
    if (orf_cache_leases_take (desk->leases, found.key, now_us, params->lease_us, token))
      found.lease = token;
    else if (found.cell == NULL && may_wait (desk, found.key, now_us, wait_until_us)) {
      await (desk, params, wait_until_us, asker);
      return;
    }
  }
  tell_found (desk, &found, asker);
}

static void
ask_get (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheGetParams *params = data;

  get (desk, params, params->wait_us > 0 ? orf_clock_monotonic_us () + params->wait_us : 0, asker);
}

static void
ask_mget (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheMgetParams *params = data;
  gint64 now_us = orf_clock_monotonic_us ();

  g_string_assign (desk->scratch, "{\"entries\":[");
  for (guint i = 0; params->keys[i] != NULL; i++) {
    OrfCacheFound found = look_up (desk, get_bytes (params->keys[i]), now_us);

    count (desk, &found);
    orf_encode_comma (desk->scratch);
    orf_cache_answer_append (desk->scratch, &found);
  }
  g_string_append (desk->scratch, "]}");
  tell (desk, asker);
}

/* ---- cache.set ------------------------------------------------------------------------------- */

/* RESOURCE_EXHAUSTED for what no cache of this size takes. */
static gboolean
store_item (OrfCacheDesk *desk, const OrfCacheItem *item, GError **error)
{
  gsize most_bytes = orf_cache_store_get_max_item_bytes (desk->store);

  if (orf_cache_store_put (desk->store, item) != NULL) {
    orf_cache_leases_end (desk->leases, item->key);
    return TRUE;
  }
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, "value",
                                                 "half of [cache] l1_bytes",
                                                 "value: the entry has %" G_GSIZE_FORMAT
                                                 " bytes and one may have %" G_GSIZE_FORMAT
                                                 ", half of [cache] l1_bytes",
                                                 orf_cache_item_measure (item), most_bytes));
  return FALSE;
}

/* *stored: FALSE where the lease did not hold any more. */
static gboolean
set_entry (OrfCacheDesk *desk, const OrfCacheSetEntry *entry, gboolean *stored, GError **error)
{
  g_auto (OrfCacheInput) input = { 0 };
  gint64 now_us = orf_clock_monotonic_us ();

  if (!orf_cache_input_read (&input, entry, desk->config, now_us, g_rand_int (desk->rand), error))
    return FALSE;
  *stored = entry->lease == NULL ||
            orf_cache_leases_holds (desk->leases, input.item.key, entry->lease, now_us);
  return !*stored || store_item (desk, &input.item, error);
}

static void
ask_set (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheSetParams *params = data;
  const OrfCacheSetEntry entry = {
    .key = params->key,
    .value = params->value,
    .ttl_ms = params->ttl_ms,
    .has_ttl_ms = params->has_ttl_ms,
    .tags = params->tags,
    .encoding = params->encoding,
    .stale_us = params->stale_us,
    .has_stale_us = params->has_stale_us,
    .cost_us = params->cost_us,
    .has_cost_us = params->has_cost_us,
    .lease = params->lease,
  };
  g_autoptr (GError) error = NULL;
  gboolean stored = FALSE;

  if (set_entry (desk, &entry, &stored, &error))
    tell_number (desk, asker, "stored", stored);
  else
    fail (asker, g_steal_pointer (&error));
}

/* Each for itself: those before one that is wrong are stored. */
static void
ask_mset (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheMsetParams *params = data;
  guint n_stored = 0;

  for (guint i = 0; i < params->entries->len; i++) {
    g_autoptr (GError) error = NULL;
    gboolean stored = FALSE;

    if (!set_entry (desk, params->entries->pdata[i], &stored, &error)) {
      g_autofree char *place = g_strdup_printf ("entries[%u]", i);

      orf_error_prefix_field (error, place);
      fail (asker, g_steal_pointer (&error));
      return;
    }
    n_stored += stored;
  }
  tell_number (desk, asker, "stored", n_stored);
}

/* ---- dropping -------------------------------------------------------------------------------- */

static void
ask_delete (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  OrfCacheBytes key = get_bytes (((const OrfCacheDeleteParams *) data)->key);
  gboolean removed = orf_cache_store_remove (desk->store, key);

  orf_cache_leases_end (desk->leases, key);
  tell_number (desk, asker, "removed", removed);
}

typedef struct {
  OrfCacheDesk *desk;
  OrfCacheAsker asker;
} Removal;

static void
walked_cb (gpointer data, guint64 removed)
{
  Removal *removal = data;

  tell_number (removal->desk, &removal->asker, "removed", removed);
  g_free (removal);
}

/* Which tags a value will have that is being made is not known: with a tag all leases end. */
static void
walk (OrfCacheDesk *desk, const char *pattern, const char *tag, const OrfCacheAsker *asker)
{
  Removal *removal = g_new (Removal, 1);

  *removal = (Removal){ desk, *asker };
  orf_cache_leases_end_matching (desk->leases, pattern);
  orf_cache_walks_add (desk->walks, pattern, tag, walked_cb, removal);
}

static void
ask_invalidate (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheInvalidateParams *params = data;

  if (params->pattern == NULL && params->tag == NULL)
    fail (asker, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "pattern", "a pattern or a tag",
                                      "pattern: it or tag has to be given; cache.clear drops "
                                      "everything"));
  else
    walk (desk, params->pattern, params->tag, asker);
}

static void
ask_clear (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  walk (desk, NULL, NULL, asker);
}

/* ---- what there is --------------------------------------------------------------------------- */

static void
ask_stats (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  g_autoptr (OrfCacheStatsResult) stats = orf_cache_stats_describe (desk->store, desk->config);

  stats->l1->leases = orf_cache_leases_get_n (desk->leases);
  stats->l1->waiting = orf_cache_leases_get_n_waiting (desk->leases);
  stats->invalidations = orf_cache_walks_describe (desk->walks);
  tell_struct (desk, asker, &orf_cache_stats_result_desc, stats);
}

static void
ask_locate (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheLocateResult result = { .key = ((const OrfCacheLocateParams *) data)->key };

  tell_struct (desk, asker, &orf_cache_locate_result_desc, &result);
}

typedef void (*Ask) (OrfCacheDesk *desk, gconstpointer params, const OrfCacheAsker *asker);

static const Ask asks[ORF_N_METHODS] = {
  [ORF_METHOD_CACHE_GET] = ask_get,       [ORF_METHOD_CACHE_SET] = ask_set,
  [ORF_METHOD_CACHE_MGET] = ask_mget,     [ORF_METHOD_CACHE_MSET] = ask_mset,
  [ORF_METHOD_CACHE_DELETE] = ask_delete, [ORF_METHOD_CACHE_INVALIDATE] = ask_invalidate,
  [ORF_METHOD_CACHE_CLEAR] = ask_clear,   [ORF_METHOD_CACHE_STATS] = ask_stats,
  [ORF_METHOD_CACHE_LOCATE] = ask_locate,
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
                    const OrfCacheAsker *asker)
{
  asks[method](desk, params, asker);
}
