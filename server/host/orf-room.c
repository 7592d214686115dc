/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The thread sees the queue of questions and the question that it has, never the room.
 * - At most one question is under way; while one is, `asked` is set.
 */
#include "host/orf-room.h"

#include <pthread.h>
#include <sys/statvfs.h>
#include <time.h>

#include "core/orf-queue.h"
#include "core/orf-thread.h"

/* How long the end waits for a question that is under way. */
#define PATIENCE_S 1

struct _OrfRoom {
  char *path;
  OrfQueue *questions;
  OrfQueue *replies;
  pthread_t thread;
  gboolean has_thread;
  gboolean asked;
  gboolean known; /* state was not taken yet */
  OrfRoomState state;
  int (*look) (const char *path, struct statvfs *state);
  void (*told) (gpointer user_data);
  gpointer user_data;
};

typedef struct {
  OrfJob base;
  OrfRoom *room; /* looked at in the main context only */
  char *path;
  int (*look) (const char *path, struct statvfs *state);
  struct statvfs found;
  gboolean good;
} Question;

static void
work_thread_cb (OrfJob *job, gpointer state)
{
  Question *question = (Question *) job;

  question->good = question->look (question->path, &question->found) == 0;
  orf_job_reply (job);
}

static void
done_cb (OrfJob *job)
{
  Question *question = (Question *) job;
  OrfRoom *room = question->room;
  const struct statvfs *found = &question->found;
  double unit = (double) found->f_frsize;

  room->asked = FALSE;
  room->known = question->good;
  if (question->good)
    room->state = (OrfRoomState){ (double) found->f_blocks * unit,
                                  (double) (found->f_blocks - found->f_bfree) * unit,
                                  (double) found->f_bavail * unit };
  room->told (room->user_data);
}

static void
free_cb (OrfJob *job)
{
  Question *question = (Question *) job;

  g_free (question->path);
  g_free (question);
}

static gboolean
start_thread (OrfRoom *room)
{
  g_autoptr (GError) error = NULL;

  if (orf_thread_start_worker (&room->thread, "disk-room", room->questions, &error))
    return TRUE;
  g_warning ("room on disks is not sampled: %s", error->message);
  return FALSE;
}

OrfRoom *
orf_room_new (const char *path, void (*told) (gpointer user_data), gpointer user_data)
{
  OrfRoom *room = g_new0 (OrfRoom, 1);

  room->path = g_strdup (path);
  room->look = statvfs;
  room->told = told;
  room->user_data = user_data;
  room->questions = orf_queue_new (1, 1);
  room->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (room->replies, NULL);
  room->has_thread = start_thread (room);
  return room;
}

static void
ignore_cb (gpointer user_data)
{
}

/* FALSE: it hangs in the kernel. */
static gboolean
end_thread (OrfRoom *room)
{
  struct timespec until;

  orf_queue_close (room->questions);
  if (!room->has_thread)
    return TRUE;
  clock_gettime (CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_S;
  return pthread_timedjoin_np (room->thread, NULL, &until) == 0;
}

void
orf_room_free (OrfRoom *room)
{
  if (room == NULL)
    return;
  room->told = ignore_cb;
  if (!end_thread (room)) {
    /* it may come back at any time, and then needs its queues, and done_cb the room */
    pthread_detach (room->thread);
    return;
  }
  orf_queue_dispatch (room->replies);
  orf_queue_unref (room->questions);
  orf_queue_unref (room->replies);
  g_free (room->path);
  g_free (room);
}

gboolean
orf_room_ask (OrfRoom *room)
{
  Question *question;

  if (room->asked || !room->has_thread)
    return FALSE;
  question = g_new0 (Question, 1);
  question->base.work = work_thread_cb;
  question->base.done = done_cb;
  question->base.free = free_cb;
  question->base.reply = room->replies;
  question->room = room;
  question->path = g_strdup (room->path);
  question->look = room->look;
  room->asked = orf_queue_push (room->questions, 0, &question->base);
  if (!room->asked)
    free_cb (&question->base);
  return room->asked;
}

gboolean
orf_room_take (OrfRoom *room, OrfRoomState *state)
{
  if (!room->known)
    return FALSE;
  *state = room->state;
  room->known = FALSE;
  return TRUE;
}

void
orf_room_set_look (OrfRoom *room, int (*look) (const char *path, struct statvfs *state))
{
  room->look = look;
}
