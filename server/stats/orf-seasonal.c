/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-seasonal.h"

#include "stats/orf-median.h"

#include <math.h>

/* One configuration for every series: a level of some dozens of values, so that it does not follow
 * the season; a place that is known after a few periods, however many values it has in each. */
#define LEVEL_SHARE   .05
#define SEASON_SHARE  .2
#define USUAL_SHARE   .02
#define MAX_SURPRISES 3

void
orf_seasonal_init (OrfSeasonal *seasonal, double period)
{
  g_return_if_fail (period >= 2);
  *seasonal = (OrfSeasonal){ .period = period, .level = NAN, .usual = -1 };
  seasonal->n_places = (guint8) fmin (ceil (period), ORF_SEASONAL_PLACES);
  for (guint i = 0; i < ORF_SEASONAL_PLACES; i++)
    seasonal->season[i] = NAN;
}

static guint
find_place (const OrfSeasonal *seasonal, guint64 at)
{
  double phase = fmod ((double) at, seasonal->period) / seasonal->period;

  return MIN ((guint) (phase * seasonal->n_places), seasonal->n_places - 1u);
}

/* The first period: the mean of what came at each place. */
static void
gather (OrfSeasonal *seasonal, guint place, double value)
{
  float *season = &seasonal->season[place];

  *season = isnan (*season) ? (float) value
                            : *season + ((float) value - *season) / (float) seasonal->n_here;
  seasonal->level = isnan (seasonal->level)
                      ? value
                      : seasonal->level + LEVEL_SHARE * (value - seasonal->level);
}

/* The level is the median of the places, which one strange stretch does not move. */
static void
learn (OrfSeasonal *seasonal)
{
  double values[ORF_SEASONAL_PLACES];
  guint n = 0;

  for (guint i = 0; i < seasonal->n_places; i++)
    if (!isnan (seasonal->season[i]))
      values[n++] = (double) seasonal->season[i];
  seasonal->level = orf_median_of (values, n);
  for (guint i = 0; i < seasonal->n_places; i++)
    seasonal->season[i] -= (float) seasonal->level;
  seasonal->learnt = TRUE;
}

static double
get_season (const OrfSeasonal *seasonal, guint place)
{
  return isnan (seasonal->season[place]) ? 0 : (double) seasonal->season[place];
}

static void
follow (OrfSeasonal *seasonal, guint place, double value)
{
  double surprise = value - seasonal->level - get_season (seasonal, place);
  double share = SEASON_SHARE * fmin (1, seasonal->n_places / seasonal->period), bound;

  if (seasonal->usual < 0)
    seasonal->usual = (float) fabs (surprise);
  bound = MAX_SURPRISES * (double) seasonal->usual;
  /* it grows with what it cuts off, so that a new level is believed in the end */
  seasonal->usual += (float) (USUAL_SHARE * (fabs (surprise) - (double) seasonal->usual));
  surprise = CLAMP (surprise, -bound, bound);
  seasonal->level += LEVEL_SHARE * surprise;
  seasonal->season[place] = (float) (get_season (seasonal, place) +
                                     share * (1 - LEVEL_SHARE) * surprise);
}

void
orf_seasonal_push (OrfSeasonal *seasonal, guint64 at, double value)
{
  guint place = find_place (seasonal, at);

  if (!isfinite (value))
    return;
  seasonal->n_here = place == seasonal->place ? seasonal->n_here + 1 : 1;
  seasonal->place = (guint8) place;
  if (isnan (seasonal->level))
    seasonal->first = at;
  if (!seasonal->learnt && (double) (at - seasonal->first) >= seasonal->period)
    learn (seasonal);
  if (seasonal->learnt)
    follow (seasonal, place, value);
  else
    gather (seasonal, place, value);
}

double
orf_seasonal_forecast (const OrfSeasonal *seasonal, guint64 at)
{
  if (!seasonal->learnt)
    return seasonal->level;
  return seasonal->level + get_season (seasonal, find_place (seasonal, at));
}
