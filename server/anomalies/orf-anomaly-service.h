/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomalies.h"

G_BEGIN_DECLS

/*
 * The methods anomalies.* but score: what is told is what the file has, by a daemon that runs or
 * one that did; and what callers say of an anomaly.  Main context.
 */
typedef struct _OrfAnomalyService OrfAnomalyService;

/* parts outlive it. */
OrfAnomalyService *orf_anomaly_service_new (const OrfMetricsParts *parts);
void orf_anomaly_service_free (OrfAnomalyService *service);
void orf_anomaly_service_bind (OrfAnomalyService *service, OrfRouter *router);
/* Of a daemon that runs; NULL: it stops. */
void orf_anomaly_service_set_live (OrfAnomalyService *service, OrfAnomalies *anomalies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyService, orf_anomaly_service_free)

G_END_DECLS
