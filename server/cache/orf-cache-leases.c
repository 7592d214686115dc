/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is woken may ask for a lease or wait anew at once: so all waiters have left their leases, and
 * the leases the table, before anybody is told.
 */
#include "cache/orf-cache-leases.h"

#include <string.h>

#include "cache/orf-cache-bytes.h"
#include "cache/orf-cache-cell.h"

typedef struct {
  gint64 until_us;
  OrfCacheWoken woken;
  gpointer data;
} Waiter;

typedef struct {
  OrfCacheBytes key; /* first: what the table looks at */
  guint64 number;
  gint64 until_us;
  GArray *waiters; /* Waiter; NULL: none yet */
} Lease;

struct _OrfCacheLeases {
  GHashTable *held; /* Lease */
  guint64 last;
  guint n_waiting;
  gboolean closing; /* nobody is given one any more */
};

OrfCacheLeases *
orf_cache_leases_new (void)
{
  OrfCacheLeases *leases = g_new0 (OrfCacheLeases, 1);

  leases->held = g_hash_table_new (orf_cache_bytes_hash, orf_cache_bytes_equal);
  /* so that no token of a daemon that was here before is one of this one's */
  leases->last = (guint64) g_random_int () << 32;
  return leases;
}

/* Takes a lease out of the table, and its waiters into woken. */
static void
detach (OrfCacheLeases *leases, Lease *lease, GArray *woken)
{
  g_hash_table_remove (leases->held, lease);
  if (lease->waiters != NULL) {
    g_array_append_vals (woken, lease->waiters->data, lease->waiters->len);
    g_array_unref (lease->waiters);
  }
  g_free ((char *) lease->key.data);
  g_free (lease);
}

/* Takes woken. */
static void
wake (OrfCacheLeases *leases, GArray *woken)
{
  leases->n_waiting -= woken->len;
  for (guint i = 0; i < woken->len; i++) {
    const Waiter *waiter = &g_array_index (woken, Waiter, i);

    waiter->woken (waiter->data);
  }
  g_array_unref (woken);
}

static GArray *
new_woken (void)
{
  return g_array_new (FALSE, FALSE, sizeof (Waiter));
}

void
orf_cache_leases_free (OrfCacheLeases *leases)
{
  leases->closing = TRUE;
  orf_cache_leases_end_matching (leases, NULL);
  g_hash_table_unref (leases->held);
  g_free (leases);
}

static Lease *
find_held (OrfCacheLeases *leases, OrfCacheBytes key, gint64 now_us)
{
  Lease *lease = g_hash_table_lookup (leases->held, &key);

  return lease != NULL && now_us < lease->until_us ? lease : NULL;
}

static void
write_token (const Lease *lease, char token[ORF_CACHE_LEASE_CHARS])
{
  g_snprintf (token, ORF_CACHE_LEASE_CHARS, "l%" G_GINT64_MODIFIER "x", lease->number);
}

gboolean
orf_cache_leases_take (OrfCacheLeases *leases,
                       OrfCacheBytes key,
                       gint64 now_us,
                       gint64 lease_us,
                       char token[ORF_CACHE_LEASE_CHARS])
{
  Lease *lease = g_hash_table_lookup (leases->held, &key);

  if (lease != NULL && now_us < lease->until_us)
    return FALSE;
  if (leases->closing ||
      (lease == NULL && g_hash_table_size (leases->held) >= ORF_CACHE_MAX_LEASES))
    return FALSE;
  if (lease == NULL) {
    lease = g_new0 (Lease, 1);
    lease->key = orf_cache_bytes_copy (key);
    g_hash_table_add (leases->held, lease);
  }
  /* those who waited for the one before wait on, for this one */
  lease->number = ++leases->last;
  lease->until_us = now_us + lease_us;
  write_token (lease, token);
  return TRUE;
}

gboolean
orf_cache_leases_is_held (OrfCacheLeases *leases, OrfCacheBytes key, gint64 now_us)
{
  return find_held (leases, key, now_us) != NULL;
}

