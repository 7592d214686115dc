/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-words.h"

#define MIB ((gint64) 1024 * 1024)

static OrfBatchAdvice
make_advice (gint64 limit, gint64 peak_bytes)
{
  return (OrfBatchAdvice){ .reason = ORF_BATCH_REASON_MODEL,
                           .law = { .shape = ORF_BATCH_SHAPE_LINEAR, .padding = 1 },
                           .law_known = TRUE,
                           .recommended = limit,
                           .limit = limit,
                           .peak_bytes = peak_bytes,
                           .p99_us = -1,
                           .observations = 50,
                           .explored_min = 1,
                           .explored_max = 8 };
}

/* A law that fills the budget explains itself; one that would leave most of it does not. */
static void
test_held_by_others (void)
{
  OrfBatchAdvice near = make_advice (100, 900 * MIB), far = make_advice (100, 300 * MIB);
  OrfBatchAdvice seen = make_advice (8, 300 * MIB);
  g_autofree char *plain = orf_batch_words_explain (&near, 1000 * MIB, 10, 0);
  g_autofree char *held = orf_batch_words_explain (&far, 1000 * MIB, 10, 0);
  g_autofree char *within = orf_batch_words_explain (&seen, 1000 * MIB, 10, 0);

  g_assert_cmpstr (plain, ==,
                   "50 batches of 1 to 8 items fit a law that is linear; up to 100 of them leave "
                   "10 % of the device free; beyond 8 none was seen");
  g_assert_cmpstr (held, ==,
                   "50 batches of 1 to 8 items fit a law that is linear; up to 100 of them leave "
                   "10 % of the device free by other laws too, which fit nearly as well; beyond 8 "
                   "none was seen");
  g_assert_cmpstr (within, ==,
                   "50 batches of 1 to 8 items fit a law that is linear; up to 8 of them leave "
                   "10 % of the device free");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batch-words/held-by-others", test_held_by_others);
  return g_test_run ();
}
