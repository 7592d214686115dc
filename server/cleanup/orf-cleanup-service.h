/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "orf-schema-types.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* gpu.cleanups, which answers from the file.  store outlives the router's calls. */

/* For a file with no daemon. */
void orf_cleanup_service_bind (OrfRouter *router, OrfStore *store);
/* device_known: it is there, though the file may not know it yet. */
void orf_cleanup_service_answer (OrfStore *store,
                                 OrfCall *call,
                                 const OrfGpuCleanupsParams *params,
                                 gboolean device_known);

G_END_DECLS
