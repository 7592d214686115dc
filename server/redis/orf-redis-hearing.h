/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"
#include "redis/orf-redis-link.h"

G_BEGIN_DECLS

/*
 * Hears what others change on a node, and says until when that is known to be all: the cover.
 *
 * The link for commands asks the node to tell changes to the connection of the link here, which is
 * subscribed to them.  Then it publishes a beat, a number, to that same connection, and the next
 * when that was heard.  All goes through one output buffer of the node, so a beat that is heard
 * says that every change told before it was heard, too; a change in the same turn of the node's
 * loop may be told just after it, but not after the next beat.  So with beat n the cover reaches to
 * ORF_REDIS_LEASE_US after beat n - 1 was sent.
 */
typedef struct _OrfRedisHearing OrfRedisHearing;

/* How long what was heard is believed: how far behind others a daemon may be. */
#define ORF_REDIS_LEASE_US (2 * G_USEC_PER_SEC)

/* commands: freed just before it.  name: of the beats' channel, nobody else's.  cover: to be
 * written. INVALID_ARGUMENT: the address. */
OrfRedisHearing *orf_redis_hearing_new (GMainContext *context,
                                        const char *address,
                                        const OrfRedisLinkSettings *settings,
                                        OrfRedisLink *commands,
                                        const char *name,
                                        OrfCacheCover *cover,
                                        const OrfCacheLevelListener *listener,
                                        gpointer user_data,
                                        GError **error);
void orf_redis_hearing_free (OrfRedisHearing *hearing);

/* The link for commands is up and what it reads may be believed, or it went down. */
void orf_redis_hearing_begin (OrfRedisHearing *hearing);
void orf_redis_hearing_end (OrfRedisHearing *hearing);

/* Whether what was read may be believed now. */
gboolean orf_redis_hearing_is_covered (OrfRedisHearing *hearing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisHearing, orf_redis_hearing_free)

G_END_DECLS
