/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-info.h"

#include <math.h>

#define HOUR_US (3600 * G_GINT64_CONSTANT (1000000))

typedef struct {
  OrfAnomalyKind kind;
  double value, lower, upper;
  gint64 once_in_us;
  const char *text;
} Case;

static const Case cases[] = {
  { ORF_ANOMALY_KIND_SPIKE, 9, 1, 2, HOUR_US,
    "a was 9, expected 1 to 2: the like of it comes once in 60 min" },
  { ORF_ANOMALY_KIND_DRIFT, 1.5, 1, 2, -1,
    "a was 1.5, expected 1 to 2, and moved as it does not: nothing like it has been seen" },
  { ORF_ANOMALY_KIND_SILENCE, NAN, NAN, NAN, -1,
    "a no longer comes: nothing like it has been seen" },
  { ORF_ANOMALY_KIND_PATTERN, 1, NAN, NAN, -1,
    "a took a shape that it had not taken before: nothing like it has been seen" },
  { ORF_ANOMALY_KIND_MULTIVARIATE, 1, NAN, NAN, -1,
    "a and the others of shop have values that rarely come together: nothing like it has been "
    "seen" },
  { ORF_ANOMALY_KIND_CORRELATED, 1, NAN, NAN, -1,
    "a does not move with the others of shop as it did: nothing like it has been seen" },
};

static void
test_described (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const OrfAnomalyRecord row = { .kind = cases[i].kind,
                                   .entity = (char *) "shop",
                                   .value = cases[i].value,
                                   .lower = cases[i].lower,
                                   .upper = cases[i].upper,
                                   .once_in_us = cases[i].once_in_us };
    g_autofree char *text = orf_anomaly_info_describe (&row, "a");

    g_assert_cmpstr (text, ==, cases[i].text);
  }
}

static void
test_described_with (void)
{
  char *related[] = { (char *) "b", (char *) "c", NULL };
  const OrfAnomalyRecord row = {
    .kind = ORF_ANOMALY_KIND_SILENCE, .value = NAN, .once_in_us = -1, .related = related
  };
  g_autofree char *text = orf_anomaly_info_describe (&row, "a");

  g_assert_true (g_str_has_suffix (text, "; 2 more with it, first b"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/anomaly-info/described", test_described);
  g_test_add_func ("/anomaly-info/described-with", test_described_with);
  return g_test_run ();
}
