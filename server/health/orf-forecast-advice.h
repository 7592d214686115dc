/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What is to be done about what is expected.  Pure: forecasts in, ranked recommendations out, each
 * with the figures it rests on and the command that acts on it.
 *
 * predictions: OrfPredictionInfo, several horizons of a series or one.  Of a series one is made,
 * where its threshold is expected within a day and the time is told: where nothing can be said of
 * the time, nothing is recommended.  Of OrfGpuRecommendation, the nearest first.
 */
GPtrArray *orf_forecast_advise (const GPtrArray *predictions);

G_END_DECLS
