/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-rhythm.h"
#include "stats/orf-narrow.h"
#include "stats/orf-period.h"

#include <math.h>
#include <string.h>

#define PLACES ORF_RHYTHM_PLACES
#define RING   ORF_RHYTHM_RING
/* A period is looked for with so many means, and with a full ring. */
#define RING_EARLY (RING * 3 / 4)
/* With means of more rows than this the search begins anew: the series may have changed. */
#define MAX_STRIDE 256
/* A search costs as much as a hundred rows: series that begin together take turns. */
#define TURNS 128
/* In means, and in rows: shorter ones are the detectors' own business. */
#define MIN_LAG    4
#define MIN_PERIOD 8
/* So near to a clock's, as a share, it is the clock's. */
#define CLOCK_NEAR .04
/* Of a whole cycle's surprise the season learns so much. */
#define SEASON_SHARE .25f
/* The season is kept in 1 / 8,192 of the reach of the past, to four times of which there is room.
 */
#define UNITS 8192
#define NONE  G_MININT16
/* Twice it, times the largest of a season, is still a float. */
#define MAX_UNIT (G_MAXFLOAT / (8 * UNITS))

static const guint clock_s[] = { 60,    300,   600,   900,   1800,  3600,  7200,
                                 14400, 21600, 28800, 43200, 86400, 604800 };

void
orf_rhythm_init (OrfRhythm *rhythm, guint number)
{
  memset (rhythm, 0, sizeof *rhythm);
  rhythm->stride = 1;
  rhythm->n_wait = (guint16) (number % TURNS);
}

guint
orf_rhythm_get_cycles (const OrfRhythm *rhythm)
{
  return rhythm->period > 0 ? (guint) (rhythm->n_rows / rhythm->period) : 0;
}

static guint
find_place (const OrfRhythm *rhythm, guint64 at)
{
  double cycles = (double) at / rhythm->period, phase = cycles - (double) (guint64) cycles;

  return MIN ((guint) (phase * rhythm->n_places), rhythm->n_places - 1u);
}

float
orf_rhythm_expect (const OrfRhythm *rhythm, guint64 at)
{
  gint16 units;

  if (orf_rhythm_get_cycles (rhythm) < 1)
    return NAN;
  units = rhythm->season[find_place (rhythm, at)];
  return units == NONE ? NAN : units * rhythm->unit;
}

/* ---- the season --------------------------------------------------------------------------------
 */

static void
put (OrfRhythm *rhythm, guint place, float value)
{
  while (fabsf (value) > G_MAXINT16 * rhythm->unit && rhythm->unit < MAX_UNIT) {
    rhythm->unit *= 2;
    for (guint i = 0; i < rhythm->n_places; i++)
      if (rhythm->season[i] != NONE)
        rhythm->season[i] = (gint16) (rhythm->season[i] / 2);
  }
  rhythm->season[place] = (gint16) CLAMP (roundf (value / rhythm->unit), -G_MAXINT16, G_MAXINT16);
}

static void
learn (OrfRhythm *rhythm, const OrfAnomalyRow *row, float limit)
{
  guint place = find_place (rhythm, row->at), cycles = orf_rhythm_get_cycles (rhythm);
  float per_row = (float) MIN (1, rhythm->n_places / rhythm->period);
  float share = MAX (SEASON_SHARE, 1 / (1 + (float) cycles)) * per_row, known;

  rhythm->n_rows++;
  if (place != rhythm->place)
    rhythm->n_here = 0;
  rhythm->place = (guint16) place;
  if (rhythm->season[place] == NONE) {
    rhythm->n_here = 1;
    put (rhythm, place, row->value);
    return;
  }
  known = rhythm->season[place] * rhythm->unit;
  /* the first time through it is the mean of what comes at the place */
  if (cycles < 1 && rhythm->n_here < G_MAXUINT16)
    put (rhythm, place, known + (row->value - known) / (float) ++rhythm->n_here);
  else
    put (rhythm, place, known + share * CLAMP (row->value - known, -limit, limit));
}

/* ---- the search --------------------------------------------------------------------------------
 */

static double
get_clock_period (double rows, double step_s)
{
  for (guint i = 0; i < G_N_ELEMENTS (clock_s); i++)
    if (fabs (rows * step_s / clock_s[i] - 1) < CLOCK_NEAR)
      return clock_s[i] / step_s;
  return rows;
}

static void
search (OrfRhythm *rhythm, double step_s)
{
  double values[RING];
  float most = 0;
  OrfPeriod found;

  for (guint i = 0; i < rhythm->n_ring; i++) {
    float value = orf_narrow_unpack (rhythm->ring[i]);

    values[i] = (double) value;
    most = fmaxf (most, fabsf (value));
  }
  if (!orf_period_find (values, rhythm->n_ring, MIN_LAG, RING, &found) ||
      found.lag * rhythm->stride < MIN_PERIOD)
    return;
  rhythm->period = get_clock_period (found.lag * rhythm->stride, step_s);
  rhythm->n_places = (guint16) fmin (ceil (rhythm->period), PLACES);
  rhythm->unit = MIN (most / UNITS, MAX_UNIT);
  rhythm->n_rows = 0;
  for (guint i = 0; i < PLACES; i++)
    rhythm->season[i] = NONE;
}

static void
thin (OrfRhythm *rhythm)
{
  for (guint i = 0; i < RING / 2; i++)
    rhythm->ring[i] = orf_narrow_pack (
      (orf_narrow_unpack (rhythm->ring[2 * i]) + orf_narrow_unpack (rhythm->ring[2 * i + 1])) / 2);
  rhythm->n_ring = RING / 2;
  rhythm->stride = (guint16) (rhythm->stride * 2);
  if (rhythm->stride > MAX_STRIDE)
    orf_rhythm_init (rhythm, 0);
}

void
orf_rhythm_push (OrfRhythm *rhythm, const OrfAnomalyRow *row, float limit)
{
  if (rhythm->period > 0) {
    learn (rhythm, row, limit);
    return;
  }
  if (rhythm->n_wait > 0) {
    rhythm->n_wait--;
    return;
  }
  rhythm->sum += row->value;
  if (++rhythm->n_sum < rhythm->stride)
    return;
  rhythm->ring[rhythm->n_ring++] = orf_narrow_pack (rhythm->sum / rhythm->stride);
  rhythm->sum = 0;
  rhythm->n_sum = 0;
  if (rhythm->n_ring == RING_EARLY || rhythm->n_ring == RING)
    search (rhythm, row->step_s);
  if (rhythm->period <= 0 && rhythm->n_ring == RING)
    thin (rhythm);
}

gboolean
orf_rhythm_is_valid (const OrfRhythm *rhythm)
{
  if (rhythm->period > 0)
    return rhythm->period >= MIN_PERIOD && isfinite (rhythm->period) && rhythm->n_places >= 2 &&
           rhythm->n_places <= PLACES && rhythm->unit > 0 && rhythm->unit <= 2 * MAX_UNIT;
  return rhythm->stride >= 1 && rhythm->stride <= MAX_STRIDE && rhythm->n_ring < RING &&
         rhythm->n_sum < rhythm->stride && rhythm->n_wait < TURNS &&
         fabsf (rhythm->sum) <= G_MAXFLOAT / 4 &&
         orf_narrow_are_valid (rhythm->ring, rhythm->n_ring);
}
