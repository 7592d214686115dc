/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message received is an exchange: one slot for each request in it.  The exchange is answered, in
 * the order of its slots, when the last one has its answer; exchanges may finish in any order.
 *
 * A stream that a call opened begins when the exchange is answered, so that its id is known before
 * its first value comes.
 *
 * A large message is read in a thread of its own, and so is all that comes behind it meanwhile:
 * they are started in the order in which they came.
 */
#include "rpc/orf-peer.h"

#include <string.h>

#include "orf-error.h"
#include "orf-json.h"
#include "orf-schema-bind.h"
#include "rpc/orf-call-private.h"
#include "rpc/orf-peer-reading.h"
#include "rpc/orf-peer-streams.h"
#include "rpc/orf-rpc-message.h"
#include "rpc/orf-rpc-text.h"

#define BUSY_RETRY_MS 100
/* As much as what a write answers. */
#define SMALL_ANSWER_BYTES 1024

typedef struct _Exchange Exchange;

typedef struct {
  Exchange *exchange;
  OrfCall *call;    /* NULL once ended */
  json_t *id_value; /* what rpc.cancel names */
  char *id;         /* as it stood in the text */
  gboolean notification;
  GString *answer;
  guint64 stream; /* opened by the call; 0: none */
} Slot;

struct _Exchange {
  OrfPeer *peer;
  GList link; /* in peer->exchanges */
  gboolean batch;
  gsize held_bytes; /* counted for it: itself, and answers that wait for others */
  guint n_slots;
  guint unanswered;
  Slot slots[];
};

struct _OrfPeer {
  OrfRouter *router;
  OrfPeerOps ops;
  gpointer transport;
  OrfRole role;
  char *actor;
  gint64 pid;      /* 0: unknown */
  GQueue readings; /* OrfRpcReading: messages that are read elsewhere, in their order */
  GQueue exchanges;
  guint pending;
  OrfPeerStreams *streams;
};

OrfPeer *
orf_peer_new (
  OrfRouter *router, const OrfPeerOps *ops, gpointer transport, OrfRole role, const char *actor)
{
  OrfPeer *peer = g_new0 (OrfPeer, 1);

  peer->router = orf_router_ref (router);
  peer->ops = *ops;
  peer->transport = transport;
  peer->role = role;
  peer->actor = g_ref_string_new (actor);
  g_queue_init (&peer->readings);
  g_queue_init (&peer->exchanges);
  peer->streams = orf_peer_streams_new (&peer->ops, transport);
  return peer;
}

void
orf_peer_set_pid (OrfPeer *peer, gint64 pid)
{
  peer->pid = pid;
}

static void
slot_clear (Slot *slot)
{
  g_clear_pointer (&slot->call, orf_call_abandon);
  json_decref (slot->id_value);
  g_free (slot->id);
  if (slot->answer != NULL)
    g_string_free (slot->answer, TRUE);
}

static void
count_memory (Exchange *exchange, gsize bytes)
{
  exchange->held_bytes += bytes;
  orf_memory_add (orf_router_get_memory (exchange->peer->router), ORF_MEMORY_RPC, (gint64) bytes);
}

static void
exchange_free (Exchange *exchange)
{
  orf_memory_add (orf_router_get_memory (exchange->peer->router), ORF_MEMORY_RPC,
                  -(gint64) exchange->held_bytes);
  g_queue_unlink (&exchange->peer->exchanges, &exchange->link);
  for (guint i = 0; i < exchange->n_slots; i++)
    slot_clear (&exchange->slots[i]);
  g_free (exchange);
}

void
orf_peer_free (OrfPeer *peer)
{
  OrfRpcReading *reading;
  GList *link;

  if (peer == NULL)
    return;
  while ((reading = g_queue_pop_head (&peer->readings)) != NULL)
    orf_rpc_reading_abandon (reading);
  while ((link = g_queue_peek_head_link (&peer->exchanges)) != NULL)
    exchange_free (link->data);
  orf_peer_streams_free (peer->streams);
  orf_router_unref (peer->router);
  g_ref_string_release (peer->actor);
  g_free (peer);
}

