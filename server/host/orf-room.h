/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

struct statvfs;

G_BEGIN_DECLS

/*
 * How much room a file system has, asked in a thread of its own: on a mount whose server is gone
 * the question never comes back.  Main context.
 */
typedef struct _OrfRoom OrfRoom;

/* As df has it: what only root may still use counts neither as free nor as used. */
typedef struct {
  double total_bytes, used_bytes, free_bytes;
} OrfRoomState;

/* told: what was asked for is there, or cannot be known. */
OrfRoom *orf_room_new (const char *path, void (*told) (gpointer user_data), gpointer user_data);
/* Waits a second for a question that is under way; after that it is left to itself. */
void orf_room_free (OrfRoom *room);

/* FALSE: the question before is not answered yet, and no other is asked. */
gboolean orf_room_ask (OrfRoom *room);
/* The last answer, once. */
gboolean orf_room_take (OrfRoom *room, OrfRoomState *state);

/* For tests: asks by that instead of statvfs(3), in the thread. */
void orf_room_set_look (OrfRoom *room, int (*look) (const char *path, struct statvfs *state));

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRoom, orf_room_free)

G_END_DECLS
