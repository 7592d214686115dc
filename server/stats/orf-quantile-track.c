/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-quantile-track.h"

#include <math.h>

#define N    ORF_QUANTILE_TRACK_N /* spread() has them by name */
#define HALF (N / 2)              /* below: of moves down */

/* Step, in mean moves, and the rows over which the mean is taken; the first ones weigh more. */
#define STEP       .1f
#define SCALE_ROWS 100

/* Of one that was saved: from there a step ends within what floats hold. */
#define MAX_QUANTILE 1e38f

static const float shares[N] = { .01f, .05f, .25f, .75f, .95f, .99f };

void
orf_quantile_track_push (OrfQuantileTrack *track, float move, guint32 n_before)
{
  float step;

  track->scale += (fabsf (move) - track->scale) / (float) MIN (n_before + 1, SCALE_ROWS);
  step = track->scale * MAX (STEP, 2.f / (float) (n_before + 1));
  for (guint i = 0; i < N; i++)
    track->quantiles[i] += step * (move <= track->quantiles[i] ? shares[i] - 1 : shares[i]);
  /* from the middle outwards: in order, and on their side of 0 */
  for (guint i = 0; i < HALF; i++) {
    guint low = HALF - 1 - i, high = HALF + i;

    track->quantiles[low] = fminf (track->quantiles[low], i == 0 ? 0 : track->quantiles[low + 1]);
    track->quantiles[high] = fmaxf (track->quantiles[high],
                                    i == 0 ? 0 : track->quantiles[high - 1]);
  }
}

void
orf_quantile_track_spread (const OrfQuantileTrack *track, float *quantiles, guint n)
{
  /* the tracked ones with the middle, and ends that go no further */
  static const float known[N + 3] = { 0, .01f, .05f, .25f, .5f, .75f, .95f, .99f, 1 };
  const float *q = track->quantiles;
  const float values[N + 3] = { q[0], q[0], q[1], q[2], 0, q[3], q[4], q[5], q[5] };
  guint at = 0;

  for (guint i = 0; i < n; i++) {
    float share = ((float) i + .5f) / (float) n;

    while (known[at + 1] < share)
      at++;
    quantiles[i] = values[at] + (values[at + 1] - values[at]) * (share - known[at]) /
                                  (known[at + 1] - known[at]);
  }
}

gboolean
orf_quantile_track_is_valid (const OrfQuantileTrack *track)
{
  if (!(track->scale >= 0 && track->scale <= MAX_QUANTILE))
    return FALSE;
  for (guint i = 0; i < N; i++)
    if (!(fabsf (track->quantiles[i]) <= MAX_QUANTILE) ||
        (i > 0 && track->quantiles[i] < track->quantiles[i - 1]))
      return FALSE;
  return TRUE;
}
