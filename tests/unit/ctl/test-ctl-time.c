/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-time.h"

#define NOW_US G_GINT64_CONSTANT (1760000000000000)

static void
test_durations (void)
{
  static const struct {
    const char *text;
    gint64 us;
  } good[] = {
    { "5m", 300000000 },    { "90s", 90000000 },
    { "2h", 7200000000 },   { "1d", 86400000000 },
    { "1w", 604800000000 }, { "1h30m", 5400000000 },
    { "250ms", 250000 },    { "40us", 40 },
    { "40µs", 40 },         { "15", 15000000 },
    { "1.5h", 5400000000 }, { "0.5", 500000 },
    { "1m1ms", 60001000 },  { "104249d", 9007113600000000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    gint64 us = -1;

    g_assert_true (orf_ctl_parse_duration (good[i].text, &us, &error));
    g_assert_no_error (error);
    g_assert_cmpint (us, ==, good[i].us);
  }
}

static void
test_no_durations (void)
{
  static const char *const bad[] = {
    "",    "0",   "0s",  "-5m",  "5x",    "m",   "5 m", "1e3s",    ".",
    "5m3", "inf", "nan", "0x10", "1..5s", "+5m", "5mm", "200000d", "99999999999999999999999999d",
    "5m "
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    gint64 us = -7;

    g_assert_false (orf_ctl_parse_duration (bad[i], &us, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, bad[i]));
    g_assert_cmpint (us, ==, -7);
  }
}

static void
test_times (void)
{
  static const struct {
    const char *text;
    gint64 us;
  } good[] = {
    { "now", NOW_US },
    { "-10m", NOW_US - 600000000 },
    { "-3000w", 0 }, /* before all, for there is no time before 1970 */
    { "0", 0 },
    { "1760000000", NOW_US },
    { "1760000000.25", NOW_US + 250000 },
    { "1760000000000001", NOW_US + 1 },
    { "2025-10-09T08:53:20Z", NOW_US },
    { "2025-10-09T10:53:20+02:00", NOW_US },
    { "2025-10-09T08:53:20.125Z", NOW_US + 125000 },
    /* the test runs with TZ=Etc/GMT-3, which is UTC+3 */
    { "2025-10-09T11:53:20", NOW_US },
    { "2025-10-09 11:53:20", NOW_US },
    { "2025-10-09", G_GINT64_CONSTANT (1759957200000000) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    gint64 us = -1;

    g_assert_true (orf_ctl_parse_time (good[i].text, NOW_US, &us, &error));
    g_assert_no_error (error);
    g_assert_cmpint (us, ==, good[i].us);
  }
}

static void
test_no_times (void)
{
  static const char *const bad[] = { "",
                                     "soon",
                                     "-",
                                     "-0s",
                                     "10m",
                                     "1760000000000",
                                     "2025-13-01",
                                     "2025-10-9",
                                     "1e9",
                                     "99999999999999999999",
                                     "2025-10-09T25:00:00Z",
                                     "1969-12-31T23:59:59Z",
                                     "1950-01-01",
                                     "nowish" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    gint64 us = -7;

    g_assert_false (orf_ctl_parse_time (bad[i], NOW_US, &us, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpint (us, ==, -7);
  }
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "Etc/GMT-3", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/time/durations", test_durations);
  g_test_add_func ("/ctl/time/no-durations", test_no_durations);
  g_test_add_func ("/ctl/time/times", test_times);
  g_test_add_func ("/ctl/time/no-times", test_no_times);
  return g_test_run ();
}
