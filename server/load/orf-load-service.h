/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* load.record and load.list: load tests, beside the metrics of the same time.  Main context. */
typedef struct _OrfLoadService OrfLoadService;

/* Reads the file once, at start, blocking.  store outlives it; it outlives the calls. */
OrfLoadService *orf_load_service_new (OrfStore *store, GError **error);
void orf_load_service_free (OrfLoadService *service);
void orf_load_service_bind (OrfLoadService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadService, orf_load_service_free)

G_END_DECLS
