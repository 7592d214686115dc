/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* traces.list, get and slow: what is asked of spans.  The store outlives the calls. */
void orf_traces_service_bind (OrfRouter *router, OrfStore *store);
/* traces.services, dependencies and stats: what was counted of them. */
void orf_traces_stats_bind (OrfRouter *router, OrfStore *store);

G_END_DECLS
