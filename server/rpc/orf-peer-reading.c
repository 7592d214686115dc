/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-peer-reading.h"

typedef struct {
  OrfRpcReading base;
  OrfRpcLimits limits;
  OrfPeerReadFunc done;
  OrfRpcMessage *message; /* NULL: not read yet */
} Reading;

static void
read_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  reading->message = orf_rpc_message_new (&reading->limits, g_bytes_get_data (base->text, NULL),
                                          base->length, &base->meta);
  orf_rpc_message_read_params (reading->message);
}

static void
done_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  reading->done (base->owner, reading->message);
}

static void
free_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  g_clear_pointer (&reading->message, orf_rpc_message_free);
  g_free (reading);
}

OrfRpcReading *
orf_peer_reading_new (OrfRouter *router,
                      GBytes *text,
                      const OrfCallMeta *meta,
                      OrfPeerReadFunc done,
                      gpointer owner,
                      GError **error)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->base =
    (OrfRpcReading){ .owner = owner, .read = read_cb, .done = done_cb, .free = free_cb };
  reading->limits = *orf_router_get_limits (router);
  reading->done = done;
  return orf_rpc_reader_push (orf_router_get_reader (router), &reading->base, text, meta, error)
           ? &reading->base
           : NULL;
}
