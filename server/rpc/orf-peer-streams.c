/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-peer-streams.h"

#include "orf-error.h"

typedef struct {
  OrfPeerStreams *owner;
  guint64 number;
  OrfChannelSeat *seat;
  OrfStreamSpec spec;
  gboolean begun; /* the transport knows it */
} Stream;

struct _OrfPeerStreams {
  const OrfPeerOps *ops;
  gpointer transport;
  GPtrArray *all; /* Stream; few: rpc's max_streams_per_peer */
  guint64 last_number;
};

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  orf_channel_leave (stream->seat);
  g_clear_pointer (&stream->spec.first, orf_blob_unref);
  g_free (stream);
}

OrfPeerStreams *
orf_peer_streams_new (const OrfPeerOps *ops, gpointer transport)
{
  OrfPeerStreams *streams = g_new0 (OrfPeerStreams, 1);

  streams->ops = ops;
  streams->transport = transport;
  streams->all = g_ptr_array_new_with_free_func (stream_free);
  return streams;
}

void
orf_peer_streams_free (OrfPeerStreams *streams)
{
  g_ptr_array_unref (streams->all);
  g_free (streams);
}

guint
orf_peer_streams_get_n (const OrfPeerStreams *streams)
{
  return streams->all->len;
}

static Stream *
find (OrfPeerStreams *streams, guint64 number)
{
  for (guint i = 0; i < streams->all->len; i++) {
    Stream *stream = streams->all->pdata[i];

    if (stream->number == number)
      return stream;
  }
  return NULL;
}

/* The transport hears the channel's end by itself. */
static void
channel_ended_cb (gpointer user_data)
{
  Stream *stream = user_data;

  g_ptr_array_remove_fast (stream->owner->all, stream);
}

guint64
orf_peer_streams_add (
  OrfPeerStreams *streams, OrfChannel *channel, OrfBlob *first, guint max_streams, GError **error)
{
  Stream *stream;

  if (streams->all->len >= max_streams) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "this connection has %u streams, which is the limit (stream.max_per_connection)",
                 streams->all->len);
    return 0;
  }
  stream = g_new0 (Stream, 1);
  stream->owner = streams;
  stream->number = ++streams->last_number;
  stream->spec = (OrfStreamSpec){
    .channel = orf_channel_get_number (channel),
    .depth = orf_channel_get_depth (channel),
    .style = ORF_STREAM_RPC,
    .first = first != NULL ? orf_blob_ref (first) : NULL,
  };
  stream->seat = orf_channel_join (channel, channel_ended_cb, stream);
  g_ptr_array_add (streams->all, stream);
  return stream->number;
}

/* No channel has the number 0. */
static void
tell_lost (OrfPeerStreams *streams, guint64 number)
{
  static const OrfStreamSpec none = { .depth = 1, .style = ORF_STREAM_RPC };

  streams->ops->stream_open (streams->transport, number, &none);
  streams->ops->stream_close (streams->transport, number, "CANCELLED");
}

void
orf_peer_streams_begin (OrfPeerStreams *streams, guint64 number)
{
  Stream *stream = find (streams, number);

  if (stream == NULL) {
    tell_lost (streams, number);
    return;
  }
  stream->begun = TRUE;
  streams->ops->stream_open (streams->transport, number, &stream->spec);
  g_clear_pointer (&stream->spec.first, orf_blob_unref);
}

/* 0: no id of ours. */
static guint64
parse_id (const char *id)
{
  guint64 number = 0;

  if (id[0] != 's' || !g_ascii_string_to_unsigned (id + 1, 10, 1, G_MAXUINT64, &number, NULL))
    return 0;
  return number;
}

gboolean
orf_peer_streams_cancel (OrfPeerStreams *streams, const char *id)
{
  Stream *stream = find (streams, parse_id (id));

  if (stream == NULL)
    return FALSE;
  if (stream->begun)
    streams->ops->stream_close (streams->transport, stream->number, "CANCELLED");
  g_ptr_array_remove_fast (streams->all, stream);
  return TRUE;
}
