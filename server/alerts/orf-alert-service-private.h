/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-service.h"
#include "alerts/orf-alert-silences.h"
#include "core/orf-id.h"

G_BEGIN_DECLS

/* What the files of the service share: one is for what is told, one for what is said. */
struct _OrfAlertService {
  const OrfMetricsParts *parts;
  OrfAlertBook *book;
  OrfAlertSilences *silences;
  OrfAlerts *alerts;     /* NULL: nothing runs */
  OrfNotifier *notifier; /* NULL: the same */
};

/* FALSE: the call has failed, NOT_FOUND. */
gboolean orf_alert_service_parse_id (OrfCall *call, OrfIdKind kind, const char *text, gint64 *id);
/* alerts.acknowledge, set_rule, delete_rule, silence, unsilence. */
void orf_alert_service_bind_writes (OrfAlertService *service, OrfRouter *router);
/* alerts.test_rule. */
void orf_alert_service_bind_test (OrfAlertService *service, OrfRouter *router);
/* Of the entry alone, without its record. */
OrfAlertRuleInfo *
orf_alert_service_make_rule (OrfAlertService *service, const OrfAlertEntry *entry);
OrfAlertSilenceInfo *orf_alert_service_make_silence (const OrfSilenceRow *row);

G_END_DECLS
