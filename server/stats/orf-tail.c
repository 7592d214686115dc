/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-tail.h"

#include <math.h>
#include <string.h>

#define BINS ORF_TAIL_BINS
/* When there are so many, each is halved: half a day of a row a second has half the weight of what
 * came after it. */
#define MAX_COUNT 16000
/* With fewer nothing is rare. */
#define MIN_COUNT 50
/* The tail begins where about so many of all are above. */
#define TAIL_SHARE .02
/* The prior of the tail's shape, the mean log of how far scores go beyond its beginning, and how
 * many scores it weighs. */
#define PRIOR_SHAPE  .4
#define PRIOR_WEIGHT 10
/* What never came has come half a time: once in 2 n. */
#define UNSEEN .5f
/* The tail is fitted anew after so many; at first more often. */
#define FIT_EVERY       64
#define FIT_EVERY_EARLY 16
#define EARLY           512

/* Of a float's bits, the exponent and the first digit of the fraction number half octaves. */
#define BIN_SHIFT 22
#define BIN_ONE   (2 * 127 - 1) /* 1.0 begins bin 1 */

static float
get_edge (guint bin)
{
  guint32 bits = (guint32) (bin + BIN_ONE) << BIN_SHIFT;
  float edge;

  memcpy (&edge, &bits, sizeof edge);
  return edge;
}

static guint
find_bin (float score)
{
  guint32 bits;

  if (!(score >= 1))
    return 0;
  memcpy (&bits, &score, sizeof bits);
  return MIN ((bits >> BIN_SHIFT) - BIN_ONE, BINS - 1u);
}

static void
fit (OrfTail *tail)
{
  float wanted = (float) (TAIL_SHARE * tail->n) + 1;
  double beyond = PRIOR_WEIGHT * PRIOR_SHAPE;
  guint above = 0, bin = BINS;
  double from;

  while (bin > 1 && (float) above < wanted)
    above += tail->counts[--bin];
  tail->from = get_edge (bin);
  from = log ((double) tail->from);
  for (guint i = bin; i < BINS; i++)
    if (tail->counts[i] > 0)
      beyond += tail->counts[i] * (log ((double) (get_edge (i) + get_edge (i + 1)) / 2) - from);
  tail->shape = (float) (beyond / (above + PRIOR_WEIGHT));
  tail->rarity = log10f (((float) tail->n + 1) / ((float) above + UNSEEN));
}

static void
halve (OrfTail *tail)
{
  tail->n = 0;
  for (guint i = 0; i < BINS; i++) {
    /* what came once is not forgotten by halving alone */
    tail->counts[i] = (guint16) (tail->counts[i] - tail->counts[i] / 2);
    tail->n = (guint16) (tail->n + tail->counts[i]);
  }
}

void
orf_tail_push (OrfTail *tail, float score)
{
  tail->counts[find_bin (score)]++;
  if (++tail->n >= MAX_COUNT)
    halve (tail);
  if (++tail->n_since < (tail->n < EARLY ? FIT_EVERY_EARLY : FIT_EVERY))
    return;
  tail->n_since = 0;
  fit (tail);
}

/* By the count of what was as high; where nothing was, by how far it is beyond the highest. */
static float
count (const OrfTail *tail, float score)
{
  guint bin = find_bin (score), top = BINS - 1, above = 0;
  float low = get_edge (bin), n = (float) tail->n + 1, inside, beyond;

  while (top > 0 && tail->counts[top] == 0)
    top--;
  for (guint i = bin + 1; i <= top; i++)
    above += tail->counts[i];
  if (top >= bin) {
    inside = bin == BINS - 1 ? 0 : (score - low) / (get_edge (bin + 1) - low);
    return log10f (n / ((float) above + (float) tail->counts[bin] * (1 - inside) + UNSEEN));
  }
  /* n scores do not tell of more than n * n */
  beyond = log10f (fmaxf (1, score / get_edge (top + 1))) / tail->shape;
  return log10f (n / UNSEEN) + fminf (beyond, log10f (n));
}

float
orf_tail_judge (const OrfTail *tail, float score)
{
  if (tail->n < MIN_COUNT || !(score >= tail->from))
    return 0;
  score = fminf (score, get_edge (BINS));
  return fmaxf (0, fminf (tail->rarity + log10f (score / tail->from) / tail->shape,
                          count (tail, score)));
}

gboolean
orf_tail_is_valid (const OrfTail *tail)
{
  guint n = 0;

  for (guint i = 0; i < BINS; i++)
    n += tail->counts[i];
  return n == tail->n && n < MAX_COUNT &&
         (n < MIN_COUNT || (tail->from >= 1 && tail->shape > 0 && isfinite (tail->rarity)));
}
