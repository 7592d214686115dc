/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"
#include "store/orf-store-loads.h"

G_BEGIN_DECLS

/* A load test beside what was recorded meanwhile. */

/* Answers load.get of that id, now or later.  parts outlives the call.  Main context. */
void orf_load_join_answer (const OrfMetricsParts *parts, OrfCall *call, const char *id);

/* As load.list and load.get tell it. */
OrfLoadRun *orf_load_run_from_row (const OrfLoadRow *row);

G_END_DECLS
