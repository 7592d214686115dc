/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis/orf-redis-level.h"

/*
 * What stands before the second level in a daemon, as small as the seam allows: entries that are
 * served while their node's cover holds.  Values are numbers.
 */
typedef struct _RedisDaemon RedisDaemon;

typedef enum {
  DAEMON_SHARED, /* done on the node */
  DAEMON_ALONE,  /* nobody could be asked: kept here, for a while */
  DAEMON_FAILED, /* nobody knows */
} DaemonWritten;

/* value 0: it is not there. */
typedef void (*DaemonGot) (gpointer data, gint64 value);
typedef void (*DaemonWrote) (gpointer data, DaemonWritten written);

/* overrides: of the config, "cache.key=value", after the nodes. */
RedisDaemon *
redis_daemon_new (GMainContext *context, const char *nodes, const char *const *overrides);
void redis_daemon_free (RedisDaemon *daemon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RedisDaemon, redis_daemon_free)

OrfCacheLevel *redis_daemon_get_level (RedisDaemon *daemon);
/* The value that would be served without asking; 0: none would. */
gint64 redis_daemon_peek (RedisDaemon *daemon, const char *key);
/* TRUE: it was served at once, got was called from inside. */
gboolean redis_daemon_get (RedisDaemon *daemon, const char *key, DaemonGot got, gpointer data);
/* value 0: removes it. */
void redis_daemon_set (
  RedisDaemon *daemon, const char *key, gint64 value, DaemonWrote wrote, gpointer data);

/* The same, waited for. */
gint64 redis_daemon_get_now (RedisDaemon *daemon, const char *key);
DaemonWritten redis_daemon_set_now (RedisDaemon *daemon, const char *key, gint64 value);
/* Until all its nodes serve and are heard. */
void redis_daemon_wait (RedisDaemon *daemon);
/* In so many of its nodes' state. */
guint redis_daemon_count (RedisDaemon *daemon, OrfCacheNodeState state);
