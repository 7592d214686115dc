/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* load.record, load.list and load.get: load tests, beside the metrics of the same time.  Main
 * context. */
typedef struct _OrfLoadService OrfLoadService;

/* Reads the file once, at start, blocking.  parts outlives it; it outlives the calls. */
OrfLoadService *orf_load_service_new (const OrfMetricsParts *parts, GError **error);
void orf_load_service_free (OrfLoadService *service);
void orf_load_service_bind (OrfLoadService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadService, orf_load_service_free)

G_END_DECLS
