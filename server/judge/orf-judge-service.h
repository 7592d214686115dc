/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-config.h"
#include "orf-schema-types.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * predictions.list and predictions.accuracy, from the file: what is told is what was written down,
 * by a daemon that runs or one that did.  Main context.
 */
typedef struct _OrfJudgeService OrfJudgeService;

/* config and store outlive it.  INVALID_ARGUMENT: a key of [forecast]. */
OrfJudgeService *orf_judge_service_new (const OrfConfig *config, OrfStore *store, GError **error);
void orf_judge_service_free (OrfJudgeService *service);
void orf_judge_service_bind (OrfJudgeService *service, OrfRouter *router);

/* Who fills `health` and `recommendations` of predictions.list, which are there and empty; NULL:
 * they stay so. */
typedef void (*OrfJudgeHealth) (gpointer user_data, OrfPredictionsListResult *result);
void
orf_judge_service_set_health (OrfJudgeService *service, OrfJudgeHealth health, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJudgeService, orf_judge_service_free)

G_END_DECLS
