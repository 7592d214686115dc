/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <math.h>

#include <glib.h>

G_BEGIN_DECLS

/* The usual size of a stream of distances, as a rolling mean in which what is far off counts as
 * that far (P. J. Huber's winsorizing).  A float of the caller's; 0: nothing yet. */

/* Of a normal distribution the mean distance times this is its deviation: sqrt (pi / 2). */
#define ORF_SPREAD_TO_DEVIATION 1.2533f

/* In deviations; floor: the least there may be, > 0. */
static inline float
orf_spread_judge (float usual, float distance, float floor)
{
  return distance / (usual * ORF_SPREAD_TO_DEVIATION + floor);
}

static inline float
orf_spread_limit (float distance, float limit)
{
  return CLAMP (distance, -limit, limit);
}

/* share: of the newest; limit: what counts at most, INFINITY at first. */
static inline float
orf_spread_follow (float usual, float distance, float share, float limit)
{
  float size = fabsf (distance);

  return usual + share * (MIN (size, limit) - usual);
}

G_END_DECLS
