/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* A trace as a report draws it.  Pure. */

/* rows: OrfSpanRow of one trace.  n_more: spans that were not read. */
OrfPostmortemWaterfall *
orf_postmortem_waterfall_draw (const char *trace_id, const GPtrArray *rows, gint64 n_more);
/* What its time was spent on: OrfPostmortemStep, of the critical path, most first. */
GPtrArray *orf_postmortem_waterfall_find_path (const GPtrArray *rows);

G_END_DECLS
