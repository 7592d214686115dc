/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-flights.h"

#include "core/orf-names.h"

#include <string.h>

typedef struct {
  char *data;
  gsize length;
  guint64 changes;
  guint n; /* of its flights */
} Key;

struct _OrfCacheFlights {
  GHashTable *keys; /* Key, by its bytes */
  guint64 all_changes;
};

static guint
hash_key (gconstpointer data)
{
  const Key *key = data;

  return (guint) orf_names_hash64 (key->data, (gssize) key->length);
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const Key *one = a, *other = b;

  return one->length == other->length && memcmp (one->data, other->data, one->length) == 0;
}

static void
key_free (gpointer data)
{
  g_free (((Key *) data)->data);
  g_free (data);
}

OrfCacheFlights *
orf_cache_flights_new (void)
{
  OrfCacheFlights *flights = g_new0 (OrfCacheFlights, 1);

  flights->keys = g_hash_table_new_full (hash_key, equal_keys, key_free, NULL);
  return flights;
}

void
orf_cache_flights_free (OrfCacheFlights *flights)
{
  g_hash_table_unref (flights->keys);
  g_free (flights);
}

static Key *
find (OrfCacheFlights *flights, OrfCacheBytes key)
{
  const Key wanted = { .data = (char *) key.data, .length = key.length };

  return g_hash_table_lookup (flights->keys, &wanted);
}

OrfCacheTicket
orf_cache_flights_begin (OrfCacheFlights *flights, OrfCacheBytes key)
{
  Key *found = find (flights, key);

  if (found == NULL) {
    found = g_new0 (Key, 1);
    found->data = g_memdup2 (key.data, key.length);
    found->length = key.length;
    g_hash_table_add (flights->keys, found);
  }
  found->n++;
  return (OrfCacheTicket){ found->changes, flights->all_changes };
}

gboolean
orf_cache_flights_end (OrfCacheFlights *flights, OrfCacheBytes key, const OrfCacheTicket *ticket)
{
  Key *found = find (flights, key);
  gboolean same = found->changes == ticket->changes && flights->all_changes == ticket->all_changes;

  if (--found->n == 0)
    g_hash_table_remove (flights->keys, found);
  return same;
}

void
orf_cache_flights_change (OrfCacheFlights *flights, OrfCacheBytes key)
{
  Key *found = g_hash_table_size (flights->keys) > 0 ? find (flights, key) : NULL;

  if (found != NULL)
    found->changes++;
}

void
orf_cache_flights_change_all (OrfCacheFlights *flights)
{
  flights->all_changes++;
}
