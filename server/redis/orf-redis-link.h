/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <hiredis/hiredis.h>

#include "redis/orf-redis-breaker.h"

G_BEGIN_DECLS

/*
 * One connection to one Redis node, that comes back by itself: connects with a time-out, says who
 * it is (AUTH, SELECT), pipelines commands with a deadline each, and leaves a node alone for a
 * while that has failed (OrfRedisBreaker).  RESP2, by hiredis 0.14 and 1.x.
 *
 * Everything happens in the thread of its GMainContext.  It may be freed at any moment, from inside
 * its own callbacks too.
 */
typedef struct _OrfRedisLink OrfRedisLink;

typedef struct {
  const char *user, *password; /* NULL or "": none */
  guint database;
  gint64 connect_us; /* until it has said who it is */
  gint64 command_us; /* what a command may take that brings no deadline */
  OrfRedisBreakerRules breaker;
  guint max_in_flight; /* commands without an answer */
  gsize max_in_flight_bytes;
} OrfRedisLinkSettings;

/* What became of a command. */
typedef enum {
  ORF_REDIS_ANSWERED, /* reply: also where it says that something is wrong */
  ORF_REDIS_DOWN,     /* it was never sent */
  ORF_REDIS_LOST,     /* no answer in time, or the connection is gone: it may have been done */
} OrfRedisFate;

/* The reply is borrowed until it returns; NULL but for ANSWERED. */
typedef void (*OrfRedisReplied) (gpointer data, OrfRedisFate fate, const redisReply *reply);

/* Told in turns of their own: never from inside a call of the link's owner. */
typedef struct {
  /* Connected; commands are taken from now on. */
  void (*up) (gpointer user_data);
  /* It was up, and all commands have been told. */
  void (*down) (gpointer user_data);
  /* A message of a channel that was subscribed to: its payload, which may be an array or nil. */
  void (*message) (gpointer user_data, const char *channel, const redisReply *payload);
} OrfRedisLinkListener;

typedef struct {
  OrfRedisBreakerState breaker;
  gboolean up;
  gint64 latency_us, p99_us; /* -1: unknown */
  guint in_flight;
  guint64 n_commands, n_lost, n_refused, n_connected, n_opened;
} OrfRedisLinkFigures;

/* address: HOST, HOST:PORT, [IPV6]:PORT, or the path of a Unix socket.  All is copied but context
 * and listener, which stay.  It tries to connect from the next turn on. */
OrfRedisLink *orf_redis_link_new (GMainContext *context,
                                  const char *address,
                                  const OrfRedisLinkSettings *settings,
                                  const OrfRedisLinkListener *listener,
                                  gpointer user_data,
                                  GError **error);
/* Commands that are open are told LOST from inside this call; the listener hears nothing. */
void orf_redis_link_free (OrfRedisLink *link);

/* A command as words, with their lengths.  deadline_us is monotonic, 0: the link's own.  FALSE
 * where it was not taken, as the link is not up or too much is in flight: then replied is not
 * called; and never from inside this call. */
gboolean orf_redis_link_send (OrfRedisLink *link,
                              guint n_words,
                              const char *const *words,
                              const gsize *lengths,
                              gint64 deadline_us,
                              OrfRedisReplied replied,
                              gpointer data);
/* The same of strings.  replied NULL: it is of no interest. */
gboolean orf_redis_link_say (OrfRedisLink *link,
                             OrfRedisReplied replied,
                             gpointer data,
                             const char *word,
                             ...) G_GNUC_NULL_TERMINATED;
/* From now on it takes nothing but messages; listener->message hears them.  FALSE: not up. */
gboolean orf_redis_link_subscribe (OrfRedisLink *link,
                                   const char *const *channels,
                                   OrfRedisReplied subscribed,
                                   gpointer data);
/* Closes the connection as if it had failed, and comes back later. */
void orf_redis_link_drop (OrfRedisLink *link, const char *why);

gboolean orf_redis_link_is_up (OrfRedisLink *link);
const char *orf_redis_link_get_address (OrfRedisLink *link);
/* What the node calls this connection (CLIENT ID); 0: was never up. */
gint64 orf_redis_link_get_id (OrfRedisLink *link);
/* How often it came up by now: which connection this is. */
guint64 orf_redis_link_get_n_connected (OrfRedisLink *link);
/* Why it is not up, NULL: it is, or nothing went wrong yet. */
const char *orf_redis_link_get_problem (OrfRedisLink *link);
void orf_redis_link_get_figures (OrfRedisLink *link, OrfRedisLinkFigures *figures);

/* reply is NULL or an error; else what is wrong is NULL. */
const char *orf_redis_reply_get_error (const redisReply *reply);
gboolean orf_redis_reply_is_ok (const redisReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisLink, orf_redis_link_free)

G_END_DECLS
