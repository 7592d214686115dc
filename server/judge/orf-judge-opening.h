/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-config.h"
#include "judge/orf-judge-series.h"

G_BEGIN_DECLS

/*
 * What the file knows of a series before its first sample is judged: what was learnt of it, and the
 * samples since, or those of the last [forecast] history_rows.  Main context.
 */

/* Takes nothing; series is the callee's from here on, NULL where there can be none (error).
 * history: OrfJudgeSample of number, by time; borrowed. */
typedef void (*OrfJudgeOpened) (
  gpointer user_data, guint number, OrfJudgeSeries *series, GArray *history, const GError *error);

/* spec is copied; until_us: the first sample that is not asked for.  The store tells in any case,
 * when it is closed at the latest. */
void orf_judge_open (OrfStore *store,
                     const OrfConfig *config,
                     const OrfJudgeSpec *spec,
                     gint64 until_us,
                     OrfJudgeOpened opened,
                     gpointer user_data);

G_END_DECLS
