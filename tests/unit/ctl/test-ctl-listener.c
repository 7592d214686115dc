/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-listener.h"

#define HEAD                                                                                       \
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "    \
  "inode\n"
/* 127.0.0.1:5000 of user 1000; a connection to 6000; [::1]:5000 of 1001; 0.0.0.0:80 of root */
#define OURS                                                                                       \
  "   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 "  \
  "1 0\n"
#define CONNECTED                                                                                  \
  "   1: 0100007F:1770 0100007F:9999 01 00000000:00000000 02:000A5C0D 00000000  1000        0 2 "  \
  "1 0\n"
#define ROOTS                                                                                      \
  "  12: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 "  \
  "1 0\n"
#define THEIRS                                                                                     \
  "   0: 00000000000000000000000001000000:1388 00000000000000000000000000000000:0000 0A "          \
  "00000000:00000000 00:00000000 00000000  1001        0 4 1 0\n"

static void
test_read (void)
{
  static const char ours[] = HEAD OURS CONNECTED ROOTS, theirs[] = HEAD THEIRS;

  g_assert_true (orf_ctl_listener_read (ours, NULL, 5000, 1000));
  g_assert_true (orf_ctl_listener_read (ours, HEAD, 80, 1000));
  g_assert_false (orf_ctl_listener_read (ours, NULL, 5000, 1001));
  g_assert_false (orf_ctl_listener_read (ours, NULL, 6000, 1000));
  g_assert_false (orf_ctl_listener_read (ours, NULL, 5001, 1000));
  /* one of the two would be connected to, and nobody says which */
  g_assert_false (orf_ctl_listener_read (ours, theirs, 5000, 1000));
  g_assert_true (orf_ctl_listener_read (NULL, theirs, 5000, 1001));
  g_assert_false (orf_ctl_listener_read (NULL, NULL, 5000, 1000));
  g_assert_false (orf_ctl_listener_read ("nonsense\n: : :\n", "\n", 5000, 1000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/listener/read", test_read);
  return g_test_run ();
}
