/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* incidents.*: windows of time whose evidence retention leaves alone.  Main context. */
typedef struct _OrfIncidentService OrfIncidentService;

/* Reads the file once, at start, blocking.  config and store outlive it; it outlives the calls. */
OrfIncidentService *
orf_incident_service_new (const OrfConfig *config, OrfStore *store, GError **error);
void orf_incident_service_free (OrfIncidentService *service);
/* For one that is recorded by somebody else; not given again. */
gint64 orf_incident_service_take_id (OrfIncidentService *service);
void orf_incident_service_bind (OrfIncidentService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfIncidentService, orf_incident_service_free)

G_END_DECLS
