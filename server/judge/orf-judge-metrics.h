/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "core/orf-config.h"
#include "forecast/orf-forecaster.h"
#include "metrics/orf-selector.h"

G_BEGIN_DECLS

/*
 * Which series are forecast, and what is known of them beforehand: the built-in metrics, and those
 * of [forecast], which stand for a built-in one of their name.  Pure.
 */
typedef struct {
  char *name;
  OrfSelector *select;
  OrfForecasterSetup setup;
  guint every_rows;
  gint64 lead_us; /* 0: [forecast] lead_us, as it is then */
} OrfJudgeMetric;

typedef struct _OrfJudgeMetrics OrfJudgeMetrics;

/* INVALID_ARGUMENT with the key that is to blame. */
OrfJudgeMetrics *orf_judge_metrics_new (const OrfConfig *config, GError **error);
void orf_judge_metrics_free (OrfJudgeMetrics *metrics);
/* The first that means the series; NULL: it is not forecast. */
const OrfJudgeMetric *
orf_judge_metrics_find (const OrfJudgeMetrics *metrics, const char *name, char *const *labels);
/* How long before the latest of a series a forecast may have been made that is still its latest of
 * some horizon. */
gint64 orf_judge_metrics_get_reach_us (const OrfJudgeMetrics *metrics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudgeMetrics, orf_judge_metrics_free)

G_END_DECLS
