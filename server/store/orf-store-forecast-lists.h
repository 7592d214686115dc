/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-forecasts.h"

G_BEGIN_DECLS

/* What lists of forecasts are made of. */

typedef struct {
  gint64 series_id;
  char *name;
  char *labels_json; /* as table `series` has them */
} OrfForecastSeries;

typedef struct {
  OrfForecastSeries series;
  OrfPredictionRow row; /* method, trend and regime are its own here */
  char *unit;           /* of the series; NULL: not told */
} OrfPredictionEntry;

typedef struct {
  OrfForecastSeries series;
  char *method;
  gint64 horizon_us;
  gint64 n_judged, n_missing, n_open;
  /* sums over those judged */
  double error, naive_error, inside80, inside90, width80, width90;
} OrfPredictionScore;

typedef struct {
  OrfForecastSeries series;
  gint64 n[ORF_N_WARNING_FATES];
  double lead_us; /* sum, of those that came true */
} OrfWarningScore;

/* OrfPredictionEntry by series_id, horizon: the newest of each that was made less than reach_us
 * before the newest of all (of those not made after now_us). */
void orf_store_read_predictions (OrfStore *store,
                                 gint64 now_us,
                                 gint64 reach_us,
                                 OrfCancel *cancel,
                                 OrfRowsDone done,
                                 gpointer user_data);

/* OrfPredictionScore and OrfWarningScore, by series_id, horizon, method; of from_us <= due_us <
 * to_us (warnings: by when they were said, or what was missed came). */
typedef void (*OrfForecastScoresDone) (gpointer user_data,
                                       GPtrArray *predictions,
                                       GPtrArray *warnings,
                                       const GError *error);
void orf_store_read_forecast_scores (OrfStore *store,
                                     gint64 from_us,
                                     gint64 to_us,
                                     OrfCancel *cancel,
                                     OrfForecastScoresDone done,
                                     gpointer user_data);

G_END_DECLS
