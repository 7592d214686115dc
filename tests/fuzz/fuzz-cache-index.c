/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a row of operations on the cache's first level, beside a model that forgets nothing:
 * what is found is what was put last and is not over, what is dropped is gone, and no bound is
 * passed.
 */
#include "cache/orf-cache-store.h"
#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-pattern.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_BYTES   20000
#define MAX_ENTRIES 40
#define N_KEYS      64
#define N_TAGS      3

/* What was put last under a key; version 0: nothing. */
typedef struct {
  guint32 value;
  gsize length;
  gint64 until_us;
  guint tag;
} Known;

typedef struct {
  OrfCacheStore *store;
  gint64 now_us;
  guint32 n_put;
  Known known[N_KEYS];
} Model;

static const char *const tags[N_TAGS][2] = { { "red", NULL }, { "green", NULL }, { NULL } };

static gsize
write_key (char key[24], guint number)
{
  return (gsize) g_snprintf (key, 24, "%s:%u",
                             number % 5 == 0 ? ""
                             : number % 2    ? "ns"
                                             : "other",
                             number);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void
put (Model *model, guint number, FuzzInput *input)
{
  Known *known = &model->known[number];
  gsize length = sizeof known->value +
                 fuzz_take_byte (input) * (gsize) (1 + fuzz_take_byte (input) % 64);
  g_autofree char *value = g_malloc0 (length);
  gint64 ttl_us = fuzz_take_byte (input) * ORF_US_PER_MS;
  char key[24];
  OrfCacheItem item = { .key = { key, write_key (key, number) },
                        .value = { value, length },
                        .tags = tags[number % N_TAGS],
                        .expires_us = model->now_us + ttl_us,
                        .stale_us = fuzz_take_byte (input) % 4 * ORF_US_PER_MS,
                        .cost_us = fuzz_take_byte (input) - 1,
                        .node = ORF_CACHE_NO_NODE };

  model->n_put++;
  memcpy (value, &model->n_put, sizeof model->n_put);
  if (orf_cache_store_put (model->store, &item) != NULL)
    *known = (Known){ model->n_put, length, item.expires_us + item.stale_us, number % N_TAGS };
  else if (orf_cache_item_measure (&item) <= orf_cache_store_get_max_item_bytes (model->store))
    g_error ("%" G_GSIZE_FORMAT " bytes were not taken", length);
}

static void
find (Model *model, guint number)
{
  const Known *known = &model->known[number];
  char key[24];
  const OrfCacheBytes name = { key, write_key (key, number) };
  const OrfCacheCell *cell = orf_cache_store_find (model->store, name, model->now_us);
  guint32 value;
  OrfCacheBytes bytes;

  if (cell == NULL)
    return;
  bytes = orf_cache_cell_get_value (cell);
  memcpy (&value, bytes.data, sizeof value);
  if (known->value != value || known->length != bytes.length)
    g_error ("%s has %u, not %u", key, value, known->value);
  if (model->now_us >= known->until_us)
    g_error ("%s is over", key);
}

static void
forget (Model *model, guint number)
{
  char key[24];

  orf_cache_store_remove (model->store, (OrfCacheBytes){ key, write_key (key, number) });
  model->known[number].value = 0;
}

static void
walk (Model *model, guint8 what)
{
  static const char *const patterns[] = { NULL, "ns:*", "*:1?", ":*" };
  const char *pattern = patterns[what % G_N_ELEMENTS (patterns)], *tag = tags[what / 4 % N_TAGS][0];
  OrfCacheWalk walk;

  orf_cache_walk_init (&walk, model->store, pattern, tag);
  while (orf_cache_walk_step (&walk, model->store, 1 + what % 16))
    if (!(orf_cache_walk_get_percent (&walk, model->store) <= 100))
      g_error ("more than all of it");
  orf_cache_walk_clear (&walk);
  for (guint i = 0; i < N_KEYS; i++) {
    char key[24];
    gsize length = write_key (key, i);

    if ((pattern == NULL || orf_pattern_match (pattern, key, length)) &&
        (tag == NULL || i % N_TAGS == what / 4 % N_TAGS))
      model->known[i].value = 0;
  }
}

static void
check (Model *model)
{
  OrfCacheCounts counts = orf_cache_store_get_counts (model->store);
  g_autoptr (GArray) names = orf_cache_names_copy (orf_cache_store_get_names (model->store));

  if (counts.entries > MAX_ENTRIES || counts.bytes > MAX_BYTES || names->len == 0)
    g_error ("%" G_GUINT64_FORMAT " entries of %" G_GUINT64_FORMAT " bytes", counts.entries,
             counts.bytes);
}

static void
operate (Model *model, FuzzInput *input)
{
  guint8 op = fuzz_take_byte (input);
  guint number = op % N_KEYS;

  switch (op / N_KEYS) {
  case 0:
    put (model, number, input);
    break;
  case 1:
    find (model, number);
    break;
  case 2:
    model->now_us += number * ORF_US_PER_MS / 8;
    orf_cache_store_sweep (model->store, model->now_us, number);
    break;
  default:
    if (number % 4 == 0)
      walk (model, fuzz_take_byte (input));
    else
      forget (model, number);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static OrfMemory *memory;
  const OrfCacheLimits limits = { MAX_BYTES, MAX_ENTRIES, 2 };
  FuzzInput input = { data, size };
  Model model = { .now_us = ORF_US_PER_S };

  if (memory == NULL)
    memory = orf_memory_new (orf_config_new_defaults ());
  model.store = orf_cache_store_new (&limits, memory);
  while (input.size > 0) {
    operate (&model, &input);
    check (&model);
  }
  for (guint i = 0; i < N_KEYS; i++)
    find (&model, i);
  orf_cache_store_free (model.store);
  if (orf_memory_get_use (memory, ORF_MEMORY_CACHE).used_bytes != 0)
    g_error ("memory is left");
  return 0;
}
