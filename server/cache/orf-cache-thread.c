/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: from start() to join() all of it belongs to the thread; before and after, to the main
 * context.
 */
#include "cache/orf-cache-thread.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "cache/orf-cache-watches.h"
#include "core/orf-config.h"
#include "core/orf-thread.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"
#include "transport/orf-poller.h"
#include "transport/orf-socket-server.h"

struct _OrfCacheThread {
  OrfConfig *config;
  OrfMemory *memory; /* of connections and calls here */
  OrfMemory *daemon_memory;
  GMainContext *context;
  OrfPoller *poller;
  OrfRouter *router;
  OrfSocketServer *socket;
  OrfCacheDesk *desk; /* NULL before and after the thread runs, as are journal and watches */
  OrfCacheJournal *journal;
  OrfCacheWatches *watches; /* of our own socket */
  OrfCacheJournalTold told;
  gpointer told_data;
  gboolean is_heard; /* told wants to be told */
  const OrfCacheLevelOps *ops;
  OrfCacheLevel *level; /* until the desk has it; NULL: there is none */
  gboolean stopped;
  gboolean started;
  pthread_t id;
};

static void
done_cb (gpointer data, const char *json, gsize length, GError *error)
{
  if (error != NULL)
    orf_call_fail (data, error);
  else
    orf_call_return_encoded (data, json, length);
}

gboolean
orf_cache_thread_read_repeat (OrfCall *call, OrfCacheRepeat *repeat)
{
  const char *key = orf_call_get_idempotency_key (call);

  if (key == NULL || !orf_call_get_method (call)->writes)
    return FALSE;
  *repeat = (OrfCacheRepeat){ key, orf_call_get_params_hash (call) };
  return TRUE;
}

static void
call_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  OrfCacheThread *thread = user_data;
  OrfCacheRepeat repeat;

  orf_cache_desk_ask (thread->desk, orf_method_get_id (orf_call_get_method (call)), params,
                      orf_cache_thread_read_repeat (call, &repeat) ? &repeat : NULL,
                      &(OrfCacheAsker){ done_cb, call });
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
listen (OrfCacheThread *thread)
{
  orf_cache_journal_listen (thread->journal,
                            thread->is_heard || !orf_cache_watches_is_idle (thread->watches));
}

static void
idle_cb (gpointer user_data)
{
  listen (user_data);
}

static void
told_cb (gpointer user_data, OrfCacheChangeSet *set)
{
  OrfCacheThread *thread = user_data;

  orf_cache_watches_tell (thread->watches, set);
  if (thread->is_heard)
    thread->told (thread->told_data, set);
  else
    orf_cache_change_set_free (set);
}

static void
watch_cb (OrfCall *call, const OrfCacheWatchParams *params, gpointer user_data)
{
  OrfCacheThread *thread = user_data;

  orf_cache_watches_open (thread->watches, call, params->prefix,
                          orf_cache_journal_get_version (thread->journal));
  listen (thread);
}

guint64
orf_cache_thread_listen (OrfCacheThread *thread, gboolean is_heard)
{
  thread->is_heard = is_heard;
  listen (thread);
  return orf_cache_journal_get_version (thread->journal);
}

/* ---- life ------------------------------------------------------------------------------------ */

static OrfRouter *
make_router (OrfCacheThread *thread,
             const OrfCacheParts *parts,
             OrfAuditFunc audit,
             gpointer user_data)
{
  OrfRpcLimits limits = *orf_router_get_limits (parts->router);
  OrfRouter *router;

  limits.max_wait_us = 0; /* for a value that somebody computes many may wait */
  router = orf_router_new (&limits);
  orf_router_set_memory (router, thread->memory);
  orf_router_set_audit (router, audit, user_data);
  orf_router_set_elsewhere (router, parts->main_socket_path);
  orf_peer_bind (router);
  for (guint i = 0; i < ORF_N_METHODS; i++)
    if (orf_cache_desk_knows (i))
      orf_router_bind (router, i, call_cb, thread);
  orf_bind_cache_watch (router, watch_cb, thread);
  return router;
}

static void
changed_cb (gpointer user_data, const OrfCacheBytes *keys, guint n)
{
  orf_cache_desk_changed (((OrfCacheThread *) user_data)->desk, keys, n);
}

