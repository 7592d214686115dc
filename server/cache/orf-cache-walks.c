/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-walks.h"

#include "core/orf-timer.h"

/* Of one step: about 0.1 ms where every bucket has an entry. */
#define STEP_BUCKETS 1024

typedef struct {
  OrfCacheWalk walk;
  OrfCacheWalked walked;
  gpointer data;
} Running;

struct _OrfCacheWalks {
  OrfCacheStore *store;
  GQueue running; /* the first of which is walked */
  GSource *turn;  /* NULL: there is none */
};

OrfCacheWalks *
orf_cache_walks_new (OrfCacheStore *store)
{
  OrfCacheWalks *walks = g_new0 (OrfCacheWalks, 1);

  walks->store = store;
  g_queue_init (&walks->running);
  return walks;
}

static void
finish (OrfCacheWalks *walks)
{
  Running *running = g_queue_pop_head (&walks->running);

  running->walked (running->data, running->walk.removed);
  orf_cache_walk_clear (&running->walk);
  g_free (running);
}

void
orf_cache_walks_free (OrfCacheWalks *walks)
{
  g_clear_pointer (&walks->turn, orf_timer_stop);
  while (walks->running.length > 0)
    finish (walks);
  g_free (walks);
}

static gboolean
turn_cb (gpointer user_data)
{
  OrfCacheWalks *walks = user_data;
  Running *running = g_queue_peek_head (&walks->running);

  if (!orf_cache_walk_step (&running->walk, walks->store, STEP_BUCKETS))
    finish (walks);
  if (walks->running.length > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&walks->turn, orf_timer_stop);
  return G_SOURCE_REMOVE;
}

void
orf_cache_walks_add (
  OrfCacheWalks *walks, const char *pattern, const char *tag, OrfCacheWalked walked, gpointer data)
{
  Running *running = g_new0 (Running, 1);

  orf_cache_walk_init (&running->walk, walks->store, pattern, tag);
  running->walked = walked;
  running->data = data;
  g_queue_push_tail (&walks->running, running);
  if (walks->turn == NULL)
    walks->turn = orf_timer_start (0, turn_cb, walks);
}

GPtrArray *
orf_cache_walks_describe (OrfCacheWalks *walks)
{
  GPtrArray *all = g_ptr_array_new ();

  for (const GList *link = walks->running.head; link != NULL; link = link->next) {
    const OrfCacheWalk *walk = &((const Running *) link->data)->walk;
    OrfCacheInvalidation *told = orf_cache_invalidation_new ();

    told->pattern = g_strdup (walk->pattern);
    told->tag = g_strdup (walk->tag);
    told->progress_percent = orf_cache_walk_get_percent (walk, walks->store);
    told->removed = (gint64) walk->removed;
    g_ptr_array_add (all, told);
  }
  return all;
}
