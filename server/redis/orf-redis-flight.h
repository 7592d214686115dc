/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis/orf-redis-link.h"

G_BEGIN_DECLS

/*
 * The commands of one connection that have no answer yet, in the order in which they were sent,
 * which is the one of the answers.  One whose time is over is told so and keeps its place, as its
 * answer still comes.
 *
 * A command has two owners: this list, and hiredis, which calls back once for each whatever
 * happens.
 */
typedef struct _OrfRedisCommand OrfRedisCommand;

struct _OrfRedisCommand {
  OrfRedisCommand *next;
  OrfRedisReplied replied; /* NULL: nobody waits */
  gpointer data;
  gint64 sent_us, deadline_us; /* monotonic */
  gsize bytes;
  gboolean late; /* its time was over */
  guint n_owners;
};

typedef struct {
  OrfRedisCommand *first, *last;
  guint n;
  gsize bytes;
} OrfRedisFlight;

OrfRedisCommand *orf_redis_command_new (OrfRedisReplied replied, gpointer data);
void orf_redis_command_unref (OrfRedisCommand *command);

void orf_redis_flight_push (OrfRedisFlight *flight, OrfRedisCommand *command);
/* Its owner is the caller now. */
OrfRedisCommand *orf_redis_flight_pop (OrfRedisFlight *flight);
/* Tells LOST to whom no answer came in time.  *closed is looked at in between, as who is told may
 * free all of it.  Returns how many. */
guint orf_redis_flight_expire (OrfRedisFlight *flight, gint64 now_us, const gboolean *closed);
/* The earliest deadline somebody waits for; -1: none. */
gint64 orf_redis_flight_get_deadline_us (const OrfRedisFlight *flight);
/* Tells LOST to all; the list is empty before the first is told.  Returns how many there were that
 * were not late. */
guint orf_redis_flight_end (OrfRedisFlight *flight);

G_END_DECLS
