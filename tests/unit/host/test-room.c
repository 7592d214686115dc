/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/orf-room.h"

typedef struct {
  OrfRoom *room;
  guint told;
} Fixture;

/* Where look_blocked() waits. */
static int gate_fd;

static void
told_cb (gpointer user_data)
{
  ((Fixture *) user_data)->told++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  gate_fd = eventfd (0, EFD_CLOEXEC);
  g_assert_cmpint (gate_fd, >=, 0);
  fixture->room = orf_room_new ("/", told_cb, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  orf_room_free (fixture->room);
  close (gate_fd);
}

static void
wait_for (Fixture *fixture, guint told)
{
  while (fixture->told < told)
    g_main_context_iteration (NULL, TRUE);
}

static int
look_refused (const char *path, struct statvfs *state)
{
  errno = ESTALE;
  return -1;
}

static int
look_blocked (const char *path, struct statvfs *state)
{
  guint64 count;

  g_assert_cmpint (read (gate_fd, &count, sizeof count), ==, sizeof count);
  return statvfs (path, state);
}

static void
open_gate (void)
{
  const guint64 one = 1;

  g_assert_cmpint (write (gate_fd, &one, sizeof one), ==, sizeof one);
}

static void
test_room (Fixture *fixture, gconstpointer data)
{
  struct statvfs own;
  OrfRoomState state;

  g_assert_false (orf_room_take (fixture->room, &state));
  g_assert_true (orf_room_ask (fixture->room));
  wait_for (fixture, 1);
  g_assert_true (orf_room_take (fixture->room, &state));
  g_assert_cmpint (statvfs ("/", &own), ==, 0);
  g_assert_cmpfloat (state.total_bytes, ==, (double) own.f_blocks * (double) own.f_frsize);
  g_assert_cmpfloat (state.used_bytes + state.free_bytes, <=, state.total_bytes);
  g_assert_false (orf_room_take (fixture->room, &state)); /* an answer is taken once */
}

static void
test_unknown (Fixture *fixture, gconstpointer data)
{
  OrfRoomState state;

  orf_room_set_look (fixture->room, look_refused);
  g_assert_true (orf_room_ask (fixture->room));
  wait_for (fixture, 1);
  g_assert_false (orf_room_take (fixture->room, &state));
}

/* A mount that is dead, and comes back. */
static void
test_blocked (Fixture *fixture, gconstpointer data)
{
  OrfRoomState state;

  orf_room_set_look (fixture->room, look_blocked);
  g_assert_true (orf_room_ask (fixture->room));
  g_assert_false (orf_room_ask (fixture->room));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fixture->told, ==, 0);
  g_assert_false (orf_room_take (fixture->room, &state));
  open_gate ();
  wait_for (fixture, 1);
  g_assert_true (orf_room_take (fixture->room, &state));
  g_assert_true (orf_room_ask (fixture->room));
  open_gate ();
  wait_for (fixture, 2);
}

/* The end does not wait for it for ever; should it come back, nobody is told. */
static void
test_freed_while_blocked (Fixture *fixture, gconstpointer data)
{
  static OrfRoom *left;
  OrfRoomState state;

  orf_room_set_look (fixture->room, look_blocked);
  g_assert_true (orf_room_ask (fixture->room));
  left = g_steal_pointer (&fixture->room); /* static: no leak, as the process's end is none */
  orf_room_free (left);
  open_gate ();
  while (!orf_room_take (left, &state))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->told, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/room/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (room);
  ADD (unknown);
  ADD (blocked);
  ADD (freed_while_blocked);
  return g_test_run ();
}
