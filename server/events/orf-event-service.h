/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* events.mark and events.list: deploys and notes on the time line.  Main context. */
typedef struct _OrfEventService OrfEventService;

/* Reads the file once, at start, blocking.  config and store outlive it; it outlives the calls. */
OrfEventService *orf_event_service_new (const OrfConfig *config, OrfStore *store, GError **error);
void orf_event_service_free (OrfEventService *service);
/* A note of the daemon's own, now. */
void orf_event_service_note (OrfEventService *service, const char *text);
void orf_event_service_bind (OrfEventService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfEventService, orf_event_service_free)

G_END_DECLS
