/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-fd.h"

static const char TEXT[1 << 20] = "more than a socket takes at once";

static void
open_pair (int pair[2], int flags)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, pair), ==, 0);
}

static void
close_pair (int pair[2])
{
  close (pair[0]);
  close (pair[1]);
}

static void
test_send_some (void)
{
  static char buffer[sizeof TEXT];
  gsize n_sent = 0, n_read = 0, before;
  gboolean more;
  int pair[2];

  open_pair (pair, SOCK_NONBLOCK);
  do { /* until it takes no more */
    before = n_sent;
    more = orf_fd_send_some (pair[0], TEXT, sizeof TEXT, &n_sent);
  } while (n_sent > before);
  g_assert_true (more);
  g_assert_cmpuint (n_sent, >, 0);
  g_assert_cmpuint (n_sent, <, sizeof TEXT);
  while (n_read < sizeof TEXT) {
    gssize n = read (pair[1], buffer + n_read, sizeof TEXT - n_read);

    n_read += (gsize) MAX (n, 0);
    if (more)
      more = orf_fd_send_some (pair[0], TEXT, sizeof TEXT, &n_sent);
  }
  g_assert_false (more);
  g_assert_cmpmem (buffer, sizeof TEXT, TEXT, sizeof TEXT);
  close_pair (pair);
}

static void
test_send_to_nobody (void)
{
  gsize n_sent = 0;
  int pair[2];

  open_pair (pair, SOCK_NONBLOCK);
  close (pair[1]);
  g_assert_false (orf_fd_send_some (pair[0], TEXT, sizeof TEXT, &n_sent));
  g_assert_cmpuint (n_sent, ==, 0);
  close (pair[0]);
}

static void
test_line (void)
{
  g_autoptr (GString) line = g_string_new (NULL);
  int pair[2];

  open_pair (pair, 0);
  g_assert_true (orf_fd_write_all (pair[0], "one\n", 4));
  g_assert_true (orf_fd_read_line (pair[1], line, 100));
  g_assert_cmpstr (line->str, ==, "one");
  g_string_truncate (line, 0);
  g_assert_true (orf_fd_write_all (pair[0], "endless", 7));
  g_assert_false (orf_fd_read_line (pair[1], line, 7));
  g_string_truncate (line, 0);
  g_assert_true (orf_fd_write_all (pair[0], "cut", 3));
  shutdown (pair[0], SHUT_WR);
  g_assert_false (orf_fd_read_line (pair[1], line, 100));
  close_pair (pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fd/send-some", test_send_some);
  g_test_add_func ("/fd/send-to-nobody", test_send_to_nobody);
  g_test_add_func ("/fd/line", test_line);
  return g_test_run ();
}
