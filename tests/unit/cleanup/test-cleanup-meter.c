/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-meter.h"

static gint64
sum (const gint64 *pids, const gint64 *bytes, guint n)
{
  const OrfCleanupLook look = { .pids = pids, .process_bytes = bytes, .n_processes = n };

  return orf_cleanup_look_sum_processes (&look);
}

static void
test_sum (void)
{
  const gint64 pids[] = { 1, 2, 3 };

  g_assert_cmpint (sum (pids, NULL, 0), ==, 0);
  g_assert_cmpint (sum (pids, (const gint64[]){ 5, 0, 7 }, 3), ==, 12);
  g_assert_cmpint (sum (pids, (const gint64[]){ 5, -1, 7 }, 3), ==, -1);
}

/* A process may be several workers, and may say that it is as many as it likes. */
static void
test_once (void)
{
  const gint64 pids[] = { 1, 2, 1, 1 };

  g_assert_cmpint (sum (pids, (const gint64[]){ 5, 7, 5, 5 }, 4), ==, 12);
  g_assert_cmpint (sum (pids, (const gint64[]){ 5, 7, -1, 5 }, 4), ==, -1);
}

/* Whatever a probe says. */
static void
test_without_bounds (void)
{
  const gint64 most = G_GINT64_CONSTANT (1) << 53;
  gint64 pids[2000], bytes[2000];

  for (guint i = 0; i < 2000; i++) {
    pids[i] = i;
    bytes[i] = most;
  }
  g_assert_cmpint (sum (pids, bytes, 2000), ==, most);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleanup-meter/sum", test_sum);
  g_test_add_func ("/cleanup-meter/once", test_once);
  g_test_add_func ("/cleanup-meter/without-bounds", test_without_bounds);
  return g_test_run ();
}
