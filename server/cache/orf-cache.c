/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - `thread` is touched only by orders, which run in the cache's context, until it is joined.
 * - Neither queue refuses anything: orders are bounded by the calls that may be in flight, news by
 * orders, by the calls of the cache's own socket and by one set of changes a millisecond.
 * - The parameters of a call that was handed over are the call's, and read in the other thread: the
 * call is held, and nobody touches them, until its news are back.
 */
#include "cache/orf-cache.h"

#include "cache/orf-cache-thread.h"
#include "cache/orf-cache-watches.h"
#include "core/orf-config.h"
#include "core/orf-queue.h"
#include "orf-error.h"

#define LANE_ORDERS 0
#define LANE_STOP   1

struct _OrfCache {
  OrfCacheParts parts;
  OrfQueue *orders; /* to the cache's context */
  OrfQueue *news;   /* from it */
  OrfCacheThread *thread;
  OrfCacheWatches *watches; /* of the other transports; the thread tells it while it is not idle */
  guint n_opening;          /* calls of cache.watch that the thread has yet to answer */
  void (*drained) (gpointer user_data);
  gpointer drained_data;
};

/* Between the contexts, either way; which members are set depends on `base.done`. */
typedef struct {
  OrfJob base;
  OrfCache *cache;
  OrfCall *call; /* handed over; NULL: taken, or none */
  gconstpointer params;
  OrfCacheRepeat repeat;
  gboolean has_repeat;
  GString *json;
  GError *error;
  OrfConfig *config;
  GArray *names; /* OrfCacheName */
  OrfCacheL2Stats *level2;
  OrfCacheReported reported;
  gpointer user_data;
  OrfCacheChangeSet *changes;
  guint64 version;
  /* a row of the audit */
  char *actor, *detail;
  const OrfMethod *method;
  OrfAuditedFunc audited;
  gpointer audited_data;
} Crossing;

/* ---- crossing -------------------------------------------------------------------------------- */

/* A call that nobody took: the thread has stopped. */
static void
refuse (OrfCall *call)
{
  orf_call_fail (call, g_error_new_literal (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                                            "the cache has stopped: the daemon ends"));
}

static void
free_crossing_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;

  g_clear_pointer (&crossing->call, refuse);
  if (crossing->json != NULL)
    g_string_free (crossing->json, TRUE);
  g_clear_error (&crossing->error);
  g_clear_pointer (&crossing->config, orf_config_free);
  g_clear_pointer (&crossing->names, g_array_unref);
  g_clear_pointer (&crossing->level2, orf_cache_l2_stats_free);
  g_clear_pointer (&crossing->changes, orf_cache_change_set_free);
  g_free (crossing->actor);
  g_free (crossing->detail);
  g_free (crossing);
}

static Crossing *
crossing_new (OrfCache *cache, OrfQueue *to, void (*done) (OrfJob *job))
{
  Crossing *crossing = g_new0 (Crossing, 1);

  crossing->base = (OrfJob){ .reply = to, .done = done, .free = free_crossing_cb };
  crossing->cache = cache;
  return crossing;
}

static void
send (Crossing *crossing)
{
  orf_job_reply (&crossing->base);
}

/* ---- calls of other transports --------------------------------------------------------------- */

/* In the main context. */
static void
answered_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCall *call = g_steal_pointer (&crossing->call);

  if (crossing->error != NULL)
    orf_call_fail (call, g_steal_pointer (&crossing->error));
  else
    orf_call_return_encoded (call, crossing->json->str, crossing->json->len);
}

/* In the cache's context: data is what crosses back. */
static void
done_cb (gpointer data, const char *json, gsize length, GError *error)
{
  Crossing *crossing = data;

  crossing->error = error;
  if (error == NULL)
    crossing->json = g_string_new_len (json, (gssize) length);
  send (crossing);
}

