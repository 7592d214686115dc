/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-trace-id.h"

static void
test_both_ways (void)
{
  guint8 id[8];
  g_autofree char *text = NULL;

  g_assert_true (orf_trace_id_parse ("00f067AA0ba902b7", id, sizeof id));
  g_assert_cmpint (id[1], ==, 0xf0);
  g_assert_cmpint (id[7], ==, 0xb7);
  text = orf_trace_id_format (id, sizeof id);
  g_assert_cmpstr (text, ==, "00f067aa0ba902b7");
}

static void
test_wrong (void)
{
  static const char *const wrong[] = {
    "",
    "00f067aa0ba902b",
    "00f067aa0ba902b77",
    "00f067aa0ba902bg",
    "0000000000000000",
    " 0f067aa0ba902b7",
  };
  guint8 id[8];

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (orf_trace_id_parse (wrong[i], id, sizeof id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/traces/id/both-ways", test_both_ways);
  g_test_add_func ("/traces/id/wrong", test_wrong);
  return g_test_run ();
}
