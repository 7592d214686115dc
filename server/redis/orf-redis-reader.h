/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <hiredis/async.h>

G_BEGIN_DECLS

/*
 * Looks at what a node says while hiredis reads it.  hiredis takes for granted that a node answers
 * what it was asked: an answer too many it asserts not to come, which would end the daemon, or
 * gives to whom it gave the one before, who may be freed.  So that, and a message of a shape or
 * channel that messages do not have here, is refused, and the connection with it; and what is too
 * large to be an answer, as hiredis holds all that a node says until it is whole.
 */
typedef struct {
  const redisAsyncContext *connection;
  char **channels;    /* that it is subscribed to; NULL: none */
  gsize answer_bytes; /* of what is being read, in memory */
} OrfRedisReader;

/* A new connection; reader is all 0, or was used for one before, and outlives this one's reading.
 */
void orf_redis_reader_guard (OrfRedisReader *reader, redisAsyncContext *connection);
/* From now on messages come, of these; NULL-terminated. */
void orf_redis_reader_subscribe (OrfRedisReader *reader, const char *const *channels);
void orf_redis_reader_clear (OrfRedisReader *reader);

/* TRUE: what it has read holds a string that is not whole and too large already.  It is to be
 * freed. */
gboolean orf_redis_reader_is_full (redisAsyncContext *connection);
/* Why the connection has ended, for people. */
const char *orf_redis_reader_get_problem (const redisAsyncContext *connection);

G_END_DECLS
