/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-peer-reading.h"

struct _OrfPeerReading {
  OrfRpcReading base;
  OrfRouter *router; /* whose limits stay as they are */
  OrfCallMeta beside;
  OrfPeerReadFunc done;
  gpointer owner;
  OrfRpcMessage *message; /* NULL: not read yet */
};

static void
read_cb (OrfRpcReading *base)
{
  OrfPeerReading *reading = (OrfPeerReading *) base;

  reading->message = orf_rpc_message_new (orf_router_get_limits (reading->router), base->text,
                                          base->length, &reading->beside);
  orf_rpc_message_read_params (reading->message);
}

static void
done_cb (OrfRpcReading *base)
{
  OrfPeerReading *reading = (OrfPeerReading *) base;

  reading->done (reading->owner, reading->message);
}

static void
free_cb (OrfRpcReading *base)
{
  OrfPeerReading *reading = (OrfPeerReading *) base;

  g_clear_pointer (&reading->message, orf_rpc_message_free);
  orf_call_meta_clear (&reading->beside);
  orf_router_unref (reading->router);
  g_free (reading);
}

OrfPeerReading *
orf_peer_reading_new (OrfRouter *router,
                      const char *text,
                      gsize length,
                      const OrfCallMeta *meta,
                      OrfPeerReadFunc done,
                      gpointer owner,
                      GError **error)
{
  OrfPeerReading *reading = g_new0 (OrfPeerReading, 1);

  reading->base.read = read_cb;
  reading->base.done = done_cb;
  reading->base.free = free_cb;
  reading->router = orf_router_ref (router);
  orf_call_meta_copy (&reading->beside, meta);
  reading->done = done;
  reading->owner = owner;
  if (!orf_rpc_reader_push (orf_router_get_reader (router), &reading->base, text, length, error))
    return NULL;
  return reading;
}

void
orf_peer_reading_abandon (OrfPeerReading *reading)
{
  orf_rpc_reading_abandon (&reading->base);
}
