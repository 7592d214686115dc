/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What is to be done about what is expected.  Pure: forecasts and leaks in, ranked recommendations
 * out, each with the figures it rests on and the command that acts on it.
 *
 * predictions: OrfPredictionInfo, several horizons of a series or one.  Of a series one is made,
 * where its threshold is expected within a day and the time is told and can be trusted
 * (orf_forecast_is_trusted()): where nothing can be said of the time, nothing is recommended.
 * leaks: OrfLeakRow, one for each, behind them.  Of OrfGpuRecommendation, the nearest first, then
 * the steepest.
 */
GPtrArray *orf_forecast_advise (const GPtrArray *predictions, const GPtrArray *leaks);

/* There is a time until the threshold, of a series that moves quietly: of others it is seldom right
 * (doc/leaks.md). */
gboolean orf_forecast_is_trusted (const OrfPredictionInfo *prediction);

G_END_DECLS
