/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-forecasts.h"

G_BEGIN_DECLS

/*
 * Verdicts and warnings that a full disk refused: kept for the next write, or forecasts would wait
 * for their time, and warnings be open, for ever.  Forecasts that were refused are not: what was
 * not stored before its time is not scored.  Belongs to the main context.
 */
typedef struct _OrfJudgeUnwritten OrfJudgeUnwritten;

OrfJudgeUnwritten *orf_judge_unwritten_new (void);
void orf_judge_unwritten_free (OrfJudgeUnwritten *unwritten);

/* Behind what is kept already; what is more than there is room for (the newest) is not kept. */
void orf_judge_unwritten_keep (OrfJudgeUnwritten *unwritten,
                               const GArray *verdicts,  /* OrfPredictionVerdict */
                               const GArray *warnings); /* OrfForecastWarningRow */
/* All that is kept goes before the change's own. */
void orf_judge_unwritten_join (OrfJudgeUnwritten *unwritten, OrfForecastChange *change);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudgeUnwritten, orf_judge_unwritten_free)

G_END_DECLS
