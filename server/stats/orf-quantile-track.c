/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-quantile-track.h"

#include <math.h>

#define N    ORF_QUANTILE_TRACK_N
#define HALF (N / 2) /* below: of moves down */

/* Step, in mean moves, and the rows over which the mean is taken; the first ones weigh more. */
#define STEP       .1f
#define SCALE_ROWS 100

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

float
orf_quantile_track_get (const OrfQuantileTrack *track, float share)
{
  float below = 0, above = 1, from = 0, to = 0;

  if (share <= shares[0])
    return track->quantiles[0];
  if (share >= shares[N - 1])
    return track->quantiles[N - 1];
  /* the nearest known ones around it; the middle is one */
  for (guint i = 0; i < N; i++) {
    if (shares[i] <= share) {
      below = shares[i];
      from = track->quantiles[i];
    }
    if (shares[N - 1 - i] >= share) {
      above = shares[N - 1 - i];
      to = track->quantiles[N - 1 - i];
    }
  }
  if (share < .5f && above > .5f) {
    above = .5f;
    to = 0;
  } else if (share >= .5f && below < .5f) {
    below = .5f;
    from = 0;
  }
  return above > below ? from + (to - from) * (share - below) / (above - below) : from;
}

gboolean
orf_quantile_track_is_valid (const OrfQuantileTrack *track)
{
  if (!(track->scale >= 0) || !isfinite (track->scale))
    return FALSE;
  for (guint i = 0; i < N; i++)
    if (!isfinite (track->quantiles[i]) || (i > 0 && track->quantiles[i] < track->quantiles[i - 1]))
      return FALSE;
  return TRUE;
}
