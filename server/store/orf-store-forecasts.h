/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * The tables `prediction`, `forecast_state` and `forecast_warning`.  NAN and -1 where a value or a
 * time is not known: NULL in the file.  Names of methods, regimes and the like are static strings.
 */

typedef struct {
  gint64 id;
  guint subject; /* the judge's own */
  gint64 series_id;
  const char *method;
  gint64 horizon_us;
  gint64 made_us, due_us;
  double last, value;
  double lower80, upper80, lower90, upper90;
  double confidence;
  const char *trend; /* may be NULL */
  double slope_per_s;
  const char *regime;
  double threshold;
  gint64 threshold_lower_us, threshold_us, threshold_upper_us;
} OrfPredictionRow;

typedef struct {
  gint64 id;
  gint64 judged_us;
  double actual; /* NAN: nothing came, and the next are not known */
  double error, naive_error;
  gboolean inside80, inside90;
} OrfPredictionVerdict;

typedef enum {
  ORF_WARNING_OPEN,
  ORF_WARNING_CAME_TRUE,
  ORF_WARNING_FALSE_ALARM,
  ORF_WARNING_MISSED,
  ORF_WARNING_AVERTED, /* said by the file alone, where a cleanup freed memory meanwhile */
  ORF_WARNING_UNKNOWN,
  ORF_N_WARNING_FATES,
} OrfWarningFate;
/* NULL: it is open */
const char *orf_warning_fate_get_word (OrfWarningFate fate);

/* With its beginning (made_us, or came_us of one that was missed) a new row; of one that is there
 * only came_us, decided_us and fate are written. */
typedef struct {
  gint64 id;
  gint64 series_id;
  gboolean begun; /* it is a new row */
  gint64 made_us; /* -1: it was not said */
  double threshold, value;
  gint64 expected_lower_us, expected_us, expected_upper_us;
  const char *regime;
  const char *action;
  gint64 cleanup_id; /* 0: none */
  gint64 came_us, decided_us;
  OrfWarningFate fate;
  guint subject; /* the judge's own */
  char *device;  /* may be NULL */
} OrfForecastWarningRow;

typedef struct {
  char *subject;
  gint64 row_us, t_us, saved_us;
  GBytes *state;
} OrfForecastStateRow;

OrfForecastStateRow *orf_forecast_state_row_new (void);
void orf_forecast_state_row_free (OrfForecastStateRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfForecastStateRow, orf_forecast_state_row_free)

/* What is written in one transaction. */
typedef struct {
  GArray *predictions; /* OrfPredictionRow */
  GArray *verdicts;    /* OrfPredictionVerdict */
  GArray *warnings;    /* OrfForecastWarningRow */
  GPtrArray *states;   /* OrfForecastStateRow */
  gint64 before_us;    /* what is older goes, but for what is pinned */
  gint64 reach_us;     /* made so long before a pinned window, it may tell of it */
  gint64 max_rows;     /* of `prediction` */
} OrfForecastChange;

OrfForecastChange *orf_forecast_change_new (void);
void orf_forecast_change_free (OrfForecastChange *change);
gboolean orf_forecast_change_is_empty (const OrfForecastChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfForecastChange, orf_forecast_change_free)

/* Takes change. */
void orf_store_write_forecasts (OrfStore *store,
                                OrfForecastChange *change,
                                OrfWriteDone done,
                                gpointer user_data);

/* ---- reading --------------------------------------------------------------------------------- */

/* Blocking, at start only: the largest ids that there ever were; 0: none. */
gboolean orf_store_load_max_forecast_ids (OrfStore *store,
                                          gint64 *prediction_id,
                                          gint64 *warning_id,
                                          GError **error);

/* row NULL without an error: nothing was learnt. */
typedef void (*OrfForecastStateDone) (gpointer user_data,
                                      OrfForecastStateRow *row,
                                      const GError *error);
void orf_store_read_forecast_state (OrfStore *store,
                                    const char *subject,
                                    OrfCancel *cancel,
                                    OrfForecastStateDone done,
                                    gpointer user_data);

G_END_DECLS