static gboolean
open_level (OrfCacheThread *thread, const OrfCacheParts *parts, GError **error)
{
  static const OrfCacheLevelListener listener = { changed_cb };

  thread->ops = parts->level;
  if (thread->ops == NULL)
    return TRUE;
  thread->level = thread->ops->open (thread->config, thread->context, &listener, thread, error);
  return thread->level != NULL;
}

OrfCacheThread *
orf_cache_thread_new (const OrfCacheParts *parts,
                      OrfAuditFunc audit,
                      OrfCacheJournalTold told,
                      gpointer user_data,
                      GError **error)
{
  g_autoptr (OrfCacheThread) thread = g_new0 (OrfCacheThread, 1);

  thread->told = told;
  thread->told_data = user_data;
  thread->config = orf_config_copy_keys (parts->config);
  thread->memory = orf_memory_new (thread->config);
  thread->daemon_memory = parts->memory;
  thread->context = g_main_context_new ();
  thread->router = make_router (thread, parts, audit, user_data);
  thread->poller = orf_poller_new (thread->context, error);
  if (thread->poller == NULL)
    return NULL;
  thread->socket = orf_socket_server_new (thread->router, thread->poller, thread->config,
                                          parts->socket_path, error);
  if (thread->socket == NULL || !open_level (thread, parts, error))
    return NULL;
  return g_steal_pointer (&thread);
}

GMainContext *
orf_cache_thread_get_context (OrfCacheThread *thread)
{
  return thread->context;
}

static void *
run_thread_cb (void *data)
{
  OrfCacheThread *thread = data;

  g_main_context_push_thread_default (thread->context);
  thread->journal = orf_cache_journal_new (told_cb, thread);
  thread->watches = orf_cache_watches_new (thread->router, idle_cb, thread);
  thread->desk = orf_cache_desk_new (thread->config, thread->daemon_memory, thread->journal);
  if (thread->level != NULL)
    orf_cache_desk_set_level (thread->desk, thread->ops, g_steal_pointer (&thread->level));
  while (!thread->stopped)
    g_main_context_iteration (thread->context, TRUE);
  g_clear_pointer (&thread->socket, orf_socket_server_free);
  g_clear_pointer (&thread->desk, orf_cache_desk_free);
  g_clear_pointer (&thread->watches, orf_cache_watches_free);
  g_clear_pointer (&thread->journal, orf_cache_journal_free);
  g_main_context_pop_thread_default (thread->context);
  return NULL;
}

gboolean
orf_cache_thread_start (OrfCacheThread *thread, GError **error)
{
  thread->started = orf_thread_start (&thread->id, "cache", run_thread_cb, thread, error);
  return thread->started;
}

void
orf_cache_thread_join (OrfCacheThread *thread)
{
  if (thread->started)
    pthread_join (thread->id, NULL);
  thread->started = FALSE;
}

void
orf_cache_thread_free (OrfCacheThread *thread)
{
  g_clear_pointer (&thread->socket, orf_socket_server_free);
  if (thread->level != NULL)
    thread->ops->free (thread->level);
  g_clear_pointer (&thread->router, orf_router_unref);
  g_clear_pointer (&thread->poller, orf_poller_free);
  g_clear_pointer (&thread->context, g_main_context_unref);
  g_clear_pointer (&thread->memory, orf_memory_free);
  g_clear_pointer (&thread->config, orf_config_free);
  g_free (thread);
}

OrfCacheDesk *
orf_cache_thread_get_desk (OrfCacheThread *thread)
{
  return thread->desk;
}

void
orf_cache_thread_reload (OrfCacheThread *thread, const OrfConfig *fresh)
{
  /* what may not change is told by the daemon */
  g_strfreev (orf_config_reload (thread->config, fresh));
}

void
orf_cache_thread_drain (OrfCacheThread *thread,
                        void (*drained) (gpointer user_data),
                        gpointer user_data)
{
  orf_socket_server_drain (thread->socket, drained, user_data);
}

void
orf_cache_thread_stop (OrfCacheThread *thread)
{
  thread->stopped = TRUE;
}
