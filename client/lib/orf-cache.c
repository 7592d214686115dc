/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A key has its shelf, by its hash; the shelf's lock is never held while anything waits.
 * - Whatever is to be held began a ticket before it was asked for, and is put on the shelf only if
 * its version is not below what was told of the key since, nor below the link's floor.
 * - A write of ours is a change of its key as soon as it is answered, or is known not to be.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "orf-cache-link.h"
#include "orf-cache-shelf.h"
#include "orf-cache-wire.h"
#include "orf-last-error.h"
#include "orf-siphash.h"
#include "orf-thread.h"
#include "orf-wire.h"

/* Threads that get different keys seldom wait for each other. */
#define N_SHELVES          16
#define DEFAULT_BYTES      (16 * 1024 * 1024)
#define DEFAULT_ENTRIES    65536
#define DEFAULT_TIMEOUT_US 1000000
#define MAX_PREFIX_BYTES   1024
#define NOBODY_KNOWS       UINT64_MAX

typedef struct {
  pthread_mutex_t lock;
  OrfCacheShelf *entries;
} Shelf;

struct OrfCache {
  unsigned generation; /* of forks */
  char *prefix;
  size_t prefix_length;
  int64_t timeout_us;
  uint64_t seed[2];
  Shelf shelves[N_SHELVES];
  OrfCacheLink *link;
  atomic_uint_fast64_t n_calls, n_flushes;
};

/* A key, and what it takes to hold it. */
typedef struct {
  OrfCache *cache;
  const char *text;
  size_t length;
  uint64_t hash;
  Shelf *shelf;
  bool is_ours; /* it has the prefix */
  OrfCacheTicket ticket;
} Key;

static bool
is_elsewhere (const OrfCache *cache)
{
  return cache == NULL || cache->generation != orf_thread_get_fork_generation ();
}

/* ---- keys ------------------------------------------------------------------------------------ */

static Shelf *
find_shelf (OrfCache *cache, uint64_t hash)
{
  return &cache->shelves[hash >> 60]; /* its buckets go by the low bits */
}

static Key
make_key (OrfCache *cache, const char *text)
{
  Key key = { .cache = cache, .text = text, .length = strlen (text) };

  key.hash = orf_siphash (cache->seed, text, key.length);
  key.shelf = find_shelf (cache, key.hash);
  key.is_ours = strncmp (text, cache->prefix, cache->prefix_length) == 0;
  return key;
}

static OrfCacheValue *
find (Key *key)
{
  int64_t now_us = orf_thread_now_us ();
  OrfCacheValue *value;

  if (!key->is_ours || !orf_cache_link_is_fresh (key->cache->link, now_us))
    return NULL;
  pthread_mutex_lock (&key->shelf->lock);
  value = orf_cache_shelf_find (key->shelf->entries, key->text, key->length, key->hash, now_us);
  pthread_mutex_unlock (&key->shelf->lock);
  return value;
}

static void
begin (Key *key)
{
  pthread_mutex_lock (&key->shelf->lock);
  orf_cache_shelf_begin (key->shelf->entries, &key->ticket, key->text, key->length, key->hash);
  pthread_mutex_unlock (&key->shelf->lock);
}

/* asked_us: before the call, so that a lifetime told in its answer ends no later than it should.
 * value NULL: nothing is to be held. */
static void
end (Key *key, OrfCacheValue *value, const json_t *result, int64_t asked_us)
{
  uint64_t version = (uint64_t) orf_cache_wire_get_number (result, "version");
  int64_t keep_us = orf_cache_wire_get_number (result, "keep_us");

  pthread_mutex_lock (&key->shelf->lock);
  if (key->is_ours && value != NULL && version > 0 &&
      version >= orf_cache_link_get_floor (key->cache->link))
    orf_cache_shelf_put (key->shelf->entries, &key->ticket, value, version, asked_us + keep_us);
  orf_cache_shelf_end (key->shelf->entries, &key->ticket);
  pthread_mutex_unlock (&key->shelf->lock);
}

