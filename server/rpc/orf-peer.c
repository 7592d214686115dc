/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message received is an exchange: one slot for each request in it.  The exchange is answered, in
 * the order of its slots, when the last one has its answer; exchanges may finish in any order.
 *
 * A stream that a call opened begins when the exchange is answered, so that its id is known before
 * its first value comes.
 */
#include "rpc/orf-peer.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-call-private.h"
#include "rpc/orf-peer-streams.h"
#include "rpc/orf-rpc-plain.h"
#include "rpc/orf-rpc-request.h"
#include "rpc/orf-rpc-text.h"

#define BUSY_RETRY_MS 100

typedef struct _Exchange Exchange;

typedef struct {
  Exchange *exchange;
  OrfCall *call;    /* NULL once ended */
  json_t *id_value; /* what rpc.cancel names */
  char *id;         /* as it stood in the text */
  gboolean notification;
  GString *answer;
  guint64 stream; /* opened by the call; 0: none */
  /* its parameters, read already; NULL: they are in the request.  Until the call is started. */
  OrfRpcPlain *plain;
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
  gint64 pid; /* 0: unknown */
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
  GList *link;

  if (peer == NULL)
    return;
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
  return peer->pending;
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

static void
slot_sink (gpointer owner, const char *json, gsize length, const GError *error)
{
  Slot *slot = owner;

  slot->call = NULL;
  slot->exchange->peer->pending--;
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

/* An id that could be read is echoed, on errors too. */
static gboolean
take_id (Slot *slot, json_t *request, const char *text, gsize length, GError **error)
{
  json_t *id = json_object_get (request, "id");

  slot->notification = id == NULL;
  if (id == NULL)
    return TRUE;
  if (!orf_rpc_request_check_id (id, error))
    return FALSE;
  slot->id_value = json_incref (id);
  slot->id = orf_rpc_text_dup_id (text, length);
  if (slot->id == NULL) /* its key was written with escapes */
    slot->id = orf_json_dump (id);
  return TRUE;
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
start_call (Slot *slot, const OrfMethod *method, json_t *params, const OrfCallMeta *meta)
{
  OrfPeer *peer = slot->exchange->peer;
  OrfRpcPlain *plain = g_steal_pointer (&slot->plain);
  const OrfCallParams given = { params, plain != NULL ? &plain->params : NULL };
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
  call = orf_call_start (&origin, method, &given, meta);
  if (call != NULL)
    slot->call = call;
}

/* Of a request that is one: its errors reach only who waits for an answer. */
static void
start_checked (Slot *slot, json_t *request, const OrfCallMeta *beside)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfRpcMeta) inside = NULL;
  OrfCallMeta meta;
  const OrfMethod *method = orf_rpc_request_find_method (request, &error);

  if (method != NULL)
    inside = orf_rpc_request_decode_meta (request, beside, &meta, &error);
  if (inside != NULL && enter_peer (slot->exchange->peer, &error))
    start_call (slot, method, json_object_get (request, "params"), &meta);
  else if (slot->notification)
    exchange_settle (slot->exchange);
  else
    slot_refuse (slot, error);
}

/* text: the request as it stood, for its id. */
static void
start_request (
  Slot *slot, json_t *request, const char *text, gsize length, const OrfCallMeta *beside)
{
  g_autoptr (GError) error = NULL;

  if (!json_is_object (request))
    g_set_error (&error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST, "a request is a JSON object");
  else if (take_id (slot, request, text, length, &error))
    orf_rpc_request_check (request, &error);
  if (error != NULL)
    slot_refuse (slot, error);
  else
    start_checked (slot, request, beside);
}

static void
receive_batch (
  OrfPeer *peer, json_t *batch, const char *data, gsize length, const OrfCallMeta *meta)
{
  g_autoptr (GArray) slices = orf_rpc_text_split_array (data, length);
  gsize count = json_array_size (batch);
  Exchange *exchange = exchange_new (peer, TRUE, (guint) count);

  for (guint i = 0; i < count; i++) {
    const OrfRpcSlice *slice = &g_array_index (slices, OrfRpcSlice, i);

    start_request (&exchange->slots[i], json_array_get (batch, i), slice->text, slice->length,
                   meta);
  }
  exchange_settle (exchange);
}

static gboolean
check_message (OrfPeer *peer, json_t *message, GError **error)
{
  guint max_batch = orf_router_get_limits (peer->router)->max_batch;

  if (json_is_array (message) && json_array_size (message) == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST, "the batch is empty");
    return FALSE;
  }
  if (json_array_size (message) > max_batch) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST,
                 "the batch has %u requests and at most %u are taken (rpc.max_batch)",
                 (guint) json_array_size (message), max_batch);
    return FALSE;
  }
  return TRUE;
}

void
orf_peer_receive (OrfPeer *peer, const char *data, gsize length, const OrfCallMeta *meta)
{
  const OrfRpcLimits *limits = orf_router_get_limits (peer->router);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) message = NULL;
  g_autoptr (OrfRpcPlain) plain = NULL;
  Exchange *exchange;

  if (length <= limits->max_message_bytes)
    plain = orf_rpc_plain_read (peer->router, data, length, meta);
  if (plain != NULL) {
    exchange = exchange_new (peer, FALSE, 1);
    exchange->slots[0].plain = plain;
    start_request (&exchange->slots[0], plain->envelope, plain->text, plain->length, meta);
    exchange_settle (exchange);
    return;
  }
  if (length > limits->max_message_bytes)
    error = orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, NULL, NULL,
                                 "the message has %" G_GSIZE_FORMAT
                                 " bytes and at most %" G_GSIZE_FORMAT
                                 " are taken (rpc.max_message_bytes)",
                                 length, limits->max_message_bytes);
  else
    message = orf_router_parse_json (peer->router, data, length, &error);
  if (message == NULL || !check_message (peer, message, &error)) {
    orf_peer_refuse (peer, error);
    return;
  }
  if (json_is_array (message)) {
    receive_batch (peer, message, data, length, meta);
    return;
  }
  exchange = exchange_new (peer, FALSE, 1);
  start_request (&exchange->slots[0], message, data, length, meta);
  exchange_settle (exchange);
}

void
orf_peer_refuse (OrfPeer *peer, const GError *error)
{
  g_autoptr (GString) text = g_string_sized_new (256);

  orf_rpc_text_append_error (text, NULL, error);
  peer->ops.send (peer->transport, text->str, text->len);
}
