/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-store-forecast-lists.h"

G_BEGIN_DECLS

/* What forecasts and warnings come to, by metric or by series.  Pure. */
typedef struct _OrfJudgeScores OrfJudgeScores;

OrfJudgeScores *orf_judge_scores_new (void);
void orf_judge_scores_free (OrfJudgeScores *scores);

/* series: canonical text; NULL: all series of the name together. */
void
orf_judge_scores_add (OrfJudgeScores *scores, const char *series, const OrfPredictionScore *row);
void orf_judge_scores_add_warnings (OrfJudgeScores *scores,
                                    const char *series,
                                    const OrfWarningScore *row);

/* OrfPredictionWarnings by metric, series. */
GPtrArray *orf_judge_scores_make_warnings (OrfJudgeScores *scores);
/* OrfPredictionAccuracy by metric, series, horizon, method; of what was judged.  warnings: those
 * made before. */
GPtrArray *orf_judge_scores_make_accuracy (OrfJudgeScores *scores, const GPtrArray *warnings);
/* Forecasts that are not due yet. */
gint64 orf_judge_scores_get_n_open (const OrfJudgeScores *scores);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudgeScores, orf_judge_scores_free)

G_END_DECLS
