/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-traffic-total.h"

static void
see (OrfTrafficTotal *total, const char *name, guint64 in_bytes, guint64 out_bytes)
{
  orf_traffic_total_see (total, name, &(OrfTraffic){ in_bytes, out_bytes });
}

static void
expect (OrfTrafficTotal *total, guint64 in_bytes, guint64 out_bytes)
{
  OrfTraffic sum = orf_traffic_total_settle (total);

  g_assert_cmpuint (sum.in_bytes, ==, in_bytes);
  g_assert_cmpuint (sum.out_bytes, ==, out_bytes);
}

static void
test_sum (void)
{
  g_autoptr (OrfTrafficTotal) total = orf_traffic_total_new ();

  expect (total, 0, 0);
  see (total, "a", 100, 10);
  see (total, "b", 200, 20);
  expect (total, 300, 30); /* since boot, as the devices count */
  see (total, "a", 101, 10);
  see (total, "b", 200, 25);
  expect (total, 301, 35);
}

static void
test_devices_come_and_go (void)
{
  g_autoptr (OrfTrafficTotal) total = orf_traffic_total_new ();

  see (total, "a", 100, 10);
  see (total, "b", 200, 20);
  expect (total, 300, 30);
  see (total, "a", 105, 10);
  expect (total, 305, 30); /* b is gone, what it moved is not */
  see (total, "a", 105, 10);
  see (total, "b", 250, 1);
  expect (total, 555, 31); /* b came anew */
  see (total, "a", 3, 10); /* began anew between two looks */
  see (total, "b", 250, 1);
  expect (total, 558, 31);
}

static void
test_a_cut_text_counts_for_nothing (void)
{
  g_autoptr (OrfTrafficTotal) total = orf_traffic_total_new ();

  see (total, "a", 100, 10);
  see (total, "b", 200, 20);
  expect (total, 300, 30);
  see (total, "a", 999, 999);
  orf_traffic_total_forget (total);
  see (total, "a", 101, 10);
  see (total, "b", 201, 20);
  expect (total, 302, 30);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/traffic-total/sum", test_sum);
  g_test_add_func ("/traffic-total/devices_come_and_go", test_devices_come_and_go);
  g_test_add_func ("/traffic-total/a_cut_text", test_a_cut_text_counts_for_nothing);
  return g_test_run ();
}
