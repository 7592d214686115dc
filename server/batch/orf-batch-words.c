/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-words.h"

#define ITEMS G_GINT64_FORMAT
/* Of the budget, expected at what is recommended: a law's own noise costs some percent. */
#define MUCH_LESS 0.75

static void
append_seen (GString *text, const OrfBatchAdvice *advice)
{
  if (advice->observations == 0)
    g_string_append (text, "no batch was reported with its peak");
  else if (advice->explored_min == advice->explored_max)
    g_string_append_printf (text, "%" ITEMS " batches, all of %" ITEMS " items",
                            advice->observations, advice->explored_max);
  else
    g_string_append_printf (text, "%" ITEMS " batches of %" ITEMS " to %" ITEMS " items",
                            advice->observations, advice->explored_min, advice->explored_max);
}

static void
append_law (GString *text, const OrfBatchAdvice *advice)
{
  g_autofree char *law = orf_batch_law_dup_text (&advice->law);

  g_string_append_printf (text, " fit a law that is %s", law);
}

/* Which range was never seen. */
static void
append_beyond (GString *text, const OrfBatchAdvice *advice)
{
  if (advice->recommended > advice->explored_max)
    g_string_append_printf (text, "; beyond %" ITEMS " none was seen", advice->explored_max);
}

/* Where that law alone would allow far more, the others are why not: else nobody could follow. */
static gboolean
is_held_by_others (const OrfBatchAdvice *advice, gint64 budget_bytes)
{
  return advice->limit > advice->explored_max && advice->peak_bytes >= 0 &&
         (double) advice->peak_bytes < MUCH_LESS * (double) budget_bytes;
}

static void
append_model (GString *text,
              const OrfBatchAdvice *advice,
              gint64 budget_bytes,
              double headroom_percent)
{
  append_law (text, advice);
  g_string_append_printf (text, "; up to %" ITEMS " of them leave %g %% of the device free",
                          advice->limit, headroom_percent);
  if (is_held_by_others (advice, budget_bytes))
    g_string_append (text, " by other laws too, which fit nearly as well");
  append_beyond (text, advice);
}

char *
orf_batch_words_explain (const OrfBatchAdvice *advice,
                         gint64 budget_bytes,
                         double headroom_percent,
                         gint64 p99_us)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_seen (text, advice);
  switch (advice->reason) {
  case ORF_BATCH_REASON_MODEL:
    append_model (text, advice, budget_bytes, headroom_percent);
    break;
  case ORF_BATCH_REASON_ONE_SIZE:
    g_string_append (text, ": that size fits, of others nothing is known");
    break;
  case ORF_BATCH_REASON_TWO_SIZES:
    g_string_append (text, ": a line through two sizes is not trusted beyond them");
    break;
  case ORF_BATCH_REASON_NOT_BOUND:
    g_string_append (text, ": memory does not grow with them so that it shows; beyond the largest "
                           "nothing is known");
    break;
  case ORF_BATCH_REASON_FAR:
    append_law (text, advice);
    g_string_append (text, "; by that more than 64 times the largest of them fit, which is farther "
                           "than it is trusted");
    break;
  case ORF_BATCH_REASON_LATENCY:
    append_law (text, advice);
    g_string_append_printf (text, "; %" ITEMS " µs for 99 of 100 allow less than memory", p99_us);
    append_beyond (text, advice);
    break;
  case ORF_BATCH_REASON_NOTHING:
    append_law (text, advice);
    g_string_append_printf (text, "; not even one item leaves %g %% of the device free",
                            headroom_percent);
    break;
  case ORF_BATCH_REASON_TOO_SLOW:
    g_string_append_printf (text,
                            ": one item takes longer than %" ITEMS " µs in more than 1 of 100",
                            p99_us);
    break;
  case ORF_BATCH_REASON_NO_LATENCY:
    g_string_append (text, ": too few of them tell how long they took");
    break;
  case ORF_BATCH_REASON_TOO_LITTLE:
  default:
    if (advice->observations > 0)
      g_string_append (text, ": too little to tell");
    break;
  }

  return g_string_free (g_steal_pointer (&text), FALSE);
}
