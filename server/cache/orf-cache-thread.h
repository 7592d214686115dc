/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-desk.h"
#include "cache/orf-cache.h"

G_BEGIN_DECLS

/*
 * The cache's thread: a context with a desk, a router that knows cache.* alone, and a socket.  Its
 * settings and its account of memory in flight are copies of its own; only the store's bytes are
 * counted in the daemon's.
 */
typedef struct _OrfCacheThread OrfCacheThread;

/* FALSE: the call cannot come again.  What repeat has is the call's. */
gboolean orf_cache_thread_read_repeat (OrfCall *call, OrfCacheRepeat *repeat);

/* audit: as orf_router_set_audit() has it; told: of changes, once orf_cache_thread_listen() asked
 * for them; both are called in the cache's context. */
OrfCacheThread *orf_cache_thread_new (const OrfCacheParts *parts,
                                      OrfAuditFunc audit,
                                      OrfCacheJournalTold told,
                                      gpointer user_data,
                                      GError **error);
/* The context has what is attached to it from then on: queues before start(). */
GMainContext *orf_cache_thread_get_context (OrfCacheThread *thread);
gboolean orf_cache_thread_start (OrfCacheThread *thread, GError **error);
/* Main context, after what was started has been told to stop. */
void orf_cache_thread_join (OrfCacheThread *thread);
/* What hangs on the context is gone by then. */
void orf_cache_thread_free (OrfCacheThread *thread);

/* In the cache's context from here on. */
OrfCacheDesk *orf_cache_thread_get_desk (OrfCacheThread *thread);
/* Whether `told` is to be told; returns the version from which on it will be. */
guint64 orf_cache_thread_listen (OrfCacheThread *thread, gboolean is_heard);
/* Takes over from fresh what may change. */
void orf_cache_thread_reload (OrfCacheThread *thread, const OrfConfig *fresh);
void orf_cache_thread_drain (OrfCacheThread *thread,
                             void (*drained) (gpointer user_data),
                             gpointer user_data);
void orf_cache_thread_stop (OrfCacheThread *thread);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheThread, orf_cache_thread_free)

G_END_DECLS
