/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "judge/orf-judge-metrics.h"
#include "judge/orf-judge-series.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * Forecasts while they are made: which series are in question, the thread that judges them, and the
 * way of what it finds to the file.  Each sample of such a series is noted as it goes to its chunk;
 * with each frame all that was noted is handed over at once.  Main context.
 */
typedef struct _OrfJudge OrfJudge;

typedef struct {
  const OrfConfig *config;
  OrfStore *store;
  OrfRegistry *registry;
  OrfSampler *sampler;
  OrfMemory *memory;
} OrfJudgeParts;

/* parts is copied; what it names outlives the judge, but for sampler, registry and store, which
 * outlive orf_judge_stop().  INVALID_ARGUMENT: a key of [forecast]. */
OrfJudge *orf_judge_new (const OrfJudgeParts *parts, GError **error);
/* What is learnt goes to the store; waits for the thread. */
void orf_judge_stop (OrfJudge *judge);
/* After the store is closed, which ends what was asked of it. */
void orf_judge_free (OrfJudge *judge);
/* After each frame. */
void orf_judge_tick (OrfJudge *judge);

/* A warning is said: whoever listens says or does something of it, sets the row's `action` (a
 * static string) and `cleanup_id`, and then the row is written.  text: what is expected, in words.
 */
typedef void (*OrfJudgeWarned) (gpointer user_data, OrfForecastWarningRow *row, const char *text);
void orf_judge_set_warned (OrfJudge *judge, OrfJudgeWarned warned, gpointer user_data);

/* ---- what is no series ----------------------------------------------------------------------- */

/* Rows of those that were opened here (spec.told), with their outlook, as they come back. */
typedef void (*OrfJudgeRowTold) (gpointer user_data, const OrfJudgeRow *row);
/* Each is called for rows of any number. */
void orf_judge_add_listener (OrfJudge *judge, OrfJudgeRowTold told, gpointer user_data);
/* Its number; 0: there is no room (as many as [forecast] max_series, beside those), or forecasts
 * are turned off.  spec is
 * copied; number, series_id and told of it are not looked at. */
guint orf_judge_add_subject (OrfJudge *judge, const OrfJudgeSpec *spec);
void orf_judge_feed (OrfJudge *judge, guint number, gint64 t_us, double value);
/* What was learnt of it is saved. */
void orf_judge_remove_subject (OrfJudge *judge, guint number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudge, orf_judge_free)

G_END_DECLS
