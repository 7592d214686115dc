/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-tail.h"
#include "stats/orf-narrow.h"

#include <math.h>
#include <string.h>

#define BINS ORF_TAIL_BINS
/* When there are so many, each is halved: of rows of a minute, what is three days old has half the
 * weight of what came after it. */
#define MAX_COUNT 8000
/* With fewer nothing is rare. */
#define MIN_COUNT 50
/* The tail begins where about so many of all are above. */
#define TAIL_SHARE .02
/* The prior of the tail's shape, the mean log of how far scores go beyond its beginning, and how
 * many scores it weighs. */
#define PRIOR_SHAPE  .4f
#define PRIOR_WEIGHT 10
/* What never came has come half a time: once in 2 n. */
#define UNSEEN .5f
/* The tail is fitted anew after so many; at first more often. */
#define FIT_EVERY       64
#define FIT_EVERY_EARLY 16
#define EARLY           512

/* Logs to base 2 are the quick ones. */
#define LOG10_OF_2 .30103f

/* Of a float's bits, the exponent and the first digit of the fraction number half octaves. */
#define BIN_SHIFT 22
#define BIN_ONE   (2 * 127) /* 1.0 begins bin 0 */

static float
get_edge (guint bin)
{
  guint32 bits = (guint32) (bin + BIN_ONE) << BIN_SHIFT;
  float edge;

  memcpy (&edge, &bits, sizeof edge);
  return edge;
}

/* size: >= 1 */
static guint
find_bin (float size)
{
  guint32 bits;

  memcpy (&bits, &size, sizeof bits);
  return MIN ((bits >> BIN_SHIFT) - BIN_ONE, BINS - 1u);
}

/* The log of where a bin begins; and of its middle, which is 1.25 or 1.75 of its octave's. */
static float
get_log_edge (guint bin)
{
  return (float) (bin / 2) * (float) G_LN2 + (bin % 2 ? .40546511f : 0);
}

static float
get_log_middle (guint bin)
{
  return (float) (bin / 2) * (float) G_LN2 + (bin % 2 ? .55961579f : .22314355f);
}

static void
fit (OrfTail *tail, guint side)
{
  float wanted = (float) (TAIL_SHARE * tail->n) + 1, beyond = 0;
  const guint16 *counts = tail->counts[side];
  guint above = 0, from = BINS;

  while (from > 0 && (float) above < wanted) {
    from--;
    if (counts[from] == 0)
      continue;
    above += counts[from];
    beyond += counts[from] * get_log_middle (from);
  }
  beyond += PRIOR_WEIGHT * PRIOR_SHAPE - (float) above * get_log_edge (from);
  tail->from[side] = (guint8) from;
  tail->shape[side] = orf_narrow_pack (beyond / ((float) above + PRIOR_WEIGHT));
}

static void
halve (OrfTail *tail)
{
  guint n_usual = tail->n, n = 0;

  for (guint side = 0; side < 2; side++)
    for (guint i = 0; i < BINS; i++) {
      guint16 *count = &tail->counts[side][i];

      n_usual -= *count;
      /* what came once is not forgotten by halving alone */
      *count = (guint16) (*count - *count / 2);
      n += *count;
    }
  tail->n = (guint16) (n + n_usual / 2);
}

void
orf_tail_take_turn (OrfTail *tail, guint number)
{
  tail->n_since = (guint8) (number % FIT_EVERY_EARLY);
}

void
orf_tail_push (OrfTail *tail, float score)
{
  if (score >= 1)
    tail->counts[0][find_bin (score)]++;
  else if (score <= -1)
    tail->counts[1][find_bin (-score)]++;
  if (++tail->n >= MAX_COUNT)
    halve (tail);
  if (++tail->n_since < (tail->n < EARLY ? FIT_EVERY_EARLY : FIT_EVERY))
    return;
  tail->n_since = 0;
  fit (tail, 0);
  fit (tail, 1);
}

/* What is beyond all that came: of the highest bin there was, as a power. */
static float
judge_unseen (const guint16 counts[BINS], float n, float shape, float size)
{
  guint top = BINS;
  float beyond;

  while (top > 0 && counts[top - 1] == 0)
    top--;
  beyond = log2f (MAX (1, size / get_edge (top))) / shape;
  /* n scores do not tell of more than n * n */
  return log2f (n / UNSEEN) + MIN (beyond, log2f (n));
}

float
orf_tail_judge (const OrfTail *tail, float score)
{
  guint side = score < 0, from = tail->from[side], bin, above = 0, in_tail;
  float size = fabsf (score), n = (float) tail->n + 1, shape, here, inside, seen, far;
  const guint16 *counts = tail->counts[side];

  if (tail->n < MIN_COUNT || !(size >= get_edge (from)))
    return 0;
  size = MIN (size, get_edge (BINS));
  bin = find_bin (size);
  shape = orf_narrow_unpack (tail->shape[side]);
  for (guint i = bin + 1; i < BINS; i++)
    above += counts[i];
  in_tail = above;
  for (guint i = from; i <= bin; i++)
    in_tail += counts[i];
  /* the last bin has no end */
  inside = bin == BINS - 1 ? 0 : (size - get_edge (bin)) / (get_edge (bin + 1) - get_edge (bin));
  here = counts[bin] * (1 - inside);
  seen = above + counts[bin] > 0 ? log2f (n / ((float) above + here + UNSEEN))
                                 : judge_unseen (counts, n, shape, size);
  far = log2f (n / ((float) in_tail + UNSEEN)) + log2f (size / get_edge (from)) / shape;
  return MAX (0, LOG10_OF_2 * MIN (far, seen));
}

gboolean
orf_tail_is_valid (const OrfTail *tail)
{
  guint n = 0;

  for (guint side = 0; side < 2; side++) {
    for (guint i = 0; i < BINS; i++)
      n += tail->counts[side][i];
    if (tail->from[side] > BINS ||
        (tail->n >= MIN_COUNT && !(orf_narrow_unpack (tail->shape[side]) > 0)))
      return FALSE;
  }
  return tail->n < MAX_COUNT && n <= tail->n;
}
