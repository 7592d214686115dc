/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"
#include "core/orf-queue.h"
#include "judge/orf-judge-series.h"

G_BEGIN_DECLS

/*
 * What is handed to the judging thread with a frame, and what comes back.  All series live in the
 * bench, which is the thread's alone: who made it may look at it before the first job and after
 * the thread has ended.
 */
typedef struct _OrfJudgeBench OrfJudgeBench;

typedef struct {
  gint64 next_prediction_id, next_warning_id;
  guint max_open;
  OrfMemory *memory; /* ORF_MEMORY_FORECASTS is counted here */
} OrfJudgeBenchSetup;

OrfJudgeBench *orf_judge_bench_new (const OrfJudgeBenchSetup *setup);
void orf_judge_bench_free (OrfJudgeBench *bench);

typedef struct {
  guint number;
  gint64 t_us;
  double value;
} OrfJudgeSample;

typedef struct {
  guint number;
  OrfJudgeSeries *series;
  GArray *history; /* OrfJudgeSample, by time; what is learnt from before anything else */
} OrfJudgeOpening;

typedef struct {
  guint n_series, n_open;
  guint64 n_made, n_judged, n_inside, n_late;
  guint64 n_warnings[ORF_N_WARNING_FATES];
  gint64 tick_us; /* what this job took */
} OrfJudgeFigures;

typedef struct {
  OrfJob base;
  OrfJudgeBench *bench;
  /* in */
  gint64 now_us, lead_us;
  GArray *openings; /* OrfJudgeOpening */
  GArray *samples;  /* OrfJudgeSample */
  GArray *closings; /* guint, numbers: after the samples */
  gboolean ends;    /* all that is learnt is to be saved */
  /* out */
  OrfForecastChange *change;
  GArray *told; /* OrfJudgeRow */
  OrfJudgeFigures figures;
  /* the main context's */
  gpointer user_data;
} OrfJudgeJob;

/* Takes the arrays.  base.reply and base.done are to be set. */
OrfJudgeJob *
orf_judge_job_new (OrfJudgeBench *bench, GArray *openings, GArray *samples, GArray *closings);

/* The arrays that one takes. */
GArray *orf_judge_openings_new (void);
GArray *orf_judge_samples_new (void);

G_END_DECLS
