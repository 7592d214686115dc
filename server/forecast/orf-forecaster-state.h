/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-forecaster.h"
#include "forecast/orf-leak-watch.h"
#include "forecast/orf-row-ring.h"
#include "stats/orf-conformal.h"
#include "stats/orf-holt.h"
#include "stats/orf-quantile-track.h"

G_BEGIN_DECLS

/* What a forecaster knows: for it and for what saves it alone.  Without pointers. */

#define ORF_FORECASTER_N_PENDING 3

/* Places of the methods that are combined. */
#define ORF_FORECASTER_LAST      0 /* the last value */
#define ORF_FORECASTER_HOLT      1 /* damped trend */
#define ORF_FORECASTER_PAST      2 /* and on: medians of the past, by how far back */
#define ORF_FORECASTER_N_METHODS 5

/* A forecast that waits for its outcome, by distances from the ring's base (orf-narrow.h). */
typedef struct {
  guint16 lower[2], upper[2]; /* of 80 and 90 %; lower[0] ORF_NARROW_NONE: there is none */
  guint16 methods[ORF_FORECASTER_N_METHODS - 1]; /* but the last value, which the ring has */
} OrfForecasterPending;

typedef struct {
  OrfQuantileTrack moves; /* of so many rows */
  float errors[ORF_FORECASTER_N_METHODS];
  OrfConformal outside[2];
  guint8 rows;
  guint8 n_judged; /* up to 255 */
  OrfForecasterPending pending[ORF_FORECASTER_N_PENDING];
} OrfForecasterHorizon;

typedef struct {
  gint64 step_us, last_us;
  double threshold, min, max;
  double last; /* NAN: no value yet */
  OrfRowRing ring;
  OrfHolt holt;
  OrfForecasterHorizon horizons[ORF_FORECASTER_MAX_HORIZONS];
  guint8 n_horizons, falling, better;
  OrfLeakWatch leak;
} OrfForecasterState;

struct _OrfForecaster {
  OrfForecasterState state;
};

G_STATIC_ASSERT (sizeof (OrfForecasterState) <= 1024);

G_END_DECLS