guint
orf_peer_get_pending (OrfPeer *peer)
{
  return peer->pending + peer->readings.length;
}

gboolean
orf_peer_is_reading (OrfPeer *peer)
{
  return peer->readings.length > 0;
}

guint
orf_peer_get_n_streams (OrfPeer *peer)
{
  return orf_peer_streams_get_n (peer->streams);
}

static Exchange *
exchange_new (OrfPeer *peer, gboolean batch, guint n_slots)
{
  Exchange *exchange = g_malloc0 (sizeof *exchange + n_slots * sizeof (Slot));

  exchange->peer = peer;
  exchange->batch = batch;
  exchange->n_slots = n_slots;
  /* one more than there are: nothing is sent while the slots are still being started */
  exchange->unanswered = n_slots + 1;
  exchange->link.data = exchange;
  g_queue_push_tail_link (&peer->exchanges, &exchange->link);
  for (guint i = 0; i < n_slots; i++)
    exchange->slots[i].exchange = exchange;
  count_memory (exchange, sizeof *exchange + n_slots * sizeof (Slot));
  return exchange;
}

static void
send_batch (Exchange *exchange)
{
  g_autoptr (GString) all = g_string_new ("[");

  for (guint i = 0; i < exchange->n_slots; i++) {
    const GString *answer = exchange->slots[i].answer;

    if (answer == NULL)
      continue;
    if (all->len > 1)
      g_string_append_c (all, ',');
    g_string_append_len (all, answer->str, (gssize) answer->len);
  }
  g_string_append_c (all, ']');
  if (all->len == 2)
    exchange->peer->ops.send (exchange->peer->transport, NULL, 0);
  else
    exchange->peer->ops.send (exchange->peer->transport, all->str, all->len);
}

/* One slot less to wait for; with the last one the message is answered.  `send` may free the peer
 * only from a later turn of the loop. */
static void
exchange_settle (Exchange *exchange)
{
  const GString *answer;

  if (--exchange->unanswered > 0)
    return;
  answer = exchange->slots[0].answer;
  if (exchange->batch)
    send_batch (exchange);
  else if (answer != NULL)
    exchange->peer->ops.send (exchange->peer->transport, answer->str, answer->len);
  else
    exchange->peer->ops.send (exchange->peer->transport, NULL, 0);
  for (guint i = 0; i < exchange->n_slots; i++)
    if (exchange->slots[i].stream != 0)
      orf_peer_streams_begin (exchange->peer->streams, exchange->slots[i].stream);
  exchange_free (exchange);
}

static void
slot_refuse (Slot *slot, const GError *error)
{
  slot->answer = g_string_sized_new (256);
  orf_rpc_text_append_error (slot->answer, slot->id, error);
  exchange_settle (slot->exchange);
}

/* The one that goes beyond it still has, however large; and what is small always: who wrote
 * something is told so, whatever else he asked for. */
static gboolean
has_room (const Exchange *exchange, gsize length)
{
  gsize most = orf_router_get_limits (exchange->peer->router)->max_batch_bytes;

  return !exchange->batch || most == 0 || length <= SMALL_ANSWER_BYTES ||
         exchange->held_bytes < most;
}

static GError *
new_room_error (const Exchange *exchange)
{
  return g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                      "the answers to this batch are more than %" G_GSIZE_FORMAT
                      " bytes without this one (rpc.max_batch_bytes): ask for it alone",
                      orf_router_get_limits (exchange->peer->router)->max_batch_bytes);
}

