/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `cache bench` draws by and counts with. */
#include <math.h>

#include "orf-ctl-latencies.h"
#include "orf-ctl-zipf.h"

static void
test_latencies (void)
{
  g_autoptr (OrfCtlLatencies) latencies = orf_ctl_latencies_new ();

  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0.5), ==, -1);
  for (gint64 us = 1; us <= 1000; us++)
    orf_ctl_latencies_add (latencies, us);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0), ==, 1);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0.5), ==, 500);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0.999), ==, 999);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 1), ==, 1000);
  for (guint i = 0; i < 500; i++)
    orf_ctl_latencies_add (latencies, 7 * G_USEC_PER_SEC);
  orf_ctl_latencies_add (latencies, -1); /* a clock that was read earlier */
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0), ==, 0);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0.5), ==, 750);
  g_assert_cmpint (orf_ctl_latencies_get_us (latencies, 0.9), ==, 7 * G_USEC_PER_SEC);
  g_assert_cmpuint (orf_ctl_latencies_get_n (latencies), ==, 1501);
}

/* How often each is drawn, against what the law says. */
static void
test_zipf (void)
{
  enum { N = 50, DRAWN = 200000 };
  static const double exponents[] = { 0, 0.7, 1, 1.5 };

  for (guint e = 0; e < G_N_ELEMENTS (exponents); e++) {
    g_autoptr (OrfCtlZipf) zipf = orf_ctl_zipf_new (N, exponents[e]);
    guint counts[N] = { 0 };
    double sum = 0;

    for (guint i = 1; i <= N; i++)
      sum += pow (i, -exponents[e]);
    for (guint i = 0; i < DRAWN; i++)
      counts[orf_ctl_zipf_draw (zipf, (i + 0.5) / DRAWN)]++;
    for (guint i = 0; i < N; i++)
      g_assert_cmpfloat_with_epsilon (counts[i], DRAWN * pow (i + 1, -exponents[e]) / sum, 2);
    g_assert_cmpuint (orf_ctl_zipf_draw (zipf, 0), ==, 0);
    g_assert_cmpuint (orf_ctl_zipf_draw (zipf, 1 - 1e-12), ==, N - 1);
  }
}

static void
test_one_key (void)
{
  g_autoptr (OrfCtlZipf) zipf = orf_ctl_zipf_new (1, 1);

  g_assert_cmpuint (orf_ctl_zipf_draw (zipf, 0.999), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl-cache-load/latencies", test_latencies);
  g_test_add_func ("/ctl-cache-load/zipf", test_zipf);
  g_test_add_func ("/ctl-cache-load/one-key", test_one_key);
  return g_test_run ();
}
