/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-orphans.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* gpu.orphans: what is so now, and from the file whose it last was.  Main context. */
typedef struct _OrfOrphanService OrfOrphanService;

/* Binds the method.  All outlive it; it outlives the calls. */
OrfOrphanService *orf_orphan_service_new (OrfRouter *router, OrfStore *store, OrfOrphans *orphans);
void orf_orphan_service_free (OrfOrphanService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOrphanService, orf_orphan_service_free)

G_END_DECLS
