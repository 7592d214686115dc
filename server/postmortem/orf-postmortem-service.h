/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Answers postmortem.build from the file, with or without a daemon.  Main context. */
typedef struct _OrfPostmortemService OrfPostmortemService;

/* parts outlives it.  live: a daemon writes the file. */
OrfPostmortemService *orf_postmortem_service_new (const OrfMetricsParts *parts, gboolean live);
void orf_postmortem_service_free (OrfPostmortemService *service);
void orf_postmortem_service_bind (OrfPostmortemService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPostmortemService, orf_postmortem_service_free)

G_END_DECLS
