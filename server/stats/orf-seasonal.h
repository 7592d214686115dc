/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A level, and what each part of a period differs from it by, both by exponential smoothing:
 * P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving Averages", Management Science
 * 6 (1960), the additive form without a trend.  Surprises beyond three times the usual one count as
 * that much (S. Gelper, R. Fried, C. Croux, "Robust Forecasting with Exponential and Holt-Winters
 * Smoothing", 2010).  The period is known (orf-period.h finds one); one that is longer than there
 * are places shares them, so that a day of minutes is 48 half hours.  A value of 232 bytes.
 */
#define ORF_SEASONAL_PLACES 48

typedef struct {
  double period;          /* in values */
  double level;           /* NAN: nothing yet */
  float usual;            /* mean size of surprises; below 0: none yet */
  guint8 n_places, place; /* place: of the newest value */
  guint n_here;           /* values at it, one after the other */
  gboolean learnt;        /* a whole period was seen: what it says is more than the level */
  guint64 first;          /* the place in time of the first value */
  float season[ORF_SEASONAL_PLACES]; /* NAN: nothing seen there yet */
} OrfSeasonal;

/* period: 2 or more; it need not be whole. */
void orf_seasonal_init (OrfSeasonal *seasonal, double period);
/* at: the value's place in time, rising, with gaps where none came; NAN is none. */
void orf_seasonal_push (OrfSeasonal *seasonal, guint64 at, double value);
/* The level alone until a whole period was seen; NAN before the first value. */
double orf_seasonal_forecast (const OrfSeasonal *seasonal, guint64 at);

G_END_DECLS
