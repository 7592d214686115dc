/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/* GET /metrics, answered by exposition, which outlives the server. */
void orf_metrics_page_add (OrfHttpServer *server, OrfExposition *exposition);

G_END_DECLS
