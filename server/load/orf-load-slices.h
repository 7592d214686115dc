/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* How a run went over time, out of its report.  Pure. */

/* As many as orfeasctl tells; what a report has beyond is left out. */
#define ORF_LOAD_MAX_SLICES 600

/* OrfLoadSlice by time; none where the report (JSON; may be NULL) does not tell. */
GPtrArray *orf_load_slices_parse (const char *report);
/* How long they are; of a run that took so long. */
gint64 orf_load_slices_get_step (const GPtrArray *slices, gint64 took_us);

G_END_DECLS