static void
slot_sink (gpointer owner, const char *json, gsize length, const GError *error)
{
  Slot *slot = owner;
  g_autoptr (GError) no_room = NULL;

  slot->call = NULL;
  slot->exchange->peer->pending--;
  if (error == NULL && !has_room (slot->exchange, length))
    error = no_room = new_room_error (slot->exchange);
  if (!slot->notification) {
    slot->answer = g_string_sized_new (length + 128);
    if (error != NULL)
      orf_rpc_text_append_error (slot->answer, slot->id, error);
    else
      orf_rpc_text_append_result (slot->answer, slot->id, json, length);
    count_memory (slot->exchange, slot->answer->allocated_len);
  }
  exchange_settle (slot->exchange);
}

static Slot *
find_pending (OrfPeer *peer, json_t *id)
{
  for (GList *link = peer->exchanges.head; link != NULL; link = link->next) {
    Exchange *exchange = link->data;

    for (guint i = 0; i < exchange->n_slots; i++) {
      Slot *slot = &exchange->slots[i];

      if (slot->call != NULL && slot->id_value != NULL && json_equal (slot->id_value, id))
        return slot;
    }
  }
  return NULL;
}

/* Cancels what the same conversation has in flight under that id. */
static void
cancel_cb (OrfCall *call, const OrfRpcCancelParams *params, gpointer user_data)
{
  const OrfCallOrigin *origin = orf_call_peek_origin (call);
  g_autoptr (json_t)
    id = orf_json_parse (params->id, strlen (params->id), ORF_JSON_MAX_DEPTH, NULL);
  Slot *own = origin->sink == slot_sink ? origin->owner : NULL;
  Slot *slot = own != NULL && id != NULL ? find_pending (own->exchange->peer, id) : NULL;
  const OrfRpcCancelResult result = { .cancelled = slot != NULL };

  if (slot != NULL)
    orf_call_cancel (slot->call);
  orf_call_return_rpc_cancel (call, &result);
}

static void
stream_cancel_cb (OrfCall *call, const OrfStreamCancelParams *params, gpointer user_data)
{
  const OrfCallOrigin *origin = orf_call_peek_origin (call);
  Slot *own = origin->sink == slot_sink ? origin->owner : NULL;
  const OrfStreamCancelResult result = { .cancelled = TRUE };

  if (own == NULL || !orf_peer_streams_cancel (own->exchange->peer->streams, params->stream)) {
    orf_call_fail (call,
                   orf_error_new_field (ORF_ERROR_NOT_FOUND, "stream",
                                        "the id of a stream of this connection",
                                        "stream: this connection has no \"%s\"", params->stream));
    return;
  }
  orf_call_return_stream_cancel (call, &result);
}

void
orf_peer_bind (OrfRouter *router)
{
  orf_bind_rpc_cancel (router, cancel_cb, NULL);
  orf_bind_stream_cancel (router, stream_cancel_cb, NULL);
}

static gboolean
enter_peer (OrfPeer *peer, GError **error)
{
  guint limit = orf_router_get_limits (peer->router)->max_in_flight_per_peer;

  if (peer->pending >= limit) {
    g_propagate_error (error,
                       orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, BUSY_RETRY_MS,
                                            "%u calls of this connection are in flight, which "
                                            "is the limit (rpc.max_in_flight_per_peer)",
                                            peer->pending));
    return FALSE;
  }
  return TRUE;
}

static guint64
open_stream (gpointer owner, OrfChannel *channel, OrfBlob *first, GError **error)
{
  Slot *slot = owner;
  OrfPeer *peer = slot->exchange->peer;

  if (slot->notification) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST,
                 "a notification opens no stream: nobody would know its id");
    return 0;
  }
  slot->stream = orf_peer_streams_add (peer->streams, channel, first,
                                       orf_router_get_limits (peer->router)->max_streams_per_peer,
                                       error);
  return slot->stream;
}

static void
start_call (Slot *slot, OrfRpcRequest *request)
{
  OrfPeer *peer = slot->exchange->peer;
  OrfCallOrigin origin = {
    .router = peer->router,
    .role = peer->role,
    .actor = peer->actor,
    .pid = peer->pid,
    .open_stream = peer->ops.stream_open != NULL ? open_stream : NULL,
    .sink = slot_sink,
    .owner = slot,
  };
  OrfCall *call;

  peer->pending++;
  call = orf_call_start (&origin, request->method, &request->params, &request->meta);
  if (call != NULL)
    slot->call = call;
}

