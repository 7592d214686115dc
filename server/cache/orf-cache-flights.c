/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-flights.h"

#include "cache/orf-cache-bytes.h"

typedef struct {
  OrfCacheBytes bytes; /* first: what the table looks at */
  guint64 changes;
  guint n; /* of its flights */
} Key;

struct _OrfCacheFlights {
  GHashTable *keys; /* Key */
  guint64 all_changes;
};

static void
key_free (gpointer data)
{
  g_free ((char *) ((Key *) data)->bytes.data);
  g_free (data);
}

OrfCacheFlights *
orf_cache_flights_new (void)
{
  OrfCacheFlights *flights = g_new0 (OrfCacheFlights, 1);

  flights->keys = g_hash_table_new_full (orf_cache_bytes_hash, orf_cache_bytes_equal, key_free,
                                         NULL);
  return flights;
}

void
orf_cache_flights_free (OrfCacheFlights *flights)
{
  g_hash_table_unref (flights->keys);
  g_free (flights);
}

OrfCacheTicket
orf_cache_flights_begin (OrfCacheFlights *flights, OrfCacheBytes key)
{
  Key *found = g_hash_table_lookup (flights->keys, &key);

  if (found == NULL) {
    found = g_new0 (Key, 1);
    found->bytes = orf_cache_bytes_copy (key);
    g_hash_table_add (flights->keys, found);
  }
  found->n++;
  return (OrfCacheTicket){ found->changes, flights->all_changes };
}

static gboolean
is_same (const OrfCacheFlights *flights, const Key *key, const OrfCacheTicket *ticket)
{
  return key->changes == ticket->changes && flights->all_changes == ticket->all_changes;
}

gboolean
orf_cache_flights_is_same (OrfCacheFlights *flights,
                           OrfCacheBytes key,
                           const OrfCacheTicket *ticket)
{
  return is_same (flights, g_hash_table_lookup (flights->keys, &key), ticket);
}

gboolean
orf_cache_flights_end (OrfCacheFlights *flights, OrfCacheBytes key, const OrfCacheTicket *ticket)
{
  Key *found = g_hash_table_lookup (flights->keys, &key);
  gboolean same = is_same (flights, found, ticket);

  if (--found->n == 0)
    g_hash_table_remove (flights->keys, found);
  return same;
}

void
orf_cache_flights_change (OrfCacheFlights *flights, OrfCacheBytes key)
{
  Key *found = g_hash_table_size (flights->keys) > 0 ? g_hash_table_lookup (flights->keys, &key)
                                                     : NULL;

  if (found != NULL)
    found->changes++;
}

void
orf_cache_flights_change_all (OrfCacheFlights *flights)
{
  flights->all_changes++;
}
