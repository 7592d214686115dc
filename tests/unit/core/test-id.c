/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-id.h"

static void
test_round_trip (void)
{
  static const gint64 numbers[] = { 1, 12, G_MAXINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *id = orf_id_format (ORF_ID_WORKER, numbers[i]);
    gint64 number = 0;

    g_assert_true (g_str_has_prefix (id, "w-"));
    g_assert_true (orf_id_parse (ORF_ID_WORKER, id, &number));
    g_assert_cmpint (number, ==, numbers[i]);
    g_assert_false (orf_id_parse (ORF_ID_CLEANUP, id, &number));
  }
}

/* What is not written as we do is no id, and leaves the number as it was. */
static void
test_refused (void)
{
  static const char *const texts[] = { "",     "w",    "w-",   "w-0",
                                       "w--1", "w-+1", "w-01", "w- 1",
                                       "w-1 ", "W-1",  "w1",   "w-9223372036854775808",
                                       "w-1x", "w-1.0" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    gint64 number = 7;

    g_assert_false (orf_id_parse (ORF_ID_WORKER, texts[i], &number));
    g_assert_cmpint (number, ==, 7);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/id/round-trip", test_round_trip);
  g_test_add_func ("/id/refused", test_refused);
  return g_test_run ();
}
