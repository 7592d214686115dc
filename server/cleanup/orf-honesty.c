/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-honesty.h"

/* Of an attempt's weight when the next comes: the last five are two thirds of the whole, so that a
 * worker that was mended is believed again within a few. */
#define DECAY 0.8
/* A worker begins with one attempt that kept its promise, so that one bad one does not put it
 * last for good. */
#define PRIOR_WEIGHT 1.0

void
orf_honesty_add (OrfHonesty *honesty, gboolean answered, gint64 claimed_bytes, gint64 freed_bytes)
{
  double share = 0;
  gboolean known = !answered;

  /* One that claims nothing, or cannot be measured, says nothing of its promises. */
  if (answered && claimed_bytes > 0 && freed_bytes >= 0) {
    share = CLAMP ((double) freed_bytes / (double) claimed_bytes, 0.0, 1.0);
    known = TRUE;
  }
  if (known) {
    honesty->share_weight = honesty->share_weight * DECAY + 1;
    honesty->share_sum = honesty->share_sum * DECAY + share;
  }
  if (freed_bytes >= 0) {
    honesty->freed_weight = honesty->freed_weight * DECAY + 1;
    honesty->freed_sum_bytes = honesty->freed_sum_bytes * DECAY + (double) freed_bytes;
  }
}

double
orf_honesty_get_share (const OrfHonesty *honesty)
{
  return (PRIOR_WEIGHT + honesty->share_sum) / (PRIOR_WEIGHT + honesty->share_weight);
}

gint64
orf_honesty_get_freed_bytes (const OrfHonesty *honesty)
{
  if (honesty->freed_weight <= 0)
    return -1;
  return (gint64) (honesty->freed_sum_bytes / honesty->freed_weight);
}
