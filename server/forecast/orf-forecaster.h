/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-outlook.h"

G_BEGIN_DECLS

/*
 * Says how one series goes on, some rows ahead, with intervals that are measured against what came.
 * It is given rows of about equal distance (a row may be the mean of many samples) and says, when
 * asked, a value for each horizon, the outlook, and a word for the trend.
 *
 * Deterministic: the same rows give the same answers, on any machine with IEEE doubles and whatever
 * the wall clock says; asking changes nothing.  No allocation after new.  Not thread-safe, and
 * needs no thread: one owner at a time.
 *
 * The methods and their sources: doc/forecasts.md.  How it stays small: of the forecasts that wait
 * for what comes, three of each horizon are kept (h/3 rows apart, rounded up to tens), with their
 * bounds in 16 bits each; the rows, 128 of them, are thinned with age (orf-row-ring.h).  All in all
 * it is at most 1 KiB, of which the leak watch has 384.
 */
typedef struct _OrfForecaster OrfForecaster;

#define ORF_FORECASTER_MAX_HORIZONS 4
/* rows ahead, for one horizon */
#define ORF_FORECASTER_MAX_ROWS 120
/* Two rows further apart than so many steps have a gap between: forecasts across it are dropped,
 * not scored, and what lies before it counts as older by its length. */
#define ORF_FORECASTER_GAP_STEPS 3

/* Which way the value should go: it makes "rising" an improvement, or the contrary. */
typedef enum {
  ORF_BETTER_NEITHER,
  ORF_BETTER_LOWER,
  ORF_BETTER_HIGHER,
} OrfBetter;

typedef struct {
  gint64 step_us;                              /* nominal distance of rows; > 0 */
  guint n_horizons;                            /* 1 to ORF_FORECASTER_MAX_HORIZONS */
  guint horizons[ORF_FORECASTER_MAX_HORIZONS]; /* rows ahead, ascending, 1 to MAX_ROWS */
  double threshold;                            /* for the outlook; NAN: none */
  gboolean falling;                            /* the threshold is passed downwards */
  double min, max; /* bounds of the value, where answers end too; NAN: unknown */
  OrfBetter better;
} OrfForecasterSetup;

/* Of the row horizon_rows after the last one pushed.  lower90 <= lower80 <= value <= upper80 <=
 * upper90, all finite and within the setup's bounds. */
typedef struct {
  guint horizon_rows;
  double value;
  double lower80, upper80;
  double lower90, upper90;
  const char *method; /* the one that weighs most; static */
} OrfForecast;

typedef enum {
  ORF_TREND_UNKNOWN, /* too few rows yet */
  ORF_TREND_STABLE,
  ORF_TREND_RISING, /* where neither way is better */
  ORF_TREND_FALLING,
  ORF_TREND_IMPROVING,
  ORF_TREND_DEGRADING,
} OrfTrend;

/* NULL: the setup is not one (INVALID_ARGUMENT). */
OrfForecaster *orf_forecaster_new (const OrfForecasterSetup *setup, GError **error);
void orf_forecaster_free (OrfForecaster *self);

/* What it was made with. */
void orf_forecaster_get_setup (const OrfForecaster *self, OrfForecasterSetup *setup);

/* The next row.  A value that is not finite is a row without one.  A row not later than the last
 * is not taken (FALSE). */
gboolean orf_forecaster_push (OrfForecaster *self, gint64 t_us, double value);

/* FALSE: no such horizon in the setup, or no row yet (forecast is not touched).  From the first row
 * on there is an answer; before enough came to measure errors by, the interval is as wide as the
 * moves seen so far tell. */
gboolean
orf_forecaster_forecast (const OrfForecaster *self, guint horizon_rows, OrfForecast *forecast);

void orf_forecaster_get_outlook (const OrfForecaster *self, OrfOutlook *outlook);
OrfTrend orf_forecaster_get_trend (const OrfForecaster *self);
/* "unknown", "stable", "rising", "falling", "improving", "degrading". */
const char *orf_trend_get_word (OrfTrend trend);

/* All that it knows, the setup with it, so that a daemon that starts again goes on where it was;
 * for the same build's byte order and layout version only. */
GBytes *orf_forecaster_save (const OrfForecaster *self);
/* DATA_LOSS: not such a blob, or one that contradicts itself. */
OrfForecaster *orf_forecaster_restore (GBytes *blob, GError **error);

/* Memory held, all in all. */
gsize orf_forecaster_get_bytes (const OrfForecaster *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfForecaster, orf_forecaster_free)

G_END_DECLS
