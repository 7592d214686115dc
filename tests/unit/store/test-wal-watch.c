/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-wal-watch.h"

/* As Linux 6.1 writes it: of other files, other kinds, of who waits (->), and of the file's writer.
 */
static const char locks[] = "1: POSIX  ADVISORY  WRITE 900 fe:01:77 120 120\n"
                            "1: -> POSIX  ADVISORY  READ 901 fe:01:77 123 123\n"
                            "2: POSIX  ADVISORY  READ 902 fe:01:78 124 124\n"
                            "3: FLOCK  ADVISORY  WRITE 903 00:19:77 0 EOF\n"
                            "4: OFDLCK ADVISORY  READ -1 fe:01:77 124 124\n"
                            "5: POSIX  ADVISORY  READ 904 fe:01:77 0 EOF\n"
                            "6: POSIX  ADVISORY  READ 10 fe:01:77 124 124\n"
                            "7: POSIX  ADVISORY  READ 4711 fe:01:77 127 127\n";

static void
test_find (void)
{
  g_assert_cmpint (orf_wal_locks_find (locks, 77, 10), ==, 4711);
  g_assert_cmpint (orf_wal_locks_find (locks, 77, 4711), ==, 10);
  g_assert_cmpint (orf_wal_locks_find (locks, 78, 1), ==, 902);
  g_assert_cmpint (orf_wal_locks_find (locks, 79, 1), ==, -1);
  g_assert_cmpint (orf_wal_locks_find ("", 77, 1), ==, -1);
  g_assert_cmpint (orf_wal_locks_find ("\n\n1: POSIX", 77, 1), ==, -1);
}

/* A cut that just began may be a reader of the daemon's own. */
static void
test_new (void)
{
  OrfWalWatch *watch = orf_wal_watch_new ("/nowhere/orfeas.db");
  OrfWalReader reader;

  orf_wal_watch_look (watch, TRUE, &reader);
  g_assert_cmpint (reader.since_us, ==, 0);
  orf_wal_watch_look (watch, FALSE, &reader);
  g_assert_cmpint (reader.held_us, ==, 0);
  g_assert_cmpint (reader.pid, ==, -1);
  orf_wal_watch_free (watch);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wal-watch/find", test_find);
  g_test_add_func ("/wal-watch/new", test_new);
  return g_test_run ();
}
