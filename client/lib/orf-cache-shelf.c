/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-cache-shelf.h"

#include <stdlib.h>
#include <string.h>

#include "orf-pattern.h"

typedef struct Entry Entry;
struct Entry {
  Entry *chain;         /* in its bucket */
  Entry *newer, *older; /* in the queue */
  uint64_t hash;
  uint64_t version;
  int64_t expires_us;
  OrfCacheValue *value;
  bool is_visited;
  size_t length;
  char key[];
};

struct OrfCacheShelf {
  size_t max_bytes, max_entries;
  Entry **buckets;
  size_t n_buckets; /* a power of two */
  Entry *newest, *oldest;
  Entry *hand; /* who is looked at next when one has to go; NULL: the oldest */
  OrfCacheTicket *tickets;
  OrfCacheShelfCounts counts;
};

OrfCacheShelf *
orf_cache_shelf_new (size_t max_bytes, size_t max_entries)
{
  OrfCacheShelf *shelf = calloc (1, sizeof *shelf);

  if (shelf == NULL)
    return NULL;
  shelf->max_bytes = max_bytes;
  shelf->max_entries = max_entries;
  shelf->n_buckets = 1;
  while (shelf->n_buckets < max_entries)
    shelf->n_buckets *= 2;
  shelf->buckets = calloc (shelf->n_buckets, sizeof *shelf->buckets);
  if (shelf->buckets != NULL)
    return shelf;
  free (shelf);
  return NULL;
}

