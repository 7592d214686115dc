/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-blob.h"

G_BEGIN_DECLS

/*
 * What streams get their values from.  A channel is one source of values for all who watch the
 * same; an outlet brings them to the connections of one context, where an OrfStreamTable keeps
 * what is not sent yet.  Main context.
 */
typedef struct _OrfStreamHub OrfStreamHub;
typedef struct _OrfChannel OrfChannel;

typedef struct {
  void (*publish) (gpointer outlet, guint64 channel, OrfBlob *value);
  /* All streams of the channel end. */
  void (*end) (gpointer outlet, guint64 channel, const char *status);
} OrfStreamOutlet;

OrfStreamHub *orf_stream_hub_new (void);
/* Streams that may be open at once, over all connections; 1000 unless told. */
void orf_stream_hub_set_max (OrfStreamHub *hub, guint max);
/* Where values count from their making until the last reader has them; NULL unless told. */
void orf_stream_hub_set_memory (OrfStreamHub *hub, OrfMemory *memory);
void orf_stream_hub_free (OrfStreamHub *hub);
/* ops is static. */
void orf_stream_hub_add_outlet (OrfStreamHub *hub, const OrfStreamOutlet *ops, gpointer outlet);
void orf_stream_hub_remove_outlet (OrfStreamHub *hub, gpointer outlet);

/* RESOURCE_EXHAUSTED when no more may be opened, or those there are hold all they may.  Asked
 * before anything is made for a new one. */
gboolean orf_stream_hub_check (OrfStreamHub *hub, GError **error);
/* Streams open now. */
guint orf_stream_hub_get_n_streams (OrfStreamHub *hub);

/* depth: values kept for a slow reader.  idle: the last stream has left; may free the channel. */
OrfChannel *orf_channel_new (OrfStreamHub *hub,
                             guint depth,
                             void (*idle) (gpointer user_data),
                             gpointer user_data);
/* Ends its streams with UNAVAILABLE. */
void orf_channel_free (OrfChannel *channel);
/* json: one value. */
void orf_channel_publish (OrfChannel *channel, const char *json, gsize length);
guint64 orf_channel_get_number (const OrfChannel *channel);
guint orf_channel_get_depth (const OrfChannel *channel);
guint orf_channel_get_n_streams (const OrfChannel *channel);

/* One stream's place in the channel.  ended: the channel is freed; the seat is still to be left, in
 * the callback or later. */
typedef struct _OrfChannelSeat OrfChannelSeat;
OrfChannelSeat *
orf_channel_join (OrfChannel *channel, void (*ended) (gpointer user_data), gpointer user_data);
void orf_channel_leave (OrfChannelSeat *seat);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStreamHub, orf_stream_hub_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfChannel, orf_channel_free)

G_END_DECLS
