/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-law.h"

G_BEGIN_DECLS

/*
 * How large a batch may be, from the batches that were run.  Pure: what was seen and the bounds in,
 * the advice out.  Takes some milliseconds for some hundred batches: off the main thread.
 */

typedef struct {
  gint64 size;        /* items, at least 1 */
  gint64 peak_bytes;  /* -1: unknown */
  gint64 duration_us; /* -1: unknown */
} OrfBatch;

typedef struct {
  gint64 budget_bytes; /* what the peak may be */
  gint64 p99_us;       /* what 99 of 100 durations keep; 0: not asked */
} OrfBatchBounds;

typedef enum {
  ORF_BATCH_REASON_MODEL,      /* as the laws say */
  ORF_BATCH_REASON_TOO_LITTLE, /* nothing is recommended: too few batches, with their peak */
  ORF_BATCH_REASON_ONE_SIZE,   /* that size fits; of others nothing is known */
  ORF_BATCH_REASON_TWO_SIZES,  /* a line through them, which is not trusted beyond them */
  ORF_BATCH_REASON_NOT_BOUND,  /* memory does not grow with what was seen: the largest of that */
  ORF_BATCH_REASON_FAR,        /* the bound is too far from what was seen: the largest of that */
  ORF_BATCH_REASON_LATENCY,    /* p99_us allows less than memory */
  ORF_BATCH_REASON_NOTHING,    /* nothing is recommended: one item is too many for memory */
  ORF_BATCH_REASON_TOO_SLOW,   /* nothing is recommended: one item takes longer than p99_us */
  ORF_BATCH_REASON_NO_LATENCY, /* nothing is recommended: too few durations for p99_us */
} OrfBatchReason;

typedef struct {
  gint64 recommended; /* 0: none */
  gint64 limit;       /* by memory alone; 0: not known */
  double confidence;  /* that recommended fits; NAN: none */
  OrfBatchReason reason;
  OrfBatchLaw law; /* the likeliest, and what it says; law_known FALSE: all NAN */
  gboolean law_known;
  double base_bytes;
  double bytes_per_item; /* from no item to the limit or, without one, the largest seen */
  double noise_percent;  /* spread of one batch, at the largest seen */
  double r2;
  gint64 peak_bytes; /* expected at recommended; -1: unknown */
  gint64 p99_us;     /* expected at recommended; -1: unknown */
  gint64 observations;
  gint64 explored_min, explored_max; /* 0: nothing seen */
} OrfBatchAdvice;

/* Below this probability nothing is recommended. */
#define ORF_BATCH_CONFIDENCE 0.96

void orf_batch_advise (const OrfBatch *batches,
                       guint n_batches,
                       const OrfBatchBounds *bounds,
                       OrfBatchAdvice *advice);

G_END_DECLS