void
orf_cache_shelf_get_counts (const OrfCacheShelf *shelf, OrfCacheShelfCounts *counts)
{
  *counts = shelf->counts;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* malloc adds about two words to each block. */
static size_t
measure (const OrfCacheValue *value, size_t key_length)
{
  return sizeof (Entry) + key_length + 1 + orf_cache_value_get_size (value) + 4 * sizeof (void *);
}

static Entry **
find_place (const OrfCacheShelf *shelf, const char *key, size_t length, uint64_t hash)
{
  Entry **place = &shelf->buckets[hash & (shelf->n_buckets - 1)];

  while (*place != NULL && !((*place)->hash == hash && (*place)->length == length &&
                             memcmp ((*place)->key, key, length) == 0))
    place = &(*place)->chain;
  return place;
}

static void
take_out (OrfCacheShelf *shelf, Entry **place)
{
  Entry *entry = *place;

  *place = entry->chain;
  if (shelf->hand == entry)
    shelf->hand = entry->newer;
  if (entry->newer != NULL)
    entry->newer->older = entry->older;
  else
    shelf->newest = entry->older;
  if (entry->older != NULL)
    entry->older->newer = entry->newer;
  else
    shelf->oldest = entry->newer;
  shelf->counts.n_entries--;
  shelf->counts.used_bytes -= measure (entry->value, entry->length);
  orf_cache_value_release (entry->value);
  free (entry);
}

static void
evict (OrfCacheShelf *shelf)
{
  Entry *entry = shelf->hand != NULL ? shelf->hand : shelf->oldest;

  while (entry->is_visited) {
    entry->is_visited = false;
    entry = entry->newer != NULL ? entry->newer : shelf->oldest;
  }
  shelf->hand = entry;
  shelf->counts.n_evictions++;
  take_out (shelf, find_place (shelf, entry->key, entry->length, entry->hash));
}

void
orf_cache_shelf_free (OrfCacheShelf *shelf)
{
  orf_cache_shelf_change_matching (shelf, NULL, UINT64_MAX);
  free (shelf->buckets);
  free (shelf);
}

OrfCacheValue *
orf_cache_shelf_find (
  OrfCacheShelf *shelf, const char *key, size_t length, uint64_t hash, int64_t now_us)
{
  Entry **place = find_place (shelf, key, length, hash);

  if (*place == NULL)
    return NULL;
  if (now_us >= (*place)->expires_us) {
    take_out (shelf, place);
    return NULL;
  }
  (*place)->is_visited = true;
  shelf->counts.n_hits++;
  return orf_cache_value_hold ((*place)->value);
}

static void
put_in (OrfCacheShelf *shelf, Entry *entry)
{
  Entry **bucket = &shelf->buckets[entry->hash & (shelf->n_buckets - 1)];

  entry->chain = *bucket;
  *bucket = entry;
  entry->older = shelf->newest;
  entry->newer = NULL;
  if (shelf->newest != NULL)
    shelf->newest->newer = entry;
  else
    shelf->oldest = entry;
  shelf->newest = entry;
  shelf->counts.n_entries++;
  shelf->counts.used_bytes += measure (entry->value, entry->length);
}

void
orf_cache_shelf_put (OrfCacheShelf *shelf,
                     const OrfCacheTicket *ticket,
                     OrfCacheValue *value,
                     uint64_t version,
                     int64_t expires_us)
{
  Entry **place = find_place (shelf, ticket->key, ticket->length, ticket->hash);
  size_t bytes = measure (value, ticket->length);
  Entry *entry;

  if (version < ticket->told || (*place != NULL && (*place)->version > version))
    return;
  if (*place != NULL)
    take_out (shelf, place);
  /* one that needs more than half of it would cost too many others */
  entry = bytes <= shelf->max_bytes / 2 ? malloc (sizeof *entry + ticket->length + 1) : NULL;
  if (entry == NULL)
    return;
  while (shelf->counts.n_entries > 0 && (shelf->counts.n_entries >= shelf->max_entries ||
                                         shelf->counts.used_bytes + bytes > shelf->max_bytes))
    evict (shelf);
  *entry = (Entry){ .hash = ticket->hash,
                    .version = version,
                    .expires_us = expires_us,
                    .value = orf_cache_value_hold (value),
                    .length = ticket->length };
  memcpy (entry->key, ticket->key, ticket->length);
  put_in (shelf, entry);
}

/* ---- tickets --------------------------------------------------------------------------------- */

void
orf_cache_shelf_begin (
  OrfCacheShelf *shelf, OrfCacheTicket *ticket, const char *key, size_t length, uint64_t hash)
{
  *ticket = (OrfCacheTicket){
    .next = shelf->tickets, .place = &shelf->tickets, .key = key, .length = length, .hash = hash
  };
  if (ticket->next != NULL)
    ticket->next->place = &ticket->next;
  shelf->tickets = ticket;
}

void
orf_cache_shelf_end (OrfCacheShelf *shelf, OrfCacheTicket *ticket)
{
  (void) shelf;
  *ticket->place = ticket->next;
  if (ticket->next != NULL)
    ticket->next->place = ticket->place;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
note (OrfCacheTicket *ticket, uint64_t version)
{
  if (ticket->told < version)
    ticket->told = version;
}

void
orf_cache_shelf_change (
  OrfCacheShelf *shelf, const char *key, size_t length, uint64_t hash, uint64_t version)
{
  Entry **place = find_place (shelf, key, length, hash);

  for (OrfCacheTicket *ticket = shelf->tickets; ticket != NULL; ticket = ticket->next)
    if (ticket->hash == hash && ticket->length == length && memcmp (ticket->key, key, length) == 0)
      note (ticket, version);
  if (*place == NULL || (*place)->version >= version)
    return;
  shelf->counts.n_dropped++;
  take_out (shelf, place);
}

static bool
is_meant (const char *pattern, const char *key, size_t length)
{
  return pattern == NULL || orf_pattern_match (pattern, key, length);
}

void
orf_cache_shelf_change_matching (OrfCacheShelf *shelf, const char *pattern, uint64_t version)
{
  Entry *next;

  for (OrfCacheTicket *ticket = shelf->tickets; ticket != NULL; ticket = ticket->next)
    if (is_meant (pattern, ticket->key, ticket->length))
      note (ticket, version);
  for (Entry *entry = shelf->oldest; entry != NULL; entry = next) {
    next = entry->newer;
    if (entry->version >= version || !is_meant (pattern, entry->key, entry->length))
      continue;
    shelf->counts.n_dropped++;
    take_out (shelf, find_place (shelf, entry->key, entry->length, entry->hash));
  }
}
