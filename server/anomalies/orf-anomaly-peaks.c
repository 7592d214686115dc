/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-peaks.h"

#include <math.h>

#define BINS        ORF_ANOMALY_PEAKS_BINS
#define BINS_A_UNIT 4
/* When there are so many, each is halved: of a row a second, half of what is known is of the last
 * hours. */
#define MAX_COUNT 32000
/* With fewer nothing is rare. */
#define MIN_COUNT 600
/* The tail begins where so many of all are above, and so many more. */
#define TAIL_SHARE .005
#define TAIL_LEAST 5
/* How many scores weigh as much as what is known beforehand. */
#define PRIOR_WEIGHT 20
/* What never came has come half a time: once in 2 n. */
#define UNSEEN .5

static guint
find_bin (float score)
{
  return MIN ((guint) (score * BINS_A_UNIT), BINS - 1u);
}

static double
get_edge (guint bin)
{
  return (double) bin / BINS_A_UNIT;
}

static void
halve (OrfAnomalyPeaks *peaks)
{
  guint n_zero = peaks->n, n = 0;

  for (guint i = 0; i < BINS; i++) {
    n_zero -= peaks->counts[i];
    /* what came once is not forgotten by halving alone */
    peaks->counts[i] = (guint16) (peaks->counts[i] - peaks->counts[i] / 2);
    n += peaks->counts[i];
  }
  peaks->n = (guint16) (n + n_zero / 2);
}

void
orf_anomaly_peaks_push (OrfAnomalyPeaks *peaks, float score)
{
  if (score > 0)
    peaks->counts[find_bin (score)]++;
  if (++peaks->n >= MAX_COUNT)
    halve (peaks);
}

/* Where the tail begins, how many are above, and the score that a power of ten takes there. */
typedef struct {
  double from, n_above, slope;
} Tail;

static Tail
get_tail (const OrfAnomalyPeaks *peaks, double slope)
{
  double wanted = TAIL_SHARE * peaks->n + TAIL_LEAST, excess = 0;
  Tail tail = { 0, 0, 0 };
  guint bin = BINS;

  while (bin > 0 && tail.n_above < wanted) {
    bin--;
    tail.n_above += peaks->counts[bin];
    excess += peaks->counts[bin] * (get_edge (bin) + .5 / BINS_A_UNIT);
  }
  tail.from = get_edge (bin);
  excess = (excess - tail.n_above * tail.from) * G_LN10;
  tail.slope = (excess + PRIOR_WEIGHT * slope) / (tail.n_above + PRIOR_WEIGHT);
  return tail;
}

/* By the count of what was as high; where nothing was, by how far it is beyond the highest. */
static double
count (const OrfAnomalyPeaks *peaks, double score, double slope)
{
  guint bin = find_bin ((float) score), top = BINS;
  double n = peaks->n + 1, above = UNSEEN;

  while (top > 0 && peaks->counts[top - 1] == 0)
    top--;
  if (top <= bin) /* n scores do not tell of more than n * n */
    return log10 (n / UNSEEN) + fmin ((score - get_edge (top)) / slope, log10 (n));
  for (guint i = bin + 1; i < top; i++)
    above += peaks->counts[i];
  above += peaks->counts[bin] * (1 - (score - get_edge (bin)) * BINS_A_UNIT);
  return log10 (n / above);
}

float
orf_anomaly_peaks_judge (const OrfAnomalyPeaks *peaks, float score, double slope)
{
  double size = fmin ((double) score, get_edge (BINS) - .01);
  Tail tail;

  if (peaks->n < MIN_COUNT || !(score > 0))
    return 0;
  tail = get_tail (peaks, slope);
  if (size < tail.from)
    return 0;
  return (float) fmax (0, fmin (log10 ((peaks->n + 1) / (tail.n_above + UNSEEN)) +
                                  (size - tail.from) / tail.slope,
                                count (peaks, size, tail.slope)));
}

gboolean
orf_anomaly_peaks_are_valid (const OrfAnomalyPeaks *peaks)
{
  guint n = 0;

  for (guint i = 0; i < BINS; i++)
    n += peaks->counts[i];
  return n <= peaks->n && peaks->n < MAX_COUNT;
}