static void
ask_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCache *cache = crossing->cache;
  Crossing *back = crossing_new (cache, cache->news, answered_cb);

  back->call = g_steal_pointer (&crossing->call);
  orf_cache_desk_ask (orf_cache_thread_get_desk (cache->thread),
                      orf_method_get_id (crossing->method), crossing->params,
                      crossing->has_repeat ? &crossing->repeat : NULL,
                      &(OrfCacheAsker){ done_cb, back });
}

static void
call_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  OrfCache *cache = user_data;
  Crossing *crossing = crossing_new (cache, cache->orders, ask_cb);

  crossing->call = call;
  crossing->params = params;
  crossing->has_repeat = orf_cache_thread_read_repeat (call, &crossing->repeat);
  crossing->method = orf_call_get_method (call);
  send (crossing);
}

/* ---- changes, for streams of other transports ------------------------------------------------ */

static void
ignore_cb (OrfJob *job)
{
  orf_cache_thread_listen (((Crossing *) job)->cache->thread, FALSE);
}

/* Nothing is told between the order and the news of a watch: one that is under way counts. */
static void
idle_cb (gpointer user_data)
{
  OrfCache *cache = user_data;

  if (cache->n_opening == 0 && orf_cache_watches_is_idle (cache->watches))
    send (crossing_new (cache, cache->orders, ignore_cb));
}

static void
open_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCache *cache = crossing->cache;
  const OrfCacheWatchParams *params = crossing->params;

  cache->n_opening--;
  orf_cache_watches_open (cache->watches, g_steal_pointer (&crossing->call), params->prefix,
                          crossing->version);
}

/* In the cache's context. */
static void
heed_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCache *cache = crossing->cache;
  Crossing *back = crossing_new (cache, cache->news, open_cb);

  back->call = g_steal_pointer (&crossing->call);
  back->params = crossing->params;
  back->version = orf_cache_thread_listen (cache->thread, TRUE);
  send (back);
}

static void
watch_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  OrfCache *cache = user_data;
  Crossing *crossing = crossing_new (cache, cache->orders, heed_cb);

  crossing->call = call;
  crossing->params = params;
  cache->n_opening++;
  send (crossing);
}

/* In the main context. */
static void
tell_changes_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;

  orf_cache_watches_tell (crossing->cache->watches, crossing->changes);
}

static void
told_cb (gpointer user_data, OrfCacheChangeSet *set)
{
  OrfCache *cache = user_data;
  Crossing *crossing = crossing_new (cache, cache->news, tell_changes_cb);

  crossing->changes = set;
  send (crossing);
}

/* ---- rows of the audit, for the cache's own socket --------------------------------------------
 */

/* In the cache's context. */
static void
written_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;

  crossing->audited (crossing->audited_data, crossing->error);
}

static void
audited_cb (gpointer data, const GError *error)
{
  Crossing *back = data;

  back->error = error != NULL ? g_error_copy (error) : NULL;
  send (back);
}

/* In the main context. */
static void
write_audit_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCache *cache = crossing->cache;
  Crossing *back = crossing_new (cache, cache->orders, written_cb);

  back->audited = crossing->audited;
  back->audited_data = crossing->audited_data;
  orf_router_audit (cache->parts.router, crossing->actor, crossing->method, crossing->detail,
                    audited_cb, back);
}

static void
audit_cb (gpointer user_data,
          const char *actor,
          const char *method,
          const char *detail_json,
          OrfAuditedFunc done,
          gpointer data)
{
  OrfCache *cache = user_data;
  Crossing *crossing = crossing_new (cache, cache->news, write_audit_cb);

  crossing->actor = g_strdup (actor);
  crossing->method = orf_method_find (method);
  crossing->detail = g_strdup (detail_json);
  crossing->audited = done;
  crossing->audited_data = data;
  send (crossing);
}

/* ---- what is counted ------------------------------------------------------------------------- */

static void
told_report_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;

  crossing->reported (crossing->user_data, crossing->names, crossing->level2);
}