gboolean
orf_cache_leases_holds (OrfCacheLeases *leases, OrfCacheBytes key, const char *token, gint64 now_us)
{
  const Lease *lease = find_held (leases, key, now_us);
  char text[ORF_CACHE_LEASE_CHARS];

  if (lease == NULL)
    return FALSE;
  write_token (lease, text);
  return strcmp (text, token) == 0;
}

void
orf_cache_leases_give_up (OrfCacheLeases *leases, OrfCacheBytes key, gint64 until_us)
{
  Lease *lease = g_hash_table_lookup (leases->held, &key);

  if (lease == NULL)
    return;
  lease->number = ++leases->last; /* which nobody was told */
  lease->until_us = until_us;
}

void
orf_cache_leases_end (OrfCacheLeases *leases, OrfCacheBytes key)
{
  Lease *lease = g_hash_table_size (leases->held) > 0 ? g_hash_table_lookup (leases->held, &key)
                                                      : NULL;
  GArray *woken;

  if (lease == NULL)
    return;
  woken = new_woken ();
  detach (leases, lease, woken);
  wake (leases, woken);
}

static void
end_all (OrfCacheLeases *leases,
         gboolean (*meant) (const Lease *, gconstpointer),
         gconstpointer data)
{
  g_autoptr (GList) all = g_hash_table_get_keys (leases->held);
  GArray *woken = new_woken ();

  for (const GList *link = all; link != NULL; link = link->next)
    if (meant (link->data, data))
      detach (leases, link->data, woken);
  wake (leases, woken);
}

static gboolean
matches (const Lease *lease, gconstpointer pattern)
{
  return pattern == NULL || orf_cache_match (pattern, lease->key);
}

void
orf_cache_leases_end_matching (OrfCacheLeases *leases, const char *pattern)
{
  end_all (leases, matches, pattern);
}

void
orf_cache_leases_wait (
  OrfCacheLeases *leases, OrfCacheBytes key, gint64 until_us, OrfCacheWoken woken, gpointer data)
{
  const Waiter waiter = { until_us, woken, data };
  Lease *lease = g_hash_table_lookup (leases->held, &key);

  g_return_if_fail (lease != NULL);
  if (lease->waiters == NULL)
    lease->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_append_val (lease->waiters, waiter);
  leases->n_waiting++;
}

/* Those whose own time is over, of a lease that holds. */
static void
take_impatient (Lease *lease, gint64 now_us, GArray *woken)
{
  guint n_patient = 0;

  if (lease->waiters == NULL)
    return;
  /* in one go: all of some thousand may have come at once, and so go at once */
  for (guint i = 0; i < lease->waiters->len; i++) {
    const Waiter *waiter = &g_array_index (lease->waiters, Waiter, i);

    if (now_us < waiter->until_us)
      g_array_index (lease->waiters, Waiter, n_patient++) = *waiter;
    else
      g_array_append_vals (woken, waiter, 1);
  }
  g_array_set_size (lease->waiters, n_patient);
}

static gboolean
is_over (const Lease *lease, gconstpointer now_us)
{
  return *(const gint64 *) now_us >= lease->until_us;
}

void
orf_cache_leases_look (OrfCacheLeases *leases, gint64 now_us)
{
  GHashTableIter iter;
  gpointer lease;
  GArray *woken;

  if (g_hash_table_size (leases->held) == 0)
    return;
  end_all (leases, is_over, &now_us);
  if (leases->n_waiting == 0)
    return;
  woken = new_woken ();
  g_hash_table_iter_init (&iter, leases->held);
  while (g_hash_table_iter_next (&iter, &lease, NULL))
    take_impatient (lease, now_us, woken);
  wake (leases, woken);
}

guint
orf_cache_leases_get_n (OrfCacheLeases *leases)
{
  return g_hash_table_size (leases->held);
}

guint
orf_cache_leases_get_n_waiting (OrfCacheLeases *leases)
{
  return leases->n_waiting;
}
