/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-owed.h"

#include <string.h>

#include "core/orf-names.h"

typedef struct {
  OrfCacheBytes key; /* its bytes are behind it; first, as the table looks at keys alone */
  guint64 time;      /* when it was owed last */
  char bytes[];
} Debt;

struct _OrfRedisOwed {
  GHashTable *debts; /* of Debt, each its own key and value */
  guint max_keys;
  guint64 time;     /* grows by one with each debt */
  guint64 all_time; /* when all was owed; 0: it is not.  Later debts are listed all the same, so
                       that they need not be settled by dropping all once more */
};

static guint
hash_cb (gconstpointer data)
{
  const OrfCacheBytes *key = data;

  return (guint) orf_names_hash64 (key->data, (gssize) key->length);
}

static gboolean
equal_cb (gconstpointer a, gconstpointer b)
{
  const OrfCacheBytes *one = a, *other = b;

  return one->length == other->length && memcmp (one->data, other->data, one->length) == 0;
}

OrfRedisOwed *
orf_redis_owed_new (guint max_keys)
{
  OrfRedisOwed *owed = g_new0 (OrfRedisOwed, 1);

  owed->debts = g_hash_table_new_full (hash_cb, equal_cb, g_free, NULL);
  owed->max_keys = max_keys;
  return owed;
}

void
orf_redis_owed_free (OrfRedisOwed *owed)
{
  g_hash_table_unref (owed->debts);
  g_free (owed);
}

guint64
orf_redis_owed_get_time (const OrfRedisOwed *owed)
{
  return owed->time;
}

void
orf_redis_owed_add (OrfRedisOwed *owed, const OrfCacheBytes *key)
{
  Debt *debt = g_hash_table_lookup (owed->debts, key);

  owed->time++;
  if (debt != NULL) {
    debt->time = owed->time;
  } else if (g_hash_table_size (owed->debts) >= owed->max_keys) {
    orf_redis_owed_add_all (owed);
  } else {
    debt = g_malloc (sizeof (Debt) + key->length);
    memcpy (debt->bytes, key->data, key->length);
    debt->key = (OrfCacheBytes){ debt->bytes, key->length };
    debt->time = owed->time;
    g_hash_table_add (owed->debts, debt);
  }
}

void
orf_redis_owed_add_all (OrfRedisOwed *owed)
{
  owed->all_time = ++owed->time;
  g_hash_table_remove_all (owed->debts);
}

void
orf_redis_owed_settle (OrfRedisOwed *owed, const OrfCacheBytes *key, guint64 time)
{
  const Debt *debt = g_hash_table_lookup (owed->debts, key);

  if (debt != NULL && debt->time <= time)
    g_hash_table_remove (owed->debts, key);
}

void
orf_redis_owed_settle_all (OrfRedisOwed *owed, guint64 time)
{
  GHashTableIter iter;
  gpointer debt;

  if (owed->all_time > time)
    return;
  owed->all_time = 0;
  g_hash_table_iter_init (&iter, owed->debts);
  while (g_hash_table_iter_next (&iter, &debt, NULL))
    if (((const Debt *) debt)->time <= time)
      g_hash_table_iter_remove (&iter);
}

gboolean
orf_redis_owed_has (const OrfRedisOwed *owed, const OrfCacheBytes *key)
{
  return owed->all_time != 0 ||
         (g_hash_table_size (owed->debts) > 0 && g_hash_table_contains (owed->debts, key));
}

gboolean
orf_redis_owed_has_all (const OrfRedisOwed *owed)
{
  return owed->all_time != 0;
}

guint
orf_redis_owed_get_n (const OrfRedisOwed *owed)
{
  return g_hash_table_size (owed->debts);
}

guint
orf_redis_owed_list (const OrfRedisOwed *owed, OrfCacheBytes *keys, guint max)
{
  GHashTableIter iter;
  gpointer debt;
  guint n = 0;

  g_hash_table_iter_init (&iter, owed->debts);
  while (n < max && g_hash_table_iter_next (&iter, &debt, NULL))
    keys[n++] = ((const Debt *) debt)->key;
  return n;
}
