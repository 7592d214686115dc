/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-reader.h"

#include <string.h>

/* Of an array: MGET is answered by as many as were asked for, SCAN and what has changed by the
 * node's choice.  Room for all is made before they come. */
#define MAX_ELEMENTS (1 << 20)
/* Of one string: of a record, whose value has 16 MiB at most, and as much again.  It is held until
 * it is whole. */
#define MAX_STRING_BYTES (32 << 20)
/* Of a whole answer, which is held until it was told: that of MGET has a hundred records. */
#define MAX_ANSWER_BYTES (256 << 20)
/* Of a message of a channel: what it is, the channel, the payload. */
#define MESSAGE_ELEMENTS 3

#if HIREDIS_MAJOR >= 1
typedef size_t Count;
#else
typedef int Count;
#endif

/* hiredis' own, which all connections share. */
static redisReplyObjectFunctions originals;

/* What hiredis is about to read is not an answer to a command, but a message. */
static gboolean
is_message (const OrfRedisReader *reader)
{
  return reader->connection->replies.head == NULL && reader->channels != NULL;
}

/* Where it is no array: an answer that somebody waits for, part of one, or the error of a node that
 * takes nobody more. */
static gboolean
is_expected (const redisReadTask *task)
{
  const OrfRedisReader *reader = task->privdata;

  return task->parent != NULL || task->type == REDIS_REPLY_ERROR ||
         reader->connection->replies.head != NULL;
}

/* The first two words of a message. */
static gboolean
is_word_of_message (const redisReadTask *task)
{
  return task->parent != NULL && task->parent->parent == NULL && task->idx < 2 &&
         is_message (task->privdata);
}

/* What is read now belongs to an answer that is not too large yet. */
static gboolean
has_room (const redisReadTask *task, gsize bytes)
{
  OrfRedisReader *reader = task->privdata;

  if (task->parent == NULL)
    reader->answer_bytes = 0;
  reader->answer_bytes += sizeof (redisReply) + bytes;
  return reader->answer_bytes <= MAX_ANSWER_BYTES;
}

static gboolean
is_among (const char *const *known, const char *word, gsize length)
{
  for (; *known != NULL; known++)
    if (strlen (*known) == length && memcmp (*known, word, length) == 0)
      return TRUE;
  return FALSE;
}

/* What it is, and of which channel. */
static gboolean
is_known (const redisReadTask *task, const char *word, gsize length)
{
  static const char *const kinds[] = { "message", "subscribe", NULL };
  const OrfRedisReader *reader = task->privdata;

  return task->type == REDIS_REPLY_STRING &&
         is_among (task->idx == 0 ? kinds : (const char *const *) reader->channels, word, length);
}

/* ---- in the place of hiredis' own: NULL ends the connection -----------------------------------
 */

static void *
create_string (const redisReadTask *task, char *text, size_t length)
{
  if (!is_expected (task) || !has_room (task, length) ||
      (is_word_of_message (task) && !is_known (task, text, length)))
    return NULL;
  return originals.createString (task, text, length);
}

static void *
create_array (const redisReadTask *task, Count n)
{
  const OrfRedisReader *reader = task->privdata;
  gboolean fits = task->parent == NULL && is_message (reader) ? n == MESSAGE_ELEMENTS
                                                              : is_expected (task);

  return fits && !is_word_of_message (task) && n <= MAX_ELEMENTS &&
             has_room (task, (gsize) n * sizeof (redisReply *))
           ? originals.createArray (task, n)
           : NULL;
}

static void *
create_integer (const redisReadTask *task, long long value)
{
  return is_expected (task) && !is_word_of_message (task) && has_room (task, 0)
           ? originals.createInteger (task, value)
           : NULL;
}

static void *
create_nil (const redisReadTask *task)
{
  return is_expected (task) && !is_word_of_message (task) && has_room (task, 0)
           ? originals.createNil (task)
           : NULL;
}

#if HIREDIS_MAJOR >= 1
/* RESP2, which is all that a node is asked for, has no such types. */
static void *
refuse_double (const redisReadTask *task, double value, char *text, size_t length)
{
  return NULL;
}

static void *
refuse_bool (const redisReadTask *task, int value)
{
  return NULL;
}
#endif

/* Once for all: hiredis' functions are the same of each connection, whatever thread it is in. */
static redisReplyObjectFunctions *
get_functions (const redisReplyObjectFunctions *own)
{
  static redisReplyObjectFunctions guarded;
  static gsize is_made;

  if (g_once_init_enter (&is_made)) {
    originals = guarded = *own;
    guarded.createString = create_string;
    guarded.createArray = create_array;
    guarded.createInteger = create_integer;
    guarded.createNil = create_nil;
#if HIREDIS_MAJOR >= 1
    guarded.createDouble = refuse_double;
    guarded.createBool = refuse_bool;
#endif
    g_once_init_leave (&is_made, 1);
  }
  return &guarded;
}

void
orf_redis_reader_guard (OrfRedisReader *reader, redisAsyncContext *connection)
{
  redisReader *hiredis = connection->c.reader;

  orf_redis_reader_clear (reader);
  reader->connection = connection;
  hiredis->fn = get_functions (hiredis->fn);
  hiredis->privdata = reader;
}

void
orf_redis_reader_subscribe (OrfRedisReader *reader, const char *const *channels)
{
  g_strfreev (reader->channels);
  reader->channels = g_strdupv ((char **) channels);
}

void
orf_redis_reader_clear (OrfRedisReader *reader)
{
  g_clear_pointer (&reader->channels, g_strfreev);
  reader->connection = NULL;
}

gboolean
orf_redis_reader_is_full (redisAsyncContext *connection)
{
  if (connection->c.reader->len <= MAX_STRING_BYTES)
    return FALSE;
  connection->c.err = REDIS_ERR_OOM; /* as for all else that is refused here */
  return TRUE;
}

const char *
orf_redis_reader_get_problem (const redisAsyncContext *connection)
{
  /* what is refused here hiredis takes for want of memory */
  return connection->c.err == REDIS_ERR_OOM ? "it says what nobody asked it" : connection->errstr;
}
