/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - `Thread` and all it points at belong to the fan-out thread from its start to its join; the main
 * context only pushes orders into its queue.  The one number both see is atomic.
 * - An order or a piece of news is an owned copy.  Both queues keep their order, so that a
 * connection's answers and streams arrive as they were given, and its end is told last.
 * - Nothing of either queue is ever refused but the values of streams: all else is bounded by the
 * messages that the connections may have in flight, and the loss of an end or an answer could not
 * be made good.
 */
#include "websocket/orf-fanout.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-queue.h"
#include "core/orf-thread.h"
#include "orf-error.h"

/* Beyond so many orders that wait, values are left out: the thread is far behind. */
#define MAX_JOBS 65536
/* Lanes of the orders' queue: the end comes after all else, and always has room. */
#define LANE_ORDERS 0
#define LANE_STOP   1

typedef struct {
  GMainContext *context;
  OrfPoller *poller;
  OrfStreamTable *streams;
  OrfWsLimits limits;
  OrfQueue *news;
  GHashTable *connections; /* number (guint64) → Connection */
  GSource *look;
  gboolean stopped;
  atomic_size_t size_bytes;
  OrfFanout *fanout; /* only to be carried by news */
} Thread;

typedef struct {
  Thread *thread;
  guint64 number;
  OrfWsConnection *ws;
} Connection;

struct _OrfFanout {
  const OrfFanoutOps *ops; /* NULL: nothing is told any more */
  gpointer user_data;
  OrfQueue *orders, *news;
  pthread_t id;
  Thread thread;
};

/* From the main context to the thread.  Which members are set depends on `base.done`. */
typedef struct {
  OrfJob base;
  Thread *thread;
  guint64 connection, stream;
  OrfStreamSpec spec; /* spec.channel alone for publish and end */
  OrfBlob *value;
  const char *status; /* a literal */
  GString *text;
  int fd;
  GString *output;
  guint16 code;
  gboolean is_bare;
  OrfWsLimits limits;
} Order;

/* From the thread to the main context. */
typedef struct {
  OrfJob base;
  OrfFanout *fanout;
  guint64 connection;
  gsize length;
  char data[];
} News;

/* ---- news ------------------------------------------------------------------------------------ */

static void
free_news_cb (OrfJob *job)
{
  g_free (job);
}

static void
message_news_cb (OrfJob *job)
{
  News *news = (News *) job;
  OrfFanout *fanout = news->fanout;

  if (fanout->ops != NULL)
    fanout->ops->message (fanout->user_data, news->connection, news->data, news->length);
}

static void
closed_news_cb (OrfJob *job)
{
  News *news = (News *) job;
  OrfFanout *fanout = news->fanout;

  if (fanout->ops != NULL)
    fanout->ops->closed (fanout->user_data, news->connection);
}

