/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-forecaster.h"
#include "store/orf-store-forecasts.h"

G_BEGIN_DECLS

/*
 * One series under judgement: its samples become rows, its forecaster is given them, what it says
 * is written down and compared with what came.  Time is that of the samples; nothing looks at a
 * clock.  Belongs to one thread at a time; what comes of it is put into the book.
 */
typedef struct _OrfJudgeSeries OrfJudgeSeries;

typedef struct {
  const char *subject; /* its name in `forecast_state` */
  gint64 series_id;    /* 0: its forecasts are not stored */
  const char *device;  /* whose memory it is; NULL: of none */
  OrfForecasterSetup setup;
  guint every_rows;
  gint64 lead_us; /* 0: the book's */
  guint number;   /* the owner's, in what is told of it */
  gboolean told;  /* its rows go to the book's `told` */
} OrfJudgeSpec;

/* A row of a series that asked for it. */
typedef struct {
  guint number;
  gint64 t_us; /* its end */
  double value;
  gboolean history;
  OrfOutlook outlook;
} OrfJudgeRow;

/* What all series of a thread put together. */
typedef struct {
  gint64 next_prediction_id, next_warning_id;
  gint64 now_us;  /* what is written down is said to be so */
  gint64 lead_us; /* of those that say none */
  guint max_open;
  guint n_open; /* forecasts that wait for their time */
  guint64 n_made, n_judged, n_inside, n_late;
  guint64 n_warnings[ORF_N_WARNING_FATES];
  OrfForecastChange *change;
  GArray *told; /* OrfJudgeRow */
} OrfJudgeBook;

/* state: what was saved of it; NULL: nothing.  One that is of no use is not used.  NULL: the setup
 * is not one. */
OrfJudgeSeries *orf_judge_series_new (const OrfJudgeSpec *spec, GBytes *state, GError **error);
/* The book is told that what waits does so no more. */
void orf_judge_series_free (OrfJudgeSeries *series, OrfJudgeBook *book);

/* The next sample; one that is not newer than the last is late and passed over, but many in order
 * are a clock that was set back, and all begins anew.  history: it is learnt from and
 * compared with, and nothing is foretold of it. */
void orf_judge_series_push (
  OrfJudgeSeries *series, OrfJudgeBook *book, gint64 t_us, double value, gboolean history);
/* What was saved waits for its time again. */
void orf_judge_series_join (const OrfJudgeSeries *series, OrfJudgeBook *book);

OrfForecastStateRow *orf_judge_series_save (const OrfJudgeSeries *series, gint64 now_us);
/* Of its newest sample; 0: none. */
gint64 orf_judge_series_get_last_us (const OrfJudgeSeries *series);
gsize orf_judge_series_get_bytes (const OrfJudgeSeries *series);

G_END_DECLS
