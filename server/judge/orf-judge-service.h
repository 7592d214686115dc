/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * predictions.list and predictions.accuracy, from the file: what is told is what was written down,
 * by a daemon that runs or one that did; with the health score of what is measured now, and what
 * all forecasts call for, whichever were chosen.  Main context.
 */
typedef struct _OrfJudgeService OrfJudgeService;

/* parts outlive it.  INVALID_ARGUMENT: a key of [forecast]. */
OrfJudgeService *orf_judge_service_new (const OrfMetricsParts *parts, GError **error);
void orf_judge_service_free (OrfJudgeService *service);
void orf_judge_service_bind (OrfJudgeService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudgeService, orf_judge_service_free)

G_END_DECLS
