/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-stream-hub.h"

#include "orf-error.h"

/* What a caller is told to wait when all streams are taken: they last minutes. */
#define FULL_RETRY_MS 5000
/* The schema's default of dashboard.max_subscribers. */
#define DEFAULT_MAX_STREAMS 1000

static const char lost_channel[] = "UNAVAILABLE";

typedef struct {
  const OrfStreamOutlet *ops;
  gpointer self;
} Outlet;

struct _OrfStreamHub {
  GArray *outlets; /* Outlet */
  guint64 last_number;
  guint n_streams;
  guint max_streams;
  OrfMemory *memory; /* NULL: nothing is counted */
};

struct _OrfChannel {
  OrfStreamHub *hub;
  guint64 number;
  guint depth;
  GQueue seats; /* OrfChannelSeat */
  void (*idle) (gpointer user_data);
  gpointer user_data;
};

struct _OrfChannelSeat {
  OrfStreamHub *hub;
  OrfChannel *channel; /* NULL: freed */
  GList link;
  void (*ended) (gpointer user_data);
  gpointer user_data;
};

OrfStreamHub *
orf_stream_hub_new (void)
{
  OrfStreamHub *hub = g_new0 (OrfStreamHub, 1);

  hub->outlets = g_array_new (FALSE, FALSE, sizeof (Outlet));
  hub->max_streams = DEFAULT_MAX_STREAMS;
  return hub;
}

void
orf_stream_hub_set_max (OrfStreamHub *hub, guint max)
{
  hub->max_streams = max;
}

void
orf_stream_hub_set_memory (OrfStreamHub *hub, OrfMemory *memory)
{
  hub->memory = memory;
}

void
orf_stream_hub_free (OrfStreamHub *hub)
{
  g_array_unref (hub->outlets);
  g_free (hub);
}

void
orf_stream_hub_add_outlet (OrfStreamHub *hub, const OrfStreamOutlet *ops, gpointer outlet)
{
  const Outlet one = { ops, outlet };

  g_array_append_val (hub->outlets, one);
}

void
orf_stream_hub_remove_outlet (OrfStreamHub *hub, gpointer outlet)
{
  for (guint i = 0; i < hub->outlets->len; i++) {
    if (g_array_index (hub->outlets, Outlet, i).self != outlet)
      continue;
    g_array_remove_index (hub->outlets, i);
    return;
  }
}

gboolean
orf_stream_hub_check (OrfStreamHub *hub, GError **error)
{
  if (hub->n_streams < hub->max_streams)
    return orf_memory_check_part (hub->memory, ORF_MEMORY_STREAMS, error);
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, FULL_RETRY_MS,
                                                 "%u streams are open, which is the limit "
                                                 "(dashboard.max_subscribers)",
                                                 hub->n_streams));
  return FALSE;
}

guint
orf_stream_hub_get_n_streams (OrfStreamHub *hub)
{
  return hub->n_streams;
}

OrfChannel *
orf_channel_new (OrfStreamHub *hub,
                 guint depth,
                 void (*idle) (gpointer user_data),
                 gpointer user_data)
{
  OrfChannel *channel = g_new0 (OrfChannel, 1);

  channel->hub = hub;
  channel->number = ++hub->last_number;
  channel->depth = depth;
  channel->idle = idle;
  channel->user_data = user_data;
  g_queue_init (&channel->seats);
  return channel;
}

void
orf_channel_free (OrfChannel *channel)
{
  const GArray *outlets = channel->hub->outlets;
  GList *link;

  for (guint i = 0; channel->seats.length > 0 && i < outlets->len; i++) {
    const Outlet *outlet = &g_array_index (outlets, Outlet, i);

    outlet->ops->end (outlet->self, channel->number, lost_channel);
  }
  while ((link = g_queue_pop_head_link (&channel->seats)) != NULL) {
    OrfChannelSeat *seat = link->data;

    seat->channel = NULL;
    seat->ended (seat->user_data);
  }
  g_free (channel);
}

void
orf_channel_publish (OrfChannel *channel, const char *json, gsize length)
{
  const GArray *outlets = channel->hub->outlets;
  g_autoptr (OrfBlob) value = NULL;

  if (channel->seats.length == 0)
    return;
  value = orf_blob_new_counted (channel->hub->memory, json, length);
  for (guint i = 0; i < outlets->len; i++) {
    const Outlet *outlet = &g_array_index (outlets, Outlet, i);

    outlet->ops->publish (outlet->self, channel->number, value);
  }
}

guint64
orf_channel_get_number (const OrfChannel *channel)
{
  return channel->number;
}

guint
orf_channel_get_depth (const OrfChannel *channel)
{
  return channel->depth;
}

guint
orf_channel_get_n_streams (const OrfChannel *channel)
{
  return channel->seats.length;
}

OrfChannelSeat *
orf_channel_join (OrfChannel *channel, void (*ended) (gpointer user_data), gpointer user_data)
{
  OrfChannelSeat *seat = g_new0 (OrfChannelSeat, 1);

  seat->hub = channel->hub;
  seat->channel = channel;
  seat->link.data = seat;
  seat->ended = ended;
  seat->user_data = user_data;
  g_queue_push_tail_link (&channel->seats, &seat->link);
  seat->hub->n_streams++;
  return seat;
}

void
orf_channel_leave (OrfChannelSeat *seat)
{
  OrfChannel *channel = seat->channel;

  seat->hub->n_streams--;
  if (channel != NULL)
    g_queue_unlink (&channel->seats, &seat->link);
  g_free (seat);
  if (channel != NULL && channel->seats.length == 0 && channel->idle != NULL)
    channel->idle (channel->user_data);
}
