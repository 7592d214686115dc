/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of cache.get: the store; the second level; who misses may get a lease (which other
 * daemons have to agree to), or waits for who has it, and begins anew when woken.
 */
#include "cache/orf-cache-desk-private.h"

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "core/orf-timer.h"
#include "orf-encode.h"
#include "orf-error.h"

/* How late a wait may end. */
#define WAIT_MS 10
/* How often is looked whether another daemon has made a value. */
#define ELSEWHERE_US (20 * ORF_US_PER_MS)
/* One of so many gets of a namespace is timed: reading the clock costs a fiftieth of one. */
#define TIMED_GETS 32

/* A call of cache.get that is not answered at once. */
typedef struct {
  OrfCacheDesk *desk;
  const OrfCacheGetParams *params;
  OrfCacheAsker asker;
  gint64 began_us;
  gint64 until_us;  /* so long it may wait for others */
  gboolean fetched; /* the second level was asked */
  char token[ORF_CACHE_LEASE_CHARS];
} Get;

static void proceed (const Get *get);

static Get *
hold (const Get *get)
{
  return g_memdup2 (get, sizeof *get);
}

static OrfCacheFound
look_up (OrfCacheDesk *desk, OrfCacheBytes key, gint64 now_us)
{
  OrfCacheFound found = { .key = key, .tier = ORF_CACHE_TIER_L1 };

  found.cell = orf_cache_store_find (desk->store, key, now_us);
  if (found.cell != NULL && desk->remote != NULL &&
      !orf_cache_remote_covers (desk->remote, found.cell, now_us))
    found.cell = NULL;
  found.stale = found.cell != NULL && now_us >= found.cell->expires_us;
  return found;
}

static void
count (OrfCacheDesk *desk, const OrfCacheFound *found, gint64 began_us)
{
  OrfCacheNames *names = orf_cache_store_get_names (desk->store);
  guint16 number = found->cell != NULL ? found->cell->name
                                       : orf_cache_names_find (names, found->key);
  OrfCacheName *name = orf_cache_names_get (names, number);

  if (found->cell != NULL) {
    name->hits++;
    orf_cache_worth_hit (name, found->cell);
  } else {
    name->misses++;
    orf_cache_misses_add (desk->misses, found->key, orf_clock_monotonic_us ());
  }
  if ((name->hits + name->misses) % TIMED_GETS == 1)
    orf_cache_worth_timed (name, orf_clock_monotonic_us () - began_us);
}

static void
append (OrfCacheDesk *desk, const OrfCacheFound *found, gint64 began_us)
{
  count (desk, found, began_us);
  orf_cache_answer_append (desk->scratch, found);
}

