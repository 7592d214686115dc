/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - tracking is TRUE from when the node has confirmed that it tells changes to `stream`, until one
 * of the two links is gone; only then beats are sent, and only then the cover is not over.
 * - Each time a cover begins or ends its epoch is another: what was read while nothing was heard is
 * not believed later.
 * - At most one beat is under way.
 */
#include "redis/orf-redis-hearing.h"

#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-timer.h"

/* Where Redis publishes to connections of RESP2 what has changed. */
#define CHANGES "__redis__:invalidate"
/* The pause after a beat that was heard: eight to a lease, so that one lost to a busy moment costs
 * no cover. */
#define BEAT_US    (ORF_REDIS_LEASE_US / 8)
#define MAX_NUMBER 24

struct _OrfRedisHearing {
  OrfRedisLink *commands; /* not ours */
  OrfRedisLink *stream;
  char *channel; /* of beats */
  OrfCacheCover *cover;
  const OrfCacheLevelListener *listener;
  gpointer user_data;

  gboolean able; /* commands is up */
  gboolean subscribed;
  gboolean asked; /* for changes, on this connection of commands: to be ended before it asks anew */
  guint64 asking; /* counts the times that it asked, so that an old answer is known */
  gboolean tracking;

  GSource *timer;
  guint64 beat;      /* the last that was sent */
  gint64 sent_us;    /* when; 0: it was heard */
  gint64 earlier_us; /* when the one before it was sent that was heard; 0: none was */
};

static void
forget (OrfRedisHearing *hearing)
{
  hearing->cover->epoch++;
  hearing->cover->until_us = 0;
}

/* ---- beats ----------------------------------------------------------------------------------- */

static void
send_beat (OrfRedisHearing *hearing)
{
  char number[MAX_NUMBER];

  g_snprintf (number, sizeof number, "%" G_GUINT64_FORMAT, hearing->beat + 1);
  if (orf_redis_link_say (hearing->commands, NULL, NULL, "PUBLISH", hearing->channel, number,
                          NULL)) {
    hearing->beat++;
    hearing->sent_us = orf_clock_monotonic_us ();
  }
  g_source_set_ready_time (hearing->timer, orf_clock_monotonic_us () + BEAT_US);
}

static void
time_cb (gpointer data)
{
  OrfRedisHearing *hearing = data;

  if (!hearing->tracking)
    return;
  if (hearing->sent_us == 0) {
    send_beat (hearing);
  } else if (orf_clock_monotonic_us () - hearing->sent_us > ORF_REDIS_LEASE_US) {
    /* it is connected, and hears nothing: to another process, or a way that swallows what it gets
     */
    orf_redis_link_drop (hearing->stream, "it does not hear");
  } else {
    g_source_set_ready_time (hearing->timer, orf_clock_monotonic_us () + BEAT_US);
  }
}

static void
hear_beat (OrfRedisHearing *hearing, const redisReply *payload)
{
  gint64 earlier_us = hearing->earlier_us;

  if (!hearing->tracking || hearing->sent_us == 0 || payload->type != REDIS_REPLY_STRING ||
      g_ascii_strtoull (payload->str, NULL, 10) != hearing->beat)
    return;
  hearing->earlier_us = hearing->sent_us;
  hearing->sent_us = 0;
  if (earlier_us != 0)
    hearing->cover->until_us = earlier_us + ORF_REDIS_LEASE_US;
  else
    send_beat (hearing); /* the first covers nothing */
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
hear_changes (OrfRedisHearing *hearing, const redisReply *payload)
{
  g_autofree OrfCacheBytes *keys = NULL;
  guint n = 0;

  if (payload->type != REDIS_REPLY_ARRAY) {
    hearing->cover->epoch++; /* all: the node was flushed */
    return;
  }
  keys = g_new (OrfCacheBytes, payload->elements);
  for (gsize i = 0; i < payload->elements; i++) {
    const redisReply *name = payload->element[i];
    const gsize skip = strlen (ORF_REDIS_DATA);

    if (name->type == REDIS_REPLY_STRING && name->len >= skip)
      keys[n++] = (OrfCacheBytes){ name->str + skip, name->len - skip };
  }
  hearing->listener->changed (hearing->user_data, keys, n);
}

static void
message_cb (gpointer data, const char *channel, const redisReply *payload)
{
  OrfRedisHearing *hearing = data;

  if (g_str_equal (channel, CHANGES))
    hear_changes (hearing, payload);
  else
    hear_beat (hearing, payload);
}

/* ---- asking for them ------------------------------------------------------------------------- */

static void
stop_tracking (OrfRedisHearing *hearing)
{
  hearing->tracking = FALSE;
  hearing->asking++;
  hearing->sent_us = hearing->earlier_us = 0;
  g_source_set_ready_time (hearing->timer, -1);
  forget (hearing);
}

typedef struct {
  OrfRedisHearing *hearing;
  guint64 asking;
} Asked;

static void
asked_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  g_autofree Asked *asked = data;
  OrfRedisHearing *hearing = asked->hearing;

  if (asked->asking != hearing->asking || fate == ORF_REDIS_DOWN)
    return;
  if (fate == ORF_REDIS_LOST || !orf_redis_reply_is_ok (reply)) {
    /* the node does not know the connection, or not the command: both links begin anew, slower and
     * slower, and what is wrong is told as the stream's problem */
    orf_redis_link_drop (hearing->stream,
                         fate == ORF_REDIS_LOST ? NULL : orf_redis_reply_get_error (reply));
    return;
  }
  forget (hearing);
  hearing->tracking = TRUE;
  send_beat (hearing);
}