static void
start_request (Slot *slot, OrfRpcRequest *request)
{
  slot->notification = request->notification;
  slot->id = g_steal_pointer (&request->id);
  slot->id_value = g_steal_pointer (&request->id_value);
  if (request->error == NULL && enter_peer (slot->exchange->peer, &request->error))
    start_call (slot, request);
  else if (slot->notification && request->well_formed)
    exchange_settle (slot->exchange); /* errors reach only who waits for an answer */
  else
    slot_refuse (slot, request->error);
}

static void
start_message (OrfPeer *peer, OrfRpcMessage *message)
{
  Exchange *exchange;

  if (message->error != NULL) {
    orf_peer_refuse (peer, message->error);
    return;
  }
  exchange = exchange_new (peer, message->batch, message->n_requests);
  for (guint i = 0; i < message->n_requests; i++)
    start_request (&exchange->slots[i], &message->requests[i]);
  exchange_settle (exchange);
}

static void
read_cb (gpointer owner, OrfRpcMessage *message)
{
  OrfPeer *peer = owner;

  g_queue_pop_head (&peer->readings);
  start_message (peer, message);
  if (peer->ops.caught_up != NULL && peer->readings.length == 0)
    peer->ops.caught_up (peer->transport);
}

/* In a thread of its own; what comes behind it waits its turn there too. */
static void
read_aside (OrfPeer *peer, GBytes *text, const OrfCallMeta *meta)
{
  g_autoptr (GError) error = NULL;
  OrfRpcReading *reading = orf_peer_reading_new (peer->router, text, meta, read_cb, peer, &error);

  if (reading != NULL)
    g_queue_push_tail (&peer->readings, reading);
  else
    orf_peer_refuse (peer, error);
}

/* FALSE: it is too long, and the other end is told. */
static gboolean
check_length (OrfPeer *peer, gsize length)
{
  gsize most = orf_router_get_limits (peer->router)->max_message_bytes;
  g_autoptr (GError) error = NULL;

  if (length <= most)
    return TRUE;
  error = orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, NULL, NULL,
                               "the message has %" G_GSIZE_FORMAT
                               " bytes and at most %" G_GSIZE_FORMAT
                               " are taken (rpc.max_message_bytes)",
                               length, most);
  orf_peer_refuse (peer, error);
  return FALSE;
}

static void
copy_aside (OrfPeer *peer, const char *data, gsize length, const OrfCallMeta *meta)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    text = orf_rpc_reader_copy (orf_router_get_reader (peer->router), data, length, &error);

  if (text != NULL)
    read_aside (peer, text, meta);
  else
    orf_peer_refuse (peer, error);
}

void
orf_peer_receive (OrfPeer *peer, const char *data, gsize length, const OrfCallMeta *meta)
{
  g_autoptr (OrfRpcMessage) message = NULL;

  if (!check_length (peer, length))
    return;
  if (peer->readings.length > 0 ||
      orf_rpc_reader_wants (orf_router_get_reader (peer->router), length)) {
    copy_aside (peer, data, length, meta);
    return;
  }
  message = orf_rpc_message_new (orf_router_get_limits (peer->router), data, length, meta);
  start_message (peer, message);
}

void
orf_peer_receive_aside (OrfPeer *peer, GBytes *text, const OrfCallMeta *meta)
{
  if (check_length (peer, g_bytes_get_size (text)))
    read_aside (peer, text, meta);
}

void
orf_peer_refuse (OrfPeer *peer, const GError *error)
{
  g_autoptr (GString) text = g_string_sized_new (256);

  orf_rpc_text_append_error (text, NULL, error);
  peer->ops.send (peer->transport, text->str, text->len);
}
