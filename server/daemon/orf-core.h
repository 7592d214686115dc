/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-service.h"
#include "anomalies/orf-anomaly-service.h"
#include "cost/orf-cost-service.h"
#include "events/orf-event-service.h"
#include "incidents/orf-incident-service.h"
#include "judge/orf-judge-service.h"
#include "load/orf-load-service.h"
#include "metrics/orf-metrics-parts.h"
#include "postmortem/orf-postmortem-service.h"
#include "remote/orf-outbox-service.h"
#include "rpc/orf-router.h"
#include "sql/orf-sql-service.h"

G_BEGIN_DECLS

/*
 * What answers calls from the file, with or without sources and listeners: the store, the registry,
 * the router and the methods that need no more.
 */
typedef struct {
  OrfMemory *memory;
  OrfStore *store;
  OrfRegistry *registry;
  OrfMetricsParts metrics;
  OrfEventService *events;
  OrfOutboxService *outbox;
  OrfIncidentService *incidents;
  OrfLoadService *loads;
  OrfSqlService *sql;
  OrfJudgeService *predictions;
  OrfAlertService *alerts;
  OrfAnomalyService *anomalies;
  OrfCostService *cost;
  OrfPostmortemService *postmortem;
  OrfRouter *router;
} OrfCore;

/* config outlives it. */
OrfCore *orf_core_new (const OrfConfig *config, gboolean read_only, GError **error);
/* Takes over what may change. */
void orf_core_reload (OrfCore *core, const OrfConfig *config);
void orf_core_free (OrfCore *core);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCore, orf_core_free)

G_END_DECLS