static void
tell (
  Thread *thread, guint64 connection, void (*done) (OrfJob *job), const char *data, gsize length)
{
  News *news = g_malloc (sizeof *news + length);

  news->base = (OrfJob){ .reply = thread->news, .done = done, .free = free_news_cb };
  news->fanout = thread->fanout;
  news->connection = connection;
  news->length = length;
  if (length > 0)
    memcpy (news->data, data, length);
  orf_job_reply (&news->base);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void
message_cb (gpointer user_data, const char *data, gsize length)
{
  Connection *connection = user_data;

  tell (connection->thread, connection->number, message_news_cb, data, length);
}

static void
closed_cb (gpointer user_data)
{
  Connection *connection = user_data;
  Thread *thread = connection->thread;

  tell (thread, connection->number, closed_news_cb, NULL, 0);
  g_hash_table_remove (thread->connections, &connection->number);
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_clear_pointer (&connection->ws, orf_ws_connection_free);
  g_free (connection);
}

/* NULL: it is over already. */
static OrfWsConnection *
find (Thread *thread, guint64 number)
{
  Connection *connection = g_hash_table_lookup (thread->connections, &number);

  return connection != NULL ? connection->ws : NULL;
}

static gboolean
look_cb (gpointer user_data)
{
  Thread *thread = user_data;
  g_autoptr (GList) all = g_hash_table_get_values (thread->connections);
  gint64 now_us = orf_clock_monotonic_us ();
  gsize size_bytes = 0;

  for (const GList *link = all; link != NULL; link = link->next) {
    OrfWsConnection *ws = ((Connection *) link->data)->ws;

    size_bytes += orf_ws_connection_get_size_bytes (ws);
    orf_ws_connection_look (ws, now_us); /* may free it, and no other */
  }
  atomic_store (&thread->size_bytes, size_bytes);
  return G_SOURCE_CONTINUE;
}

static void *
run_thread_cb (void *data)
{
  Thread *thread = data;

  while (!thread->stopped)
    g_main_context_iteration (thread->context, TRUE);
  g_hash_table_remove_all (thread->connections);
  return NULL;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static void
free_order_cb (OrfJob *job)
{
  Order *order = (Order *) job;

  g_clear_pointer (&order->spec.first, orf_blob_unref);
  g_clear_pointer (&order->value, orf_blob_unref);
  if (order->text != NULL)
    g_string_free (order->text, TRUE);
  if (order->output != NULL)
    g_string_free (order->output, TRUE);
  if (order->fd >= 0)
    close (order->fd);
  g_free (order);
}

static Order *
order_new (OrfFanout *fanout, void (*done) (OrfJob *job), guint64 connection)
{
  Order *order = g_new0 (Order, 1);

  order->base = (OrfJob){ .reply = fanout->orders, .done = done, .free = free_order_cb };
  order->thread = &fanout->thread;
  order->connection = connection;
  order->fd = -1;
  return order;
}

static void
give (OrfFanout *fanout, Order *order)
{
  orf_job_reply (&order->base); /* into LANE_ORDERS, the first */
}

static void
take_cb (OrfJob *job)
{
  static const OrfWsConnectionOps ops = { message_cb, closed_cb };
  Order *order = (Order *) job;
  Thread *thread = order->thread;
  Connection *connection = g_new0 (Connection, 1);
  g_autoptr (GError) error = NULL;

  connection->thread = thread;
  connection->number = order->connection;
  connection->ws = orf_ws_connection_new (thread->poller, thread->streams, &thread->limits,
                                          order->fd, g_steal_pointer (&order->output), &ops,
                                          connection, &error);
  order->fd = -1;
  if (connection->ws == NULL) {
    g_warning ("a WebSocket is closed at once: %s", error->message);
    tell (thread, connection->number, closed_news_cb, NULL, 0);
    g_free (connection);
    return;
  }
  g_hash_table_insert (thread->connections, &connection->number, connection);
  if (order->is_bare)
    orf_stream_reader_open (orf_ws_connection_get_reader (connection->ws), 1, &order->spec);
  orf_ws_connection_start (connection->ws, order->text->str, order->text->len);
}

static void
send_cb (OrfJob *job)
{
  Order *order = (Order *) job;
  OrfWsConnection *ws = find (order->thread, order->connection);

  if (ws != NULL)
    orf_ws_connection_send (ws, order->text != NULL ? order->text->str : NULL,
                            order->text != NULL ? order->text->len : 0);
}

static void
close_cb (OrfJob *job)
{
  Order *order = (Order *) job;
  OrfWsConnection *ws = find (order->thread, order->connection);

  if (ws != NULL)
    orf_ws_connection_close (ws, order->code, order->status);
}

static void
open_stream_cb (OrfJob *job)
{
  Order *order = (Order *) job;
  OrfWsConnection *ws = find (order->thread, order->connection);

  if (ws != NULL)
    orf_stream_reader_open (orf_ws_connection_get_reader (ws), order->stream, &order->spec);
}

static void
close_stream_cb (OrfJob *job)
{
  Order *order = (Order *) job;
  OrfWsConnection *ws = find (order->thread, order->connection);

  if (ws != NULL)
    orf_stream_reader_close (orf_ws_connection_get_reader (ws), order->stream, order->status);
}

static void
publish_cb (OrfJob *job)
{
  Order *order = (Order *) job;

  orf_stream_table_publish (order->thread->streams, order->spec.channel, order->value);
}

static void
end_cb (OrfJob *job)
{
  Order *order = (Order *) job;

  orf_stream_table_end (order->thread->streams, order->spec.channel, order->status);
}

static void
limits_cb (OrfJob *job)
{
  Order *order = (Order *) job;

  order->thread->limits = order->limits;
}

static void
stop_cb (OrfJob *job)
{
  ((Order *) job)->thread->stopped = TRUE;
}

static void
copy_spec (Order *order, const OrfStreamSpec *spec)
{
  order->spec = *spec;
  if (spec->first != NULL)
    orf_blob_ref (spec->first);
}

void
orf_fanout_take (OrfFanout *fanout, guint64 connection, const OrfFanoutArrival *arrival)
{
  Order *order = order_new (fanout, take_cb, connection);

  order->fd = arrival->fd;
  order->output = arrival->output;
  order->text = g_string_new_len (arrival->input, (gssize) arrival->input_length);
  order->is_bare = arrival->bare != NULL;
  if (order->is_bare)
    copy_spec (order, arrival->bare);
  give (fanout, order);
}

void
orf_fanout_send (OrfFanout *fanout, guint64 connection, const char *data, gsize length)
{
  Order *order = order_new (fanout, send_cb, connection);

  if (data != NULL)
    order->text = g_string_new_len (data, (gssize) length);
  give (fanout, order);
}

void
orf_fanout_close (OrfFanout *fanout, guint64 connection, guint16 code, const char *reason)
{
  Order *order = order_new (fanout, close_cb, connection);

  order->code = code;
  order->status = reason;
  give (fanout, order);
}

void
orf_fanout_open_stream (OrfFanout *fanout,
                        guint64 connection,
                        guint64 stream,
                        const OrfStreamSpec *spec)
{
  Order *order = order_new (fanout, open_stream_cb, connection);

  order->stream = stream;
  copy_spec (order, spec);
  give (fanout, order);
}

void
orf_fanout_close_stream (OrfFanout *fanout, guint64 connection, guint64 stream, const char *status)
{
  Order *order = order_new (fanout, close_stream_cb, connection);

  order->stream = stream;
  order->status = status;
  give (fanout, order);
}

void
orf_fanout_publish (OrfFanout *fanout, guint64 channel, OrfBlob *value)
{
  Order *order = order_new (fanout, publish_cb, 0);

  order->spec.channel = channel;
  order->value = orf_blob_ref (value);
  if (!orf_queue_push (fanout->orders, LANE_ORDERS, &order->base))
    free_order_cb (&order->base); /* the next frame has newer ones */
}

void
orf_fanout_end (OrfFanout *fanout, guint64 channel, const char *status)
{
  Order *order = order_new (fanout, end_cb, 0);

  order->spec.channel = channel;
  order->status = status;
  give (fanout, order);
}

void
orf_fanout_set_limits (OrfFanout *fanout, const OrfWsLimits *limits)
{
  Order *order = order_new (fanout, limits_cb, 0);

  order->limits = *limits;
  give (fanout, order);
}

gsize
orf_fanout_get_size_bytes (OrfFanout *fanout)
{
  return atomic_load (&fanout->thread.size_bytes);
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
start (OrfFanout *fanout, GError **error)
{
  Thread *thread = &fanout->thread;

  thread->context = g_main_context_new ();
  thread->poller = orf_poller_new (thread->context, error);
  if (thread->poller == NULL)
    return FALSE;
  thread->streams = orf_stream_table_new ();
  thread->connections = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, connection_free);
  thread->look = g_timeout_source_new (ORF_WS_LOOK_MS);
  g_source_set_callback (thread->look, look_cb, thread, NULL);
  g_source_attach (thread->look, thread->context);
  orf_queue_attach (fanout->orders, thread->context);
  orf_queue_attach (fanout->news, NULL);
  return orf_thread_start (&fanout->id, "fan-out", run_thread_cb, thread, error);
}

/* What only the thread used, once it is gone or never came. */
static void
thread_clear (Thread *thread)
{
  if (thread->look != NULL) {
    g_source_destroy (thread->look);
    g_source_unref (thread->look);
  }
  g_clear_pointer (&thread->connections, g_hash_table_unref);
  g_clear_pointer (&thread->streams, orf_stream_table_free);
  g_clear_pointer (&thread->poller, orf_poller_free);
  g_clear_pointer (&thread->context, g_main_context_unref);
}

static void
fanout_clear (OrfFanout *fanout)
{
  /* the queue's source before the context it is attached to */
  g_clear_pointer (&fanout->orders, orf_queue_unref);
  g_clear_pointer (&fanout->news, orf_queue_unref);
  thread_clear (&fanout->thread);
  g_free (fanout);
}

OrfFanout *
orf_fanout_new (const OrfFanoutOps *ops,
                gpointer user_data,
                const OrfWsLimits *limits,
                GError **error)
{
  OrfFanout *fanout = g_new0 (OrfFanout, 1);

  fanout->ops = ops;
  fanout->user_data = user_data;
  fanout->orders = orf_queue_new (2, MAX_JOBS);
  fanout->news = orf_queue_new (1, MAX_JOBS);
  fanout->thread.limits = *limits;
  fanout->thread.news = fanout->news;
  fanout->thread.fanout = fanout;
  if (start (fanout, error))
    return fanout;
  fanout_clear (fanout);
  return NULL;
}

void
orf_fanout_free (OrfFanout *fanout)
{
  Order *stop = order_new (fanout, stop_cb, 0);

  fanout->ops = NULL;
  orf_queue_push (fanout->orders, LANE_STOP, &stop->base); /* the only one there */
  pthread_join (fanout->id, NULL);
  fanout_clear (fanout);
}
