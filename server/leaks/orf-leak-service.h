/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* gpu.leaks, from the file.  store outlives the router. */
void orf_leak_service_bind (OrfRouter *router, OrfStore *store);

G_END_DECLS
