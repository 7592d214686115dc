/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "transport/orf-poller.h"

typedef struct {
  OrfPoller *poller;
  OrfWatch *watch;
  OrfWatch *victim; /* freed by the first call */
  int fds[2];
  guint n_calls;
  guint n_again; /* how often to ask for another turn */
  OrfPollEvents events;
} Fixture;

static void
setup (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->poller = orf_poller_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                               fixture->fds),
                   ==, 0);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->watch, orf_watch_free);
  orf_poller_free (fixture->poller);
  close (fixture->fds[0]);
  if (fixture->fds[1] >= 0)
    close (fixture->fds[1]);
}

static void
count_cb (gpointer user_data, OrfPollEvents events)
{
  Fixture *fixture = user_data;

  fixture->n_calls++;
  fixture->events |= events;
  g_clear_pointer (&fixture->victim, orf_watch_free);
  if (fixture->n_again > 0) {
    fixture->n_again--;
    orf_watch_again (fixture->watch, ORF_POLL_IN);
  }
}

static void
turn (Fixture *fixture)
{
  fixture->events = 0;
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
add (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->watch = orf_poller_add (fixture->poller, fixture->fds[0], count_cb, fixture, &error);
  g_assert_no_error (error);
}

static void
test_edges (Fixture *fixture, gconstpointer data)
{
  char buffer[8];

  add (fixture);
  turn (fixture);
  g_assert_cmpuint (fixture->events, ==, ORF_POLL_OUT);

  g_assert_cmpint (write (fixture->fds[1], "ab", 2), ==, 2);
  turn (fixture);
  g_assert_cmpuint (fixture->events & ORF_POLL_IN, ==, ORF_POLL_IN);
  fixture->n_calls = 0;
  turn (fixture);
  g_assert_cmpuint (fixture->n_calls, ==, 0); /* an edge is told once */

  g_assert_cmpint (read (fixture->fds[0], buffer, sizeof buffer), ==, 2);
  shutdown (fixture->fds[1], SHUT_WR);
  turn (fixture);
  g_assert_cmpuint (fixture->events, ==, ORF_POLL_IN | ORF_POLL_OUT | ORF_POLL_END);
  close (fixture->fds[1]);
  fixture->fds[1] = -1;
  turn (fixture);
  g_assert_cmpuint (fixture->events, ==, ORF_POLL_IN | ORF_POLL_OUT | ORF_POLL_HUP | ORF_POLL_END);
}

static void
test_again (Fixture *fixture, gconstpointer data)
{
  add (fixture);
  turn (fixture);
  fixture->n_calls = 0;
  fixture->n_again = 3;
  orf_watch_again (fixture->watch, ORF_POLL_IN);
  g_assert_cmpuint (fixture->n_calls, ==, 0); /* never from inside */
  turn (fixture);
  g_assert_cmpuint (fixture->n_calls, ==, 4);
}

static void
test_free_during_dispatch (Fixture *fixture, gconstpointer data)
{
  int others[2];
  Fixture other = { .n_calls = 0 };

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), ==,
                   0);
  add (fixture);
  fixture->victim = orf_poller_add (fixture->poller, others[0], count_cb, &other, NULL);
  /* both are ready in one turn, in the order in which they were added */
  turn (fixture);
  g_assert_null (fixture->victim);
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  g_assert_cmpuint (other.n_calls, ==, 0);
  close (others[0]);
  close (others[1]);
}

static void
test_free_while_queued (Fixture *fixture, gconstpointer data)
{
  add (fixture);
  turn (fixture);
  fixture->n_calls = 0;
  orf_watch_again (fixture->watch, ORF_POLL_IN);
  g_clear_pointer (&fixture->watch, orf_watch_free);
  turn (fixture);
  g_assert_cmpuint (fixture->n_calls, ==, 0);
}

static void
test_plain_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("orf-poller-XXXXXX", &path, NULL);

  fixture->watch = orf_poller_add (fixture->poller, fd, count_cb, fixture, NULL);
  g_assert_nonnull (fixture->watch);
  turn (fixture);
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  orf_watch_again (fixture->watch, ORF_POLL_IN);
  turn (fixture);
  g_assert_cmpuint (fixture->n_calls, ==, 2);
  g_clear_pointer (&fixture->watch, orf_watch_free);
  close (fd);
  g_unlink (path);
}

static void
test_bad_descriptor (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_poller_add (fixture->poller, -1, count_cb, fixture, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/poller/" path, Fixture, NULL, setup, func, teardown)
  ADD ("edges", test_edges);
  ADD ("again", test_again);
  ADD ("free-during-dispatch", test_free_during_dispatch);
  ADD ("free-while-queued", test_free_while_queued);
  ADD ("plain-file", test_plain_file);
  ADD ("bad-descriptor", test_bad_descriptor);
  return g_test_run ();
}
