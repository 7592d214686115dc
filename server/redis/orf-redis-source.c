/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The source is in its GMainContext exactly while hiredis has the connection: source->connection
 * is NULL from hiredis's clean-up on, which comes before the descriptor is closed.
 * - hiredis may be told that nothing is to be read or written when it is; so each time it was
 * called the connection may be gone, and is looked at again.
 */
#include "redis/orf-redis-source.h"

#include "redis/orf-redis-reader.h"

typedef struct {
  GSource base;
  redisAsyncContext *connection; /* NULL: gone */
  gpointer tag;                  /* of its descriptor */
  gboolean writing;              /* hiredis has something to write, or waits to be connected */
  gboolean full; /* the kernel took less than there was: only its word that it has room helps */
} RedisSource;

static void
set_full (RedisSource *source, gboolean full)
{
  if (source->full == full)
    return;
  source->full = full;
  g_source_modify_unix_fd (&source->base, source->tag, G_IO_IN | (full ? G_IO_OUT : 0));
}

/* ---- what hiredis calls ---------------------------------------------------------------------- */

/* It reads always: the other end's going away is to be noticed when nothing is expected, too. */
static void
ignore_cb (void *data)
{
}

static void
begin_writing_cb (void *data)
{
  RedisSource *source = data;

  if (source != NULL)
    source->writing = TRUE;
}

static void
end_writing_cb (void *data)
{
  RedisSource *source = data;

  if (source != NULL)
    source->writing = FALSE;
}

/* hiredis 1.x may call it twice. */
static void
clean_up_cb (void *data)
{
  RedisSource *source = data;

  if (source == NULL)
    return;
  source->connection->ev.data = NULL;
  source->connection = NULL;
  g_source_destroy (&source->base);
  g_source_unref (&source->base);
}

/* ---- what GLib calls ------------------------------------------------------------------------- */

/* What was asked for since the last turn is written at once, in one piece. */
static gboolean
prepare_cb (GSource *base, int *timeout)
{
  RedisSource *source = (RedisSource *) base;

  *timeout = -1;
  return source->writing && !source->full;
}

static gboolean
check_cb (GSource *base)
{
  RedisSource *source = (RedisSource *) base;

  return (source->writing && !source->full) || g_source_query_unix_fd (base, source->tag) != 0;
}

static void
write_out (RedisSource *source)
{
  redisAsyncHandleWrite (source->connection);
  if (source->connection != NULL)
    set_full (source, source->writing);
}

static gboolean
dispatch_cb (GSource *base, GSourceFunc callback, gpointer user_data)
{
  RedisSource *source = (RedisSource *) base;
  GIOCondition events = g_source_query_unix_fd (base, source->tag);

  if (events & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    redisAsyncHandleRead (source->connection);
  if (source->connection != NULL && orf_redis_reader_is_full (source->connection))
    redisAsyncFree (source->connection);
  if (source->connection == NULL)
    return G_SOURCE_REMOVE;
  if (source->writing && (!source->full || (events & ~G_IO_IN) != 0))
    write_out (source);
  return source->connection != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static GSourceFuncs source_funcs = {
  .prepare = prepare_cb,
  .check = check_cb,
  .dispatch = dispatch_cb,
};

void
orf_redis_source_attach (redisAsyncContext *connection, GMainContext *context)
{
  RedisSource *source = (RedisSource *) g_source_new (&source_funcs, sizeof (RedisSource));

  source->connection = connection;
  /* that it is connected is told as room to write */
  source->writing = source->full = TRUE;
  source->tag = g_source_add_unix_fd (&source->base, connection->c.fd, G_IO_IN | G_IO_OUT);
  g_source_set_static_name (&source->base, "orf-redis");
  connection->ev.data = source;
  connection->ev.addRead = ignore_cb;
  connection->ev.delRead = ignore_cb;
  connection->ev.addWrite = begin_writing_cb;
  connection->ev.delWrite = end_writing_cb;
  connection->ev.cleanup = clean_up_cb;
  g_source_attach (&source->base, context);
}
