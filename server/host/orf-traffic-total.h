/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/orf-proc-text.h"

G_BEGIN_DECLS

/*
 * What all devices together moved, as a counter that never falls: a device that goes takes its own
 * counters with it, and one that comes back begins anew.  Pure.
 */
typedef struct _OrfTrafficTotal OrfTrafficTotal;

OrfTrafficTotal *orf_traffic_total_new (void);
void orf_traffic_total_free (OrfTrafficTotal *total);

/* One device, as it counts now. */
void orf_traffic_total_see (OrfTrafficTotal *total, const char *name, const OrfTraffic *traffic);
/* All were seen; the sum. */
OrfTraffic orf_traffic_total_settle (OrfTrafficTotal *total);
/* The text was not whole: what was seen since the last settle counts for nothing. */
void orf_traffic_total_forget (OrfTrafficTotal *total);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTrafficTotal, orf_traffic_total_free)

G_END_DECLS