static void
change (Key *key, uint64_t version)
{
  pthread_mutex_lock (&key->shelf->lock);
  orf_cache_shelf_change (key->shelf->entries, key->text, key->length, key->hash, version);
  pthread_mutex_unlock (&key->shelf->lock);
}

/* ---- what the link tells --------------------------------------------------------------------- */

static void
change_matching (OrfCache *cache, const char *pattern, uint64_t version)
{
  if (pattern == NULL)
    atomic_fetch_add (&cache->n_flushes, 1);
  for (size_t i = 0; i < N_SHELVES; i++) {
    pthread_mutex_lock (&cache->shelves[i].lock);
    orf_cache_shelf_change_matching (cache->shelves[i].entries, pattern, version);
    pthread_mutex_unlock (&cache->shelves[i].lock);
  }
}

static void
lost_cb (void *user_data)
{
  change_matching (user_data, NULL, NOBODY_KNOWS);
}

static void
changed_cb (void *user_data, const json_t *changes, bool all)
{
  OrfCache *cache = user_data;
  const json_t *keys = json_object_get (changes, "keys");
  const json_t *versions = json_object_get (changes, "versions");
  const json_t *patterns = json_object_get (changes, "patterns");
  uint64_t version = (uint64_t) orf_cache_wire_get_number (changes, "version");

  if (all)
    change_matching (cache, NULL, version);
  for (size_t i = 0; !all && i < json_array_size (keys); i++) {
    const char *text = json_string_value (json_array_get (keys, i));

    if (text != NULL) {
      Key key = make_key (cache, text);

      change (&key, (uint64_t) json_integer_value (json_array_get (versions, i)));
    }
  }
  for (size_t i = 0; !all && i < json_array_size (patterns); i++) {
    const char *pattern = json_string_value (json_array_get (patterns, i));

    if (pattern != NULL)
      change_matching (cache, strcmp (pattern, "*") == 0 ? NULL : pattern, version);
  }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const char not_here[] = "no cache, or one of the process that this one was forked from";
static const char no_key[] = "a key is UTF-8 of 1 to 1024 bytes";

static OrfStatus
refuse (const char *why)
{
  return orf_last_error_note (ORF_STATUS_INVALID, why);
}

static OrfCacheCall
make_call (OrfCache *cache, int64_t wait_us)
{
  return (OrfCacheCall){ .id = orf_cache_link_next_id (cache->link),
                         .timeout_us = cache->timeout_us + wait_us };
}

static OrfStatus
ask (OrfCache *cache, const OrfCacheCall *call, char *line, json_t **answer)
{
  return orf_cache_link_ask (cache->link, call->id, line, call->timeout_us, answer);
}

/* Of an answer that was OK. */
static OrfStatus
read_value (const json_t *entry, OrfCacheValue **value)
{
  if (orf_cache_wire_read_value (entry, value))
    return ORF_STATUS_OK;
  return orf_last_error_note (ORF_STATUS_FAILED, "an answer that is no value");
}

static OrfStatus
get (Key *key, int64_t lease_us, int64_t wait_us, OrfCacheValue **value, char *lease)
{
  OrfCache *cache = key->cache;
  OrfCacheCall call = make_call (cache, wait_us);
  int64_t asked_us = orf_thread_now_us ();
  const json_t *result;
  const char *told;
  json_t *answer;
  OrfStatus status;

  atomic_fetch_add_explicit (&cache->n_calls, 1, memory_order_relaxed);
  begin (key);
  status = ask (cache, &call, orf_cache_wire_make_get (&call, key->text, lease_us, wait_us),
                &answer);
  result = json_object_get (answer, "result");
  if (status == ORF_STATUS_OK)
    status = read_value (result, value);
  end (key, *value, result, asked_us);
  told = orf_cache_wire_get_text (result, "lease");
  if (lease != NULL && told != NULL && strlen (told) < ORF_CACHE_LEASE_SIZE)
    strcpy (lease, told);
  json_decref (answer);
  return status;
}

OrfStatus
orf_cache_get_or_lease (OrfCache *cache,
                        const char *text,
                        int64_t lease_us,
                        int64_t wait_us,
                        OrfCacheValue **value,
                        char lease[ORF_CACHE_LEASE_SIZE])
{
  Key key;

  *value = NULL;
  if (lease != NULL)
    lease[0] = '\0';
  if (is_elsewhere (cache))
    return refuse (not_here);
  if (text == NULL || lease_us < 0 || wait_us < 0)
    return refuse ("no key, or a time below 0");
  key = make_key (cache, text);
  *value = find (&key);
  if (*value != NULL)
    return ORF_STATUS_OK;
  if (!orf_cache_wire_is_key (text))
    return refuse (no_key);
  return get (&key, lease_us, wait_us, value, lease);
}

OrfStatus
orf_cache_get (OrfCache *cache, const char *key, OrfCacheValue **value)
{
  return orf_cache_get_or_lease (cache, key, 0, 0, value, NULL);
}

/* ---- several --------------------------------------------------------------------------------- */

static void
release_all (OrfCacheValue **values, size_t n_values)
{
  for (size_t i = 0; i < n_values; i++) {
    orf_cache_value_release (values[i]);
    values[i] = NULL;
  }
}

/* Of keys whose values are not there. */
static json_t *
list_missing (const char *const *texts, OrfCacheValue *const *values, size_t n_keys)
{
  json_t *missing = json_array ();

  for (size_t i = 0; i < n_keys; i++)
    if (values[i] == NULL)
      json_array_append_new (missing, json_string (texts[i]));
  return missing;
}

/* keys, values: those that are asked for have no value, and get what the answer has of them. */
static OrfStatus
take_entries (Key *keys, OrfCacheValue **values, size_t n_keys, json_t *answer, int64_t asked_us)
{
  const json_t *entries = json_object_get (json_object_get (answer, "result"), "entries");
  OrfStatus status = ORF_STATUS_OK;
  size_t next = 0;

  for (size_t i = 0; i < n_keys; i++) {
    const json_t *entry;

    if (values[i] != NULL)
      continue;
    entry = json_array_get (entries, next++);
    if (answer != NULL && status == ORF_STATUS_OK)
      status = read_value (entry, &values[i]);
    end (&keys[i], values[i], entry, asked_us);
  }
  return status;
}

static OrfStatus
get_missing (OrfCache *cache, Key *keys, OrfCacheValue **values, size_t n_keys, json_t *missing)
{
  OrfCacheCall call = make_call (cache, 0);
  int64_t asked_us = orf_thread_now_us ();
  OrfStatus status, taken;
  json_t *answer;

  atomic_fetch_add_explicit (&cache->n_calls, 1, memory_order_relaxed);
  for (size_t i = 0; i < n_keys; i++)
    if (values[i] == NULL)
      begin (&keys[i]);
  status = ask (cache, &call, orf_cache_wire_make_get_many (&call, missing), &answer);
  taken = take_entries (keys, values, n_keys, answer, asked_us);
  json_decref (answer);
  return status != ORF_STATUS_OK ? status : taken;
}

OrfStatus
orf_cache_get_many (OrfCache *cache,
                    const char *const *texts,
                    size_t n_keys,
                    OrfCacheValue **values)
{
  json_t *missing;
  OrfStatus status = ORF_STATUS_OK;
  Key *keys;

  memset (values, 0, n_keys * sizeof *values);
  if (is_elsewhere (cache))
    return refuse (not_here);
  if (n_keys == 0 || n_keys > ORF_CACHE_MAX_KEYS)
    return refuse ("from 1 to 1000 keys");
  for (size_t i = 0; i < n_keys; i++)
    if (!orf_cache_wire_is_key (texts[i]))
      return refuse (no_key);
  keys = calloc (n_keys, sizeof *keys);
  if (keys == NULL)
    return orf_last_error_note (ORF_STATUS_NO_MEMORY, "no memory for the keys");
  for (size_t i = 0; i < n_keys; i++) {
    keys[i] = make_key (cache, texts[i]);
    values[i] = find (&keys[i]);
  }
  missing = list_missing (texts, values, n_keys);
  if (json_array_size (missing) > 0)
    status = get_missing (cache, keys, values, n_keys, missing);
  else
    json_decref (missing);
  free (keys);
  if (status != ORF_STATUS_OK)
    release_all (values, n_keys);
  return status;
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* Takes line.  data NULL with holds: a null value; without: nothing is to be held. */
static OrfStatus
write_key (
  Key *key, const OrfCacheCall *call, char *line, const void *data, size_t length, bool holds)
{
  int64_t asked_us = orf_thread_now_us ();
  OrfCacheValue *value = NULL;
  const json_t *result;
  json_t *answer;
  uint64_t version;
  OrfStatus status;

  begin (key);
  status = ask (key->cache, call, line, &answer);
  result = json_object_get (answer, "result");
  version = (uint64_t) orf_cache_wire_get_number (result, "version");
  change (key, version > 0 ? version : NOBODY_KNOWS);
  if (holds && version > 0)
    value = orf_cache_value_new (data, length, data == NULL, false);
  end (key, value, result, asked_us);
  orf_cache_value_release (value);
  json_decref (answer);
  return status;
}

OrfStatus
orf_cache_set (OrfCache *cache,
               const char *text,
               const void *data,
               size_t length,
               const OrfCacheSetOptions *options)
{
  OrfCacheCall call;
  Key key;

  if (is_elsewhere (cache))
    return refuse (not_here);
  if (!orf_cache_wire_is_key (text))
    return refuse (no_key);
  if (data == NULL && length > 0)
    return refuse ("no data, but a length");
  for (size_t i = 0; options != NULL && options->tags != NULL && options->tags[i] != NULL; i++)
    if (!orf_cache_wire_is_key (options->tags[i]))
      return refuse ("a tag is UTF-8, and not empty");
  key = make_key (cache, text);
  call = make_call (cache, 0);
  return write_key (&key, &call, orf_cache_wire_make_set (&call, text, data, length, options), data,
                    length, true);
}

OrfStatus
orf_cache_delete (OrfCache *cache, const char *text)
{
  OrfCacheCall call;
  Key key;

  if (is_elsewhere (cache))
    return refuse (not_here);
  if (!orf_cache_wire_is_key (text))
    return refuse (no_key);
  key = make_key (cache, text);
  call = make_call (cache, 0);
  return write_key (&key, &call, orf_cache_wire_make_delete (&call, text), NULL, 0, false);
}

OrfStatus
orf_cache_invalidate (OrfCache *cache, const char *pattern, const char *tag, uint64_t *n_removed)
{
  OrfCacheCall call;
  OrfStatus status;
  json_t *answer;

  if (is_elsewhere (cache))
    return refuse (not_here);
  if ((pattern == NULL && tag == NULL) || (pattern != NULL && !orf_cache_wire_is_key (pattern)) ||
      (tag != NULL && !orf_cache_wire_is_key (tag)))
    return refuse ("a pattern or a tag, of UTF-8");
  call = make_call (cache, 0);
  status = ask (cache, &call, orf_cache_wire_make_invalidate (&call, pattern, tag), &answer);
  /* which keys have the tag is not known here */
  change_matching (cache, tag != NULL ? NULL : pattern, NOBODY_KNOWS);
  if (status == ORF_STATUS_OK && n_removed != NULL)
    *n_removed = (uint64_t) orf_cache_wire_get_number (json_object_get (answer, "result"),
                                                       "removed");
  json_decref (answer);
  return status;
}

/* ---- state ----------------------------------------------------------------------------------- */

void
orf_cache_get_state (OrfCache *cache, OrfCacheState *state)
{
  *state = (OrfCacheState){ 0 };
  if (is_elsewhere (cache))
    return;
  for (size_t i = 0; i < N_SHELVES; i++) {
    OrfCacheShelfCounts counts;

    pthread_mutex_lock (&cache->shelves[i].lock);
    orf_cache_shelf_get_counts (cache->shelves[i].entries, &counts);
    pthread_mutex_unlock (&cache->shelves[i].lock);
    state->n_hits += counts.n_hits;
    state->n_dropped += counts.n_dropped;
    state->n_evictions += counts.n_evictions;
    state->n_entries += counts.n_entries;
    state->used_bytes += counts.used_bytes;
  }
  state->is_fresh = orf_cache_link_is_fresh (cache->link, orf_thread_now_us ());
  state->n_calls = atomic_load (&cache->n_calls);
  state->n_flushes = atomic_load (&cache->n_flushes);
  state->n_connections = orf_cache_link_get_n_connections (cache->link);
  orf_cache_link_get_reason (cache->link, state->reason, sizeof state->reason);
}

OrfStatus
orf_cache_wait_fresh (OrfCache *cache, int64_t timeout_us)
{
  if (is_elsewhere (cache))
    return refuse (not_here);
  return orf_cache_link_wait_fresh (cache->link, timeout_us);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
dispose (OrfCache *cache)
{
  for (size_t i = 0; i < N_SHELVES; i++) {
    if (cache->shelves[i].entries == NULL)
      continue;
    orf_cache_shelf_free (cache->shelves[i].entries);
    pthread_mutex_destroy (&cache->shelves[i].lock);
  }
  free (cache->prefix);
  free (cache);
}

static bool
make_shelves (OrfCache *cache, size_t max_bytes, size_t max_entries)
{
  for (size_t i = 0; i < N_SHELVES; i++) {
    OrfCacheShelf *entries = orf_cache_shelf_new (max_bytes / N_SHELVES,
                                                  (max_entries + N_SHELVES - 1) / N_SHELVES);

    if (entries == NULL)
      return false;
    cache->shelves[i].entries = entries;
    pthread_mutex_init (&cache->shelves[i].lock, NULL);
  }
  return true;
}

OrfStatus
orf_cache_new (const OrfCacheOptions *given, OrfCache **made)
{
  static const OrfCacheLinkOps ops = { .changed = changed_cb, .lost = lost_cb };
  const OrfCacheOptions options = given != NULL ? *given : (OrfCacheOptions){ 0 };
  const char *prefix = options.prefix != NULL ? options.prefix : "";
  OrfCache *cache;

  *made = NULL;
  if (!orf_wire_is_text (prefix, MAX_PREFIX_BYTES) || options.timeout_us < 0)
    return ORF_STATUS_INVALID;
  cache = calloc (1, sizeof *cache);
  if (cache == NULL)
    return ORF_STATUS_NO_MEMORY;
  orf_thread_watch_forks ();
  cache->generation = orf_thread_get_fork_generation ();
  cache->prefix = strdup (prefix);
  cache->prefix_length = strlen (prefix);
  cache->timeout_us = options.timeout_us > 0 ? options.timeout_us : DEFAULT_TIMEOUT_US;
  /* cannot fail once the machine has started; keys would only be easier to guess */
  (void) !getrandom (cache->seed, sizeof cache->seed, 0);
  if (cache->prefix == NULL ||
      !make_shelves (cache, options.max_bytes > 0 ? options.max_bytes : DEFAULT_BYTES,
                     options.max_entries > 0 ? options.max_entries : DEFAULT_ENTRIES)) {
    dispose (cache);
    return ORF_STATUS_NO_MEMORY;
  }
  cache->link = orf_cache_link_new (options.socket, prefix, &ops, cache);
  if (cache->link == NULL) {
    dispose (cache);
    return ORF_STATUS_FAILED;
  }
  *made = cache;
  return ORF_STATUS_OK;
}

void
orf_cache_free (OrfCache *cache)
{
  if (is_elsewhere (cache))
    return;
  orf_cache_link_free (cache->link);
  dispose (cache);
}
