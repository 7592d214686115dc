/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Exponential smoothing with a damped trend: E. S. Gardner, E. McKenzie, "Forecasting Trends in
 * Time Series", Management Science 31 (1985); M4 found it hard to beat (Makridakis et al., 2020).
 * Surprises beyond three times the usual one count as that much, after S. Gelper, R. Fried,
 * C. Croux, "Robust Forecasting with Exponential and Holt-Winters Smoothing" (2010).  A value.
 */
typedef struct {
  double level; /* NAN: nothing yet */
  float trend;  /* a row */
  float usual;  /* mean size of surprises; below 0: none yet */
} OrfHolt;

void orf_holt_init (OrfHolt *holt);
void orf_holt_push (OrfHolt *holt, double value);
/* rows ahead; NAN before the first value. */
double orf_holt_forecast (const OrfHolt *holt, guint rows);
/* Of one that was saved. */
gboolean orf_holt_is_valid (const OrfHolt *holt);

G_END_DECLS
