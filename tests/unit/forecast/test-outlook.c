/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-outlook.h"

static void
test_words (void)
{
  g_assert_cmpstr (orf_regime_get_word (ORF_REGIME_UNKNOWN), ==, "unknown");
  g_assert_cmpstr (orf_regime_get_word (ORF_REGIME_QUIET), ==, "quiet");
  g_assert_cmpstr (orf_regime_get_word (ORF_REGIME_STEPWISE), ==, "stepwise");
  g_assert_cmpstr (orf_regime_get_word (ORF_REGIME_SPIKY), ==, "spiky");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outlook/words", test_words);
  return g_test_run ();
}
