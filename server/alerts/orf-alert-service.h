/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alerts.h"

G_BEGIN_DECLS

/*
 * The methods alerts.*: what is told is what the file has, by a daemon that runs or one that did;
 * and what callers say of rules, alerts and silences.  Main context.
 */
typedef struct _OrfAlertService OrfAlertService;

/* parts outlive it.  INVALID_ARGUMENT: a key of [alerts]. */
OrfAlertService *orf_alert_service_new (const OrfMetricsParts *parts, GError **error);
void orf_alert_service_free (OrfAlertService *service);
void orf_alert_service_bind (OrfAlertService *service, OrfRouter *router);

OrfAlertBook *orf_alert_service_get_book (OrfAlertService *service);
/* Of a daemon that runs: what is said takes hold at once; NULL, NULL: it stops. */
void
orf_alert_service_set_live (OrfAlertService *service, OrfAlerts *alerts, OrfNotifier *notifier);
/* The config has changed. */
void orf_alert_service_reload (OrfAlertService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertService, orf_alert_service_free)

G_END_DECLS