static void
tell_found (const Get *get, OrfCacheFound *found)
{
  if (get->params->keep)
    orf_cache_desk_let_keep (get->desk, found);
  g_string_truncate (get->desk->scratch, 0);
  append (get->desk, found, get->began_us);
  orf_cache_desk_tell (get->desk, &get->asker);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void
woken_cb (gpointer data)
{
  g_autofree Get *get = data;

  get->fetched = get->desk->ending;
  proceed (get);
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

/* FALSE: it has waited long enough, or there is nobody to wait for. */
static gboolean
await (const Get *get, gint64 now_us)
{
  OrfCacheDesk *desk = get->desk;
  OrfCacheBytes key = orf_cache_desk_bytes (get->params->key);

  if (now_us >= get->until_us || !orf_cache_leases_is_held (desk->leases, key, now_us) ||
      orf_cache_leases_get_n_waiting (desk->leases) >= desk->config->cache.max_waiting)
    return FALSE;
  orf_cache_leases_wait (desk->leases, key, get->until_us, woken_cb, hold (get));
  if (desk->waits == NULL)
    desk->waits = orf_timer_start (WAIT_MS, waits_cb, desk);
  return TRUE;
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void
locked_cb (gpointer data, gboolean ours)
{
  g_autofree Get *get = data;
  OrfCacheDesk *desk = get->desk;
  gint64 now_us = orf_clock_monotonic_us ();
  OrfCacheFound found = look_up (desk, orf_cache_desk_bytes (get->params->key), now_us);

  if (ours)
    found.lease = get->token;
  else
    orf_cache_leases_give_up (desk->leases, found.key, now_us + ELSEWHERE_US);
  if (ours || found.cell != NULL || !await (get, now_us))
    tell_found (get, &found);
}

/* Nothing is there, or it is stale: somebody is to make it. */
static void
lease_or_wait (const Get *get, OrfCacheFound *found, gint64 now_us)
{
  OrfCacheDesk *desk = get->desk;
  Get leased = *get;

  if (!orf_cache_leases_take (desk->leases, found->key, now_us, get->params->lease_us,
                              leased.token)) {
    if (found->cell != NULL || !await (get, now_us))
      tell_found (get, found);
  } else if (desk->remote != NULL) {
    orf_cache_remote_lock (desk->remote, found->key, get->params->lease_us, locked_cb,
                           hold (&leased));
  } else {
    found->lease = leased.token;
    tell_found (get, found);
  }
}

/* ---- cache.get ------------------------------------------------------------------------------- */

static void
conclude (const Get *get, OrfCacheFound *found, gint64 now_us)
{
  if ((found->cell == NULL || found->stale) && get->params->has_lease_us && !get->desk->ending)
    lease_or_wait (get, found, now_us);
  else
    tell_found (get, found);
}

static void
fetched_cb (gpointer data, const OrfCacheCell *cell)
{
  g_autofree Get *get = data;
  gint64 now_us = orf_clock_monotonic_us ();
  OrfCacheFound found = { .key = orf_cache_desk_bytes (get->params->key),
                          .cell = cell,
                          .tier = ORF_CACHE_TIER_L2,
                          .stale = cell != NULL && now_us >= cell->expires_us };

  get->fetched = TRUE;
  conclude (get, &found, now_us);
}

static void
proceed (const Get *get)
{
  OrfCacheDesk *desk = get->desk;
  gint64 now_us = orf_clock_monotonic_us ();
  OrfCacheFound found = look_up (desk, orf_cache_desk_bytes (get->params->key), now_us);

  if (found.cell == NULL && desk->remote != NULL && !get->fetched)
    orf_cache_remote_get (desk->remote, found.key, fetched_cb, hold (get));
  else
    conclude (get, &found, now_us);
}

void
orf_cache_desk_get (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  Get get = {
    .desk = desk, .params = data, .asker = *asker, .began_us = orf_clock_monotonic_us ()
  };

  get.until_us = get.began_us + get.params->wait_us;
  proceed (&get);
}

/* ---- cache.mget ------------------------------------------------------------------------------ */

/* Where in the answer what the nodes have of a key belongs. */
typedef struct {
  gsize at;     /* in the answer without it */
  guint number; /* of the key, in `missing` */
} Place;

/* What was found is written at once: the store may drop it before the nodes have answered. */
typedef struct {
  OrfCacheDesk *desk;
  OrfCacheAsker asker;
  gint64 began_us;
  gboolean keep;
  GArray *missing; /* OrfCacheBytes of the keys that the store did not have, each once */
  GArray *places;  /* Place, in the order asked */
  GString *found;  /* the answer but for those */
} Mget;

/* A few bytes can name a large value a thousand times: past what all calls in flight may hold it is
 * refused before it is whole. */
static gboolean
has_room (const OrfCacheDesk *desk)
{
  return desk->scratch->len <= (gsize) desk->config->memory.rpc_bytes;
}

static void
refuse (const OrfCacheAsker *asker)
{
  orf_cache_desk_fail (asker,
                       orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, "keys",
                                            "fewer keys at once",
                                            "keys: their values are more than one answer may have "
                                            "([memory] rpc_bytes)"));
}

static void
append_kept (const Mget *mget, OrfCacheFound *found)
{
  if (mget->keep)
    orf_cache_desk_let_keep (mget->desk, found);
  append (mget->desk, found, mget->began_us);
}

static void
fetched_all_cb (gpointer data, OrfCacheCell *const *cells)
{
  g_autofree Mget *mget = data;
  GString *text = mget->desk->scratch;
  gint64 now_us = orf_clock_monotonic_us ();
  gsize done = 0;

  g_string_truncate (text, 0);
  for (guint i = 0; i < mget->places->len && has_room (mget->desk); i++) {
    const Place *place = &g_array_index (mget->places, Place, i);
    const OrfCacheCell *cell = cells[place->number];
    OrfCacheFound found = { .key = g_array_index (mget->missing, OrfCacheBytes, place->number),
                            .cell = cell,
                            .tier = ORF_CACHE_TIER_L2,
                            .stale = cell != NULL && now_us >= cell->expires_us };

    g_string_append_len (text, mget->found->str + done, (gssize) (place->at - done));
    append_kept (mget, &found);
    done = place->at;
  }
  g_string_append (text, mget->found->str + done);
  if (has_room (mget->desk))
    orf_cache_desk_tell (mget->desk, &mget->asker);
  else
    refuse (&mget->asker);
  g_array_unref (mget->missing);
  g_array_unref (mget->places);
  g_string_free (mget->found, TRUE);
}

/* numbers: of the keys in `missing`, from 1 on. */
static void
add_missing (const Mget *mget, GHashTable *numbers, char *key)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (numbers, key));
  Place place = { mget->desk->scratch->len, number - 1 };

  if (number == 0) {
    const OrfCacheBytes bytes = orf_cache_desk_bytes (key);

    place.number = mget->missing->len;
    g_array_append_val (mget->missing, bytes);
    g_hash_table_insert (numbers, key, GUINT_TO_POINTER (mget->missing->len));
  }
  g_array_append_val (mget->places, place);
}

