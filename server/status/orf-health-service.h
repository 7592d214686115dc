/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "status/orf-status-facts.h"

G_BEGIN_DECLS

/*
 * health.check, health.watch, and what /healthz and /readyz say.
 */
typedef struct _OrfHealthService OrfHealthService;

/* Binds the methods; router and parts outlive it. */
OrfHealthService *orf_health_service_new (OrfRouter *router, const OrfStatusParts *parts);
void orf_health_service_free (OrfHealthService *service);

/* Serving from here on, or no more: before ready and while draining the daemon does not serve. */
void orf_health_service_set_serving (OrfHealthService *service, gboolean serving);
gboolean orf_health_service_get_serving (OrfHealthService *service);
/* Of a component, by its name in status.get; "": of the daemon.  UNSET: there is none. */
OrfServingStatus orf_health_service_look_up (OrfHealthService *service, const char *name);

/* Looks whether something changed that somebody watches; each second or so. */
void orf_health_service_look (OrfHealthService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHealthService, orf_health_service_free)

G_END_DECLS
