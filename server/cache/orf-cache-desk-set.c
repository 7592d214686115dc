/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-desk-private.h"

#include "core/orf-clock.h"
#include "orf-error.h"

typedef struct {
  OrfCacheDesk *desk;
  OrfCacheAsker asker;
  gboolean keep; /* the caller, who set one, wants to hold it himself */
} Set;

/* RESOURCE_EXHAUSTED for what no cache of this size takes. */
static gboolean
check_size (OrfCacheDesk *desk, const OrfCacheItem *item, GError **error)
{
  gsize bytes = orf_cache_item_measure (item);
  gsize most_bytes = orf_cache_store_get_max_item_bytes (desk->store);

  if (bytes <= most_bytes)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, "value",
                                                 "half of [cache] l1_bytes",
                                                 "value: the entry has %" G_GSIZE_FORMAT
                                                 " bytes and one may have %" G_GSIZE_FORMAT
                                                 ", half of [cache] l1_bytes",
                                                 bytes, most_bytes));
  return FALSE;
}

/* What the value took to make, as told or as seen. */
static void
learn_cost (OrfCacheDesk *desk, OrfCacheItem *item, gint64 now_us)
{
  OrfCacheNames *names = orf_cache_store_get_names (desk->store);
  gint64 seen_us = orf_cache_misses_take (desk->misses, item->key, now_us);

  if (item->cost_us < 0)
    item->cost_us = seen_us;
  if (item->cost_us >= 0)
    orf_cache_worth_made (orf_cache_names_get (names, orf_cache_names_find (names, item->key)),
                          item->cost_us);
}

/* Adds what is to be stored; nothing where the lease does not hold any more. */
static gboolean
read_entry (OrfCacheDesk *desk, const OrfCacheSetEntry *entry, GArray *inputs, GError **error)
{
  gint64 now_us = orf_clock_monotonic_us ();
  OrfCacheInput input;

  if (!orf_cache_input_read (&input, entry, desk->config, now_us, g_rand_int (desk->rand), error))
    return FALSE;
  if (!check_size (desk, &input.item, error)) {
    orf_cache_input_clear (&input);
    return FALSE;
  }
  learn_cost (desk, &input.item, now_us);
  if (entry->lease == NULL ||
      orf_cache_leases_holds (desk->leases, input.item.key, entry->lease, now_us))
    g_array_append_val (inputs, input);
  else
    orf_cache_input_clear (&input);
  if (entry->lease != NULL && desk->remote != NULL)
    orf_cache_remote_unlock (desk->remote, orf_cache_desk_bytes (entry->key));
  return TRUE;
}

/* In the turn in which what was written was settled. */
static void
tell_stored (const Set *set, guint64 n, guint n_alone)
{
  const OrfCacheFound *written = &set->desk->written;
  GString *json = set->desk->scratch;

  g_string_printf (json, "{\"stored\":%" G_GUINT64_FORMAT, n);
  if (n_alone > 0)
    g_string_append_printf (json, ",\"alone\":%u", n_alone);
  if (set->keep && n > 0 && written->version != 0)
    g_string_append_printf (json,
                            ",\"version\":%" G_GUINT64_FORMAT ",\"keep_us\":%" G_GINT64_FORMAT,
                            written->version, written->keep_us);
  g_string_append_c (json, '}');
  orf_cache_desk_tell (set->desk, &set->asker);
}

static void
written_cb (gpointer data, guint64 n, guint n_alone, GError *error)
{
  g_autofree Set *set = data;

  if (error != NULL)
    orf_cache_desk_fail (&set->asker, error);
  else
    tell_stored (set, n, n_alone);
}

/* Takes inputs. */
static void
store (OrfCacheDesk *desk, GArray *inputs, gboolean keep, const OrfCacheAsker *asker)
{
  const Set set = { desk, *asker, keep };
  guint n = inputs->len;

  if (desk->remote != NULL && n > 0) {
    orf_cache_remote_set (desk->remote, inputs, written_cb, g_memdup2 (&set, sizeof set));
    return;
  }
  for (guint i = 0; i < n; i++) {
    const OrfCacheItem *item = &g_array_index (inputs, OrfCacheInput, i).item;

    orf_cache_desk_settle (desk, item->key, orf_cache_store_put (desk->store, item));
  }
  tell_stored (&set, n, 0);
  g_array_unref (inputs);
}

static void
clear_input_cb (gpointer data)
{
  orf_cache_input_clear (data);
}

static GArray *
new_inputs (void)
{
  GArray *inputs = g_array_new (FALSE, FALSE, sizeof (OrfCacheInput));

  g_array_set_clear_func (inputs, clear_input_cb);
  return inputs;
}

void
orf_cache_desk_set (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
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
  g_autoptr (GArray) inputs = new_inputs ();
  GError *error = NULL;

  if (read_entry (desk, &entry, inputs, &error))
    store (desk, g_steal_pointer (&inputs), params->keep, asker);
  else
    orf_cache_desk_fail (asker, error);
}

/* What is wrong with one entry is told before any is stored. */
void
orf_cache_desk_mset (OrfCacheDesk *desk, gconstpointer data, const OrfCacheAsker *asker)
{
  const OrfCacheMsetParams *params = data;
  g_autoptr (GArray) inputs = new_inputs ();

  for (guint i = 0; i < params->entries->len; i++) {
    GError *error = NULL;
    g_autofree char *place = NULL;

    if (read_entry (desk, params->entries->pdata[i], inputs, &error))
      continue;
    place = g_strdup_printf ("entries[%u]", i);
    orf_error_prefix_field (error, place);
    orf_cache_desk_fail (asker, error);
    return;
  }
  store (desk, g_steal_pointer (&inputs), FALSE, asker);
}
