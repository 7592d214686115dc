/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* What became of an operation against the same length before.  Pure. */

/* steps: OrfPostmortemStep by time, of baseline and window.  NULL: it had no spans in either. */
OrfPostmortemOperation *
orf_postmortem_operation_compare (const GPtrArray *steps, const OrfPostmortemWindow *window);
/* It became slower or failed more, so that somebody noticed; never one of the daemon's own. */
gboolean orf_postmortem_operation_is_worse (const OrfPostmortemOperation *operation);
/* By how much of its errors more failed, in points; 0: not known. */
double orf_postmortem_operation_get_more_errors (const OrfPostmortemOperation *operation);
/* "api /infer: p99 from 120 ms to 2.31 s, 4.2 % failed (0.1 % before)"; or p50, where that rose
 * more. */
char *orf_postmortem_operation_describe (const OrfPostmortemOperation *operation);
/* Those that became worse first, the worst of them first; of others the busiest. */
int orf_postmortem_operation_compare_cb (gconstpointer a, gconstpointer b);

G_END_DECLS
