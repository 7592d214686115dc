/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-format.h"

static void
assert_taken (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_bytes (void)
{
  assert_taken (orf_ctl_format_bytes (0), "0 B");
  assert_taken (orf_ctl_format_bytes (999), "999 B");
  /* never "1000 B": it would be a digit wider than its neighbours */
  assert_taken (orf_ctl_format_bytes (1000), "0.98 KiB");
  assert_taken (orf_ctl_format_bytes (1024), "1.00 KiB");
  assert_taken (orf_ctl_format_bytes (118784), "116 KiB");
  assert_taken (orf_ctl_format_bytes (3450000000.0), "3.21 GiB");
  assert_taken (orf_ctl_format_bytes (-2048), "-2.00 KiB");
  assert_taken (orf_ctl_format_bytes (9e15), "7.99 PiB");
  g_assert_null (orf_ctl_format_bytes (NAN));
}

static void
test_bytes_pair (void)
{
  assert_taken (orf_ctl_format_bytes_pair (3450000000.0, 16777216000.0), "3.21 of 15.6 GiB");
  assert_taken (orf_ctl_format_bytes_pair (0, 16777216000.0), "0 of 15.6 GiB");
  assert_taken (orf_ctl_format_bytes_pair (NAN, 16777216000.0), "? of 15.6 GiB");
  assert_taken (orf_ctl_format_bytes_pair (2048, NAN), "2.00 KiB");
  g_assert_null (orf_ctl_format_bytes_pair (NAN, NAN));
}

static void
test_durations (void)
{
  assert_taken (orf_ctl_format_duration_us (850, TRUE), "850 µs");
  assert_taken (orf_ctl_format_duration_us (850, FALSE), "850 us");
  assert_taken (orf_ctl_format_duration_us (12500, TRUE), "12.5 ms");
  assert_taken (orf_ctl_format_duration_us (3200000, TRUE), "3.20 s");
  assert_taken (orf_ctl_format_duration_us (250e6, TRUE), "4m 10s");
  assert_taken (orf_ctl_format_duration_us (300e6, TRUE), "5m");
  assert_taken (orf_ctl_format_duration_us (7500e6, TRUE), "2h 05m");
  assert_taken (orf_ctl_format_duration_us (93784e6, TRUE), "1d 02h");
  assert_taken (orf_ctl_format_duration_us (172800e6, TRUE), "2d");
  assert_taken (orf_ctl_format_duration_us (-1500, TRUE), "-1.50 ms");
  g_assert_null (orf_ctl_format_duration_us (NAN, TRUE));
}

static void
test_ages (void)
{
  assert_taken (orf_ctl_format_age_us (12000, TRUE), "just now");
  assert_taken (orf_ctl_format_age_us (413000, TRUE), "0.4 s ago");
  assert_taken (orf_ctl_format_age_us (12300000, TRUE), "12 s ago");
  assert_taken (orf_ctl_format_age_us (300e6, TRUE), "5m ago");
  g_assert_null (orf_ctl_format_age_us (NAN, TRUE));
}

static void
test_numbers (void)
{
  assert_taken (orf_ctl_format_number (0), "0");
  assert_taken (orf_ctl_format_number (123456), "123456");
  assert_taken (orf_ctl_format_number (1234567), "1.23M");
  assert_taken (orf_ctl_format_number (1234.5), "1.23k");
  assert_taken (orf_ctl_format_number (0.5), "0.50");
  assert_taken (orf_ctl_format_number (0.00012345), "0.000123");
  assert_taken (orf_ctl_format_number (INFINITY), "inf");
  assert_taken (orf_ctl_format_percent (0), "0 %");
  assert_taken (orf_ctl_format_percent (0.34), "0.3 %");
  assert_taken (orf_ctl_format_percent (92.7), "93 %");
  g_assert_null (orf_ctl_format_number (NAN));
  g_assert_null (orf_ctl_format_percent (NAN));
}

static void
test_exact (void)
{
  static const double values[] = {
    0.1, 1.0 / 3, 1e300, 5e-324, -2.5, 43.32647885529859, 9007199254740991.0
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autofree char *text = orf_ctl_format_exact (values[i]);

    g_assert_cmpfloat (g_ascii_strtod (text, NULL), ==, values[i]);
  }
  assert_taken (orf_ctl_format_exact (0.1), "0.1");
  assert_taken (orf_ctl_format_exact (3450000000.0), "3450000000");
  g_assert_null (orf_ctl_format_exact (NAN));
}

static void
test_metrics (void)
{
  assert_taken (orf_ctl_format_metric ("gpu.memory.used_bytes", 1073741824, TRUE), "1.00 GiB");
  assert_taken (orf_ctl_format_metric ("gpu.memory.used_percent", 50, TRUE), "50 %");
  assert_taken (orf_ctl_format_metric ("db.written_bytes_per_s", 2048, TRUE), "2.00 KiB/s");
  assert_taken (orf_ctl_format_metric ("gpu.temperature_c", 71.2, TRUE), "71.2 °C");
  assert_taken (orf_ctl_format_metric ("gpu.temperature_c", 71.2, FALSE), "71.2 C");
  assert_taken (orf_ctl_format_metric ("gpu.power_w", 612.25, TRUE), "612 W");
  assert_taken (orf_ctl_format_metric ("rpc.call_us", 1500, TRUE), "1.50 ms");
  assert_taken (orf_ctl_format_metric ("queue.depth", 12, TRUE), "12");
  g_assert_null (orf_ctl_format_metric ("queue.depth", NAN, TRUE));
}

static void
test_times (void)
{
  assert_taken (orf_ctl_format_time_utc (1760000000125000), "2025-10-09T08:53:20.125000Z");
  assert_taken (orf_ctl_format_time_utc (-1), "1969-12-31T23:59:59.999999Z");
  assert_taken (orf_ctl_format_time (1760000000125000, TRUE), "2025-10-09 08:53:20.125Z");
  /* TZ=Etc/GMT-3 is UTC+3 */
  assert_taken (orf_ctl_format_time (1760000000000000, FALSE), "2025-10-09 11:53:20");
  assert_taken (orf_ctl_format_clock (1760000000000000, FALSE), "11:53:20");
  /* no calendar reaches that far */
  assert_taken (orf_ctl_format_time (G_MAXINT64, TRUE), "9223372036854775807");
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "Etc/GMT-3", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/format/bytes", test_bytes);
  g_test_add_func ("/ctl/format/bytes-pair", test_bytes_pair);
  g_test_add_func ("/ctl/format/durations", test_durations);
  g_test_add_func ("/ctl/format/ages", test_ages);
  g_test_add_func ("/ctl/format/numbers", test_numbers);
  g_test_add_func ("/ctl/format/exact", test_exact);
  g_test_add_func ("/ctl/format/metrics", test_metrics);
  g_test_add_func ("/ctl/format/times", test_times);
  return g_test_run ();
}
