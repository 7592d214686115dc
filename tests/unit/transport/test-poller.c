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
  for (guint n_idle = 0; n_idle < 8;) /* more than it rests at a time */
    n_idle = g_main_context_iteration (NULL, FALSE) ? 0 : n_idle + 1;
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

typedef struct {
  OrfWatch *watch;
  GString *order; /* of all, by name */
  char name;
  guint n_yields;
  int fds[2];
} Named;

static void
named_cb (gpointer user_data, OrfPollEvents events G_GNUC_UNUSED)
{
  Named *named = user_data;

  g_string_append_c (named->order, named->name);
  if (named->n_yields > 0) {
    named->n_yields--;
    orf_watch_yield (named->watch, ORF_POLL_IN);
  }
}

static void
begin_named (Fixture *fixture, Named *named, GString *order, char name, guint n_yields)
{
  *named = (Named){ .order = order, .name = name, .n_yields = n_yields };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, named->fds),
                   ==, 0);
  named->watch = orf_poller_add (fixture->poller, named->fds[0], named_cb, named, NULL);
}

static void
end_named (Named *named)
{
  orf_watch_free (named->watch);
  close (named->fds[0]);
  close (named->fds[1]);
}

/* Until it has called one more at least. */
static void
one_turn (GString *order)
{
  gsize before = order->len;

  while (order->len == before)
    g_main_context_iteration (NULL, FALSE);
}

/* Who yields is called with a few others a turn; who comes anew at once, and before them. */
static void
test_yield (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) order = g_string_new (NULL);
  Named many[6], other;

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    begin_named (fixture, &many[i], order, (char) ('a' + i), 2);
  one_turn (order);
  g_assert_cmpstr (order->str, ==, "abcdef");
  begin_named (fixture, &other, order, 'x', 0);
  one_turn (order);
  g_assert_cmpstr (order->str, ==, "abcdefxabcd");
  one_turn (order);
  g_assert_cmpstr (order->str, ==, "abcdefxabcdefab");
  turn (fixture);
  g_assert_cmpstr (order->str, ==, "abcdefxabcdefabcdef");
  end_named (&other);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    end_named (&many[i]);
}

/* How many of the loop's turns go by between a turn of many and the next one. */
static guint
count_rests (Fixture *fixture)
{
  g_autoptr (GString) order = g_string_new (NULL);
  guint n_rests = 0;
  Named many[4], other;

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    begin_named (fixture, &many[i], order, 'a', 0);
  one_turn (order);
  g_assert_cmpstr (order->str, ==, "aaaa");
  begin_named (fixture, &other, order, 'x', 0);
  while (!g_main_context_iteration (NULL, TRUE)) /* which does not wait for anything */
    n_rests++;
  g_assert_cmpstr (order->str, ==, "aaaax");
  end_named (&other);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    end_named (&many[i]);
  turn (fixture);
  return n_rests;
}

/* What a turn of many began is done before the next one, which is not put off for long. */
static void
test_rests (Fixture *fixture, gconstpointer data)
{
  guint most = 0;

  g_assert_cmpuint (count_rests (fixture), ==, 0);
  orf_poller_rest (fixture->poller);
  for (guint i = 0; i < 10000 && most < 4; i++) { /* a machine that has others to do has fewer */
    guint n_rests = count_rests (fixture);

    g_assert_cmpuint (n_rests, <=, 4);
    most = MAX (most, n_rests);
  }
  g_assert_cmpuint (most, >, 0);
}

static void
test_free_yielding (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) order = g_string_new (NULL);
  Named many[6];

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    begin_named (fixture, &many[i], order, (char) ('a' + i), 1);
  one_turn (order);
  end_named (&many[5]); /* not in the next turn */
  end_named (&many[1]); /* in it */
  turn (fixture);
  g_assert_cmpstr (order->str, ==, "abcdefacde");
  end_named (&many[0]);
  for (guint i = 2; i < 5; i++)
    end_named (&many[i]);
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
  ADD ("yield", test_yield);
  ADD ("rests", test_rests);
  ADD ("free-yielding", test_free_yielding);
  ADD ("plain-file", test_plain_file);
  ADD ("bad-descriptor", test_bad_descriptor);
  return g_test_run ();
}
