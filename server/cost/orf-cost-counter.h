/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"

G_BEGIN_DECLS

/* rise: by how much all of them grew; NAN: there is none, or nothing could be read. */
typedef void (*OrfCostCounterDone) (gpointer user_data, double rise);
/* What the counters that selector means counted in from_us <= t_us < to_us.  selector "", or one
 * that is none: there is none. */
void orf_cost_counter_read (const OrfMetricsParts *parts,
                            const char *selector,
                            gint64 from_us,
                            gint64 to_us,
                            OrfCancel *cancel,
                            OrfCostCounterDone done,
                            gpointer user_data);

G_END_DECLS