static void
ask (OrfRedisHearing *hearing)
{
  Asked *asked;
  char id[MAX_NUMBER];

  if (!hearing->able || !hearing->subscribed)
    return;
  if (hearing->asked)
    orf_redis_link_say (hearing->commands, NULL, NULL, "CLIENT", "TRACKING", "OFF", NULL);
  hearing->asked = TRUE;
  asked = g_new (Asked, 1);
  *asked = (Asked){ hearing, ++hearing->asking };
  g_snprintf (id, sizeof id, "%" G_GINT64_FORMAT, orf_redis_link_get_id (hearing->stream));
  if (!orf_redis_link_say (hearing->commands, asked_cb, asked, "CLIENT", "TRACKING", "ON",
                           "REDIRECT", id, "BCAST", "NOLOOP", "PREFIX", ORF_REDIS_DATA, NULL)) {
    g_free (asked);
    orf_redis_link_drop (hearing->stream, "the node takes no more commands");
  }
}

static void
subscribed_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisHearing *hearing = data;

  hearing->subscribed = TRUE;
  ask (hearing);
}

static void
up_cb (gpointer data)
{
  OrfRedisHearing *hearing = data;
  const char *const channels[] = { CHANGES, hearing->channel, NULL };

  if (!orf_redis_link_subscribe (hearing->stream, channels, subscribed_cb, hearing))
    orf_redis_link_drop (hearing->stream, "it cannot be subscribed");
}

static void
down_cb (gpointer data)
{
  OrfRedisHearing *hearing = data;

  hearing->subscribed = FALSE;
  stop_tracking (hearing);
}

static const OrfRedisLinkListener stream_listener = { up_cb, down_cb, message_cb };

/* ---- its owner's ----------------------------------------------------------------------------- */

void
orf_redis_hearing_begin (OrfRedisHearing *hearing)
{
  if (hearing->able)
    return;
  hearing->able = TRUE;
  hearing->asked = FALSE;
  ask (hearing);
}

void
orf_redis_hearing_end (OrfRedisHearing *hearing)
{
  hearing->able = FALSE;
  stop_tracking (hearing);
}

OrfRedisHearing *
orf_redis_hearing_new (GMainContext *context,
                       const char *address,
                       const OrfRedisLinkSettings *settings,
                       OrfRedisLink *commands,
                       const char *name,
                       OrfCacheCover *cover,
                       const OrfCacheLevelListener *listener,
                       gpointer user_data,
                       GError **error)
{
  OrfRedisHearing *hearing = g_new0 (OrfRedisHearing, 1);

  hearing->stream = orf_redis_link_new (context, address, settings, &stream_listener, hearing,
                                        error);
  if (hearing->stream == NULL) {
    g_free (hearing);
    return NULL;
  }
  hearing->commands = commands;
  hearing->channel = g_strconcat (ORF_REDIS_BEAT, name, NULL);
  hearing->cover = cover;
  hearing->listener = listener;
  hearing->user_data = user_data;
  hearing->timer = orf_redis_timer_new (context, time_cb, hearing);
  return hearing;
}

void
orf_redis_hearing_free (OrfRedisHearing *hearing)
{
  orf_redis_timer_free (hearing->timer);
  orf_redis_link_free (hearing->stream);
  g_free (hearing->channel);
  g_free (hearing);
}

gboolean
orf_redis_hearing_is_covered (OrfRedisHearing *hearing)
{
  return orf_clock_monotonic_us () < hearing->cover->until_us;
}
