/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Binds gpu.list and gpu.profile for a file with no daemon: the devices as their last samples in it
 * have them, backend `file`.  Names, vendors and processes are not among samples. */
void orf_gpu_recorded_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