static void
report_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;
  OrfCache *cache = crossing->cache;
  Crossing *back = crossing_new (cache, cache->news, told_report_cb);

  back->names = orf_cache_desk_copy_names (orf_cache_thread_get_desk (cache->thread));
  back->level2 = orf_cache_desk_describe_level2 (orf_cache_thread_get_desk (cache->thread));
  back->reported = crossing->reported;
  back->user_data = crossing->user_data;
  send (back);
}

void
orf_cache_report (OrfCache *cache, OrfCacheReported reported, gpointer user_data)
{
  Crossing *crossing = crossing_new (cache, cache->orders, report_cb);

  crossing->reported = reported;
  crossing->user_data = user_data;
  send (crossing);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
bind (OrfCache *cache, OrfHandler handler, OrfHandler watch)
{
  for (guint i = 0; i < ORF_N_METHODS; i++)
    if (orf_cache_desk_knows (i)) {
      orf_router_bind (cache->parts.router, i, handler, cache);
      orf_router_let_wait (cache->parts.router, i);
    }
  orf_router_bind (cache->parts.router, ORF_METHOD_CACHE_WATCH, watch, cache);
}

OrfCache *
orf_cache_new (const OrfCacheParts *parts, GError **error)
{
  g_autoptr (OrfCache) cache = g_new0 (OrfCache, 1);

  cache->parts = *parts;
  cache->orders = orf_queue_new (2, G_MAXUINT);
  cache->news = orf_queue_new (1, G_MAXUINT);
  cache->watches = orf_cache_watches_new (parts->router, idle_cb, cache);
  cache->thread = orf_cache_thread_new (parts, audit_cb, told_cb, cache, error);
  if (cache->thread == NULL)
    return NULL;
  orf_queue_attach (cache->orders, orf_cache_thread_get_context (cache->thread));
  orf_queue_attach (cache->news, NULL);
  if (!orf_cache_thread_start (cache->thread, error))
    return NULL;
  bind (cache, call_cb, watch_cb);
  return g_steal_pointer (&cache);
}

static void
reload_cb (OrfJob *job)
{
  Crossing *crossing = (Crossing *) job;

  orf_cache_thread_reload (crossing->cache->thread, crossing->config);
}

void
orf_cache_reload (OrfCache *cache)
{
  Crossing *crossing = crossing_new (cache, cache->orders, reload_cb);

  crossing->config = orf_config_copy_keys (cache->parts.config);
  send (crossing);
}

static void
told_drained_cb (OrfJob *job)
{
  OrfCache *cache = ((Crossing *) job)->cache;

  cache->drained (cache->drained_data);
}

static void
drained_cb (gpointer user_data)
{
  OrfCache *cache = user_data;

  send (crossing_new (cache, cache->news, told_drained_cb));
}

static void
drain_cb (OrfJob *job)
{
  OrfCache *cache = ((Crossing *) job)->cache;

  orf_cache_thread_drain (cache->thread, drained_cb, cache);
}

void
orf_cache_drain (OrfCache *cache, void (*drained) (gpointer user_data), gpointer user_data)
{
  cache->drained = drained;
  cache->drained_data = user_data;
  send (crossing_new (cache, cache->orders, drain_cb));
}

static void
stop_cb (OrfJob *job)
{
  orf_cache_thread_stop (((Crossing *) job)->cache->thread);
}

static void
stop (OrfCache *cache)
{
  Crossing *crossing = crossing_new (cache, NULL, stop_cb);

  orf_queue_push (cache->orders, LANE_STOP, &crossing->base); /* the only one there */
  orf_cache_thread_join (cache->thread);
  orf_queue_dispatch (cache->news); /* what the desk answered at its end */
}

void
orf_cache_free (OrfCache *cache)
{
  if (cache->thread != NULL)
    stop (cache);
  bind (cache, NULL, NULL);
  g_clear_pointer (&cache->watches, orf_cache_watches_free);
  /* their sources before the context they are attached to */
  g_clear_pointer (&cache->orders, orf_queue_unref);
  g_clear_pointer (&cache->news, orf_queue_unref);
  g_clear_pointer (&cache->thread, orf_cache_thread_free);
  g_free (cache);
}
