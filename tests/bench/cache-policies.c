/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policies that were not chosen, by their papers; and the daemon's own store. */
#include "cache-policies.h"

#include "cache/orf-cache-store.h"

#define NONE G_MAXUINT

/* ---- a list of keys -------------------------------------------------------------------------- */

typedef struct {
  guint *newer, *older; /* of each key */
  gboolean *in;
  guint newest, oldest, length;
} List;

static List *
list_new (guint n_keys)
{
  List *list = g_new0 (List, 1);

  list->newer = g_new (guint, n_keys);
  list->older = g_new (guint, n_keys);
  list->in = g_new0 (gboolean, n_keys);
  list->newest = list->oldest = NONE;
  return list;
}

static void
list_free (List *list)
{
  g_free (list->newer);
  g_free (list->older);
  g_free (list->in);
  g_free (list);
}

static void
list_push (List *list, guint key)
{
  list->newer[key] = NONE;
  list->older[key] = list->newest;
  if (list->newest != NONE)
    list->newer[list->newest] = key;
  else
    list->oldest = key;
  list->newest = key;
  list->in[key] = TRUE;
  list->length++;
}

static void
list_remove (List *list, guint key)
{
  if (list->newer[key] != NONE)
    list->older[list->newer[key]] = list->older[key];
  else
    list->newest = list->older[key];
  if (list->older[key] != NONE)
    list->newer[list->older[key]] = list->newer[key];
  else
    list->oldest = list->newer[key];
  list->in[key] = FALSE;
  list->length--;
}

static guint
list_pop (List *list)
{
  guint key = list->oldest;

  list_remove (list, key);
  return key;
}

/* What the policies of lists have in common. */
typedef struct {
  List *lists[3];
  guint8 *visits; /* of each key */
  guint n_keys, capacity;
  guint hand;    /* SIEVE */
  guint64 asked; /* W-TinyLFU: since the counts were halved */
} Lists;

static gpointer
lists_new (guint n_keys, guint capacity)
{
  Lists *all = g_new0 (Lists, 1);

  for (guint i = 0; i < G_N_ELEMENTS (all->lists); i++)
    all->lists[i] = list_new (n_keys);
  all->visits = g_new0 (guint8, n_keys);
  all->n_keys = n_keys;
  all->capacity = capacity;
  all->hand = NONE;
  return all;
}

static void
lists_free (gpointer policy)
{
  Lists *all = policy;

  for (guint i = 0; i < G_N_ELEMENTS (all->lists); i++)
    list_free (all->lists[i]);
  g_free (all->visits);
  g_free (all);
}

/* ---- LRU ------------------------------------------------------------------------------------- */

static gboolean
lru_ask (gpointer policy, guint key)
{
  Lists *all = policy;
  List *list = all->lists[0];
  gboolean hit = list->in[key];

  if (hit)
    list_remove (list, key);
  else if (list->length >= all->capacity)
    list_pop (list);
  list_push (list, key);
  return hit;
}

/* ---- SIEVE ----------------------------------------------------------------------------------- */

static void
sieve_evict (Lists *all, List *list)
{
  guint key = all->hand != NONE ? all->hand : list->oldest;

  while (all->visits[key]) {
    all->visits[key] = 0;
    key = list->newer[key] != NONE ? list->newer[key] : list->oldest;
  }
  all->hand = list->newer[key];
  list_remove (list, key);
}

static gboolean
sieve_ask (gpointer policy, guint key)
{
  Lists *all = policy;
  List *list = all->lists[0];

  if (list->in[key]) {
    all->visits[key] = 1;
    return TRUE;
  }
  if (list->length >= all->capacity)
    sieve_evict (all, list);
  all->visits[key] = 0;
  list_push (list, key);
  return FALSE;
}

/* ---- S3-FIFO, as published: a tenth is small, two visits lead to the main queue ----------------
 */

enum { SMALL, MAIN, GHOSTS };

static gboolean
s3_evict_small (Lists *all)
{
  guint key = list_pop (all->lists[SMALL]);

  if (all->visits[key] >= 2) {
    all->visits[key] = 0;
    list_push (all->lists[MAIN], key);
    return FALSE;
  }
  if (all->lists[GHOSTS]->length >= MAX (all->capacity * 9 / 10, 1))
    list_pop (all->lists[GHOSTS]);
  list_push (all->lists[GHOSTS], key);
  return TRUE;
}

