/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Binds gpu.cleanups, which answers from the file, with or without a daemon.  store outlives the
 * router's calls. */
void orf_cleanup_service_bind (OrfRouter *router, OrfStore *store);

G_END_DECLS
