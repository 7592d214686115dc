/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-sampler.h"
#include "export/orf-trace-export.h"
#include "remote/orf-remote-write.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* outbox.list, from the file and, where a daemon delivers, from its state; and that state as
 * built-in series.  Main context. */
typedef struct _OrfOutboxService OrfOutboxService;

/* store outlives it; it outlives the calls. */
OrfOutboxService *orf_outbox_service_new (OrfStore *store);
void orf_outbox_service_free (OrfOutboxService *service);
void orf_outbox_service_bind (OrfOutboxService *service, OrfRouter *router);
/* All outlive the calls. */
void orf_outbox_service_set_live (OrfOutboxService *service,
                                  OrfOutbox *outbox,
                                  OrfRemoteWrite *remote_write,
                                  OrfTraceExport *trace_export);
/* After that. */
void orf_outbox_service_add_source (OrfOutboxService *service,
                                    OrfSampler *sampler,
                                    const OrfConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOutboxService, orf_outbox_service_free)

G_END_DECLS