static gboolean
s3_evict_main (Lists *all)
{
  guint key = list_pop (all->lists[MAIN]);

  if (all->visits[key] == 0)
    return TRUE;
  all->visits[key]--;
  list_push (all->lists[MAIN], key);
  return FALSE;
}

static gboolean
s3_ask (gpointer policy, guint key)
{
  Lists *all = policy;
  gboolean ghost = all->lists[GHOSTS]->in[key];
  guint small_room = MAX (all->capacity / 10, 1);

  if (all->lists[SMALL]->in[key] || all->lists[MAIN]->in[key]) {
    all->visits[key] = MIN (all->visits[key] + 1, 3);
    return TRUE;
  }
  if (ghost)
    list_remove (all->lists[GHOSTS], key);
  while (all->lists[SMALL]->length + all->lists[MAIN]->length >= all->capacity)
    if (all->lists[SMALL]->length >= small_room || all->lists[MAIN]->length == 0)
      s3_evict_small (all);
    else
      s3_evict_main (all);
  all->visits[key] = 0;
  list_push (all->lists[ghost ? MAIN : SMALL], key);
  return FALSE;
}

/* ---- W-TinyLFU: a window of 1 %, exact counts, halved each ten times the capacity -------------
 */

enum { WINDOW, PROBATION, PROTECTED };

static void
tiny_count (Lists *all, guint key)
{
  all->visits[key] = MIN (all->visits[key] + 1, 15);
  if (++all->asked < 10 * (guint64) all->capacity)
    return;
  all->asked /= 2;
  for (guint i = 0; i < all->n_keys; i++)
    all->visits[i] /= 2;
}

/* Of the window's oldest and the main part's, the one asked for more often stays. */
static void
tiny_admit (Lists *all, guint main_room)
{
  guint candidate = list_pop (all->lists[WINDOW]);
  List *list = all->lists[PROBATION]->length > 0 ? all->lists[PROBATION] : all->lists[PROTECTED];

  if (all->lists[PROBATION]->length + all->lists[PROTECTED]->length >= main_room) {
    if (list->length == 0 || all->visits[candidate] <= all->visits[list->oldest])
      return;
    list_pop (list);
  }
  list_push (all->lists[PROBATION], candidate);
}

static gboolean
tiny_ask (gpointer policy, guint key)
{
  Lists *all = policy;
  guint window_room = MAX (all->capacity / 100, 1);
  guint main_room = all->capacity - window_room;

  tiny_count (all, key);
  for (guint i = 0; i < G_N_ELEMENTS (all->lists); i++) {
    if (!all->lists[i]->in[key])
      continue;
    list_remove (all->lists[i], key);
    list_push (all->lists[i == WINDOW ? WINDOW : PROTECTED], key);
    if (all->lists[PROTECTED]->length > main_room * 8 / 10)
      list_push (all->lists[PROBATION], list_pop (all->lists[PROTECTED]));
    return TRUE;
  }
  list_push (all->lists[WINDOW], key);
  if (all->lists[WINDOW]->length > window_room)
    tiny_admit (all, main_room);
  return FALSE;
}

/* ---- the daemon's ---------------------------------------------------------------------------- */

static gpointer
store_new (guint n_keys, guint capacity)
{
  const OrfCacheLimits limits = { G_MAXSIZE, capacity, 8 };

  return orf_cache_store_new (&limits, NULL);
}

static gboolean
store_ask (gpointer policy, guint key)
{
  const OrfCacheItem item = { .key = { (const char *) &key, sizeof key },
                              .expires_us = G_MAXINT64 };

  if (orf_cache_store_find (policy, item.key, 0) != NULL)
    return TRUE;
  orf_cache_store_put (policy, &item);
  return FALSE;
}

static void
store_free (gpointer policy)
{
  orf_cache_store_free (policy);
}

const CachePolicy cache_policies[] = {
  { "LRU", lists_new, lru_ask, lists_free },       { "SIEVE", lists_new, sieve_ask, lists_free },
  { "S3-FIFO", lists_new, s3_ask, lists_free },    { "W-TinyLFU", lists_new, tiny_ask, lists_free },
  { "orfeasd", store_new, store_ask, store_free }, { NULL },
};