/* Into scratch: what the store has, and of the rest, which are nodes' to answer, the places. */
static void
find_all (const Mget *mget, char *const *keys)
{
  GString *text = mget->desk->scratch;
  gint64 now_us = orf_clock_monotonic_us ();
  g_autoptr (GHashTable) numbers = orf_names_table_new (NULL, NULL);

  g_string_assign (text, "{\"entries\":[");
  for (guint i = 0; keys[i] != NULL && has_room (mget->desk); i++) {
    OrfCacheFound found = look_up (mget->desk, orf_cache_desk_bytes (keys[i]), now_us);

    if (i > 0)
      g_string_append_c (text, ',');
    if (found.cell != NULL || mget->desk->remote == NULL)
      append_kept (mget, &found);
    else
      add_missing (mget, numbers, keys[i]);
  }
  g_string_append (text, "]}");
}

void
orf_cache_desk_mget (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheMgetParams *params = data;
  g_autoptr (GArray) missing = g_array_new (FALSE, FALSE, sizeof (OrfCacheBytes));
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  Mget mget = { .desk = desk,
                .asker = *asker,
                .began_us = orf_clock_monotonic_us (),
                .keep = params->keep,
                .missing = missing,
                .places = places };

  find_all (&mget, params->keys);
  if (!has_room (desk)) {
    refuse (asker);
    return;
  }
  if (missing->len == 0) {
    orf_cache_desk_tell (desk, asker);
    return;
  }
  g_array_ref (missing);
  g_array_ref (places);
  mget.found = g_string_new_len (desk->scratch->str, (gssize) desk->scratch->len);
  orf_cache_remote_mget (desk->remote, (const OrfCacheBytes *) (gpointer) missing->data,
                         missing->len, fetched_all_cb, g_memdup2 (&mget, sizeof mget));
}
