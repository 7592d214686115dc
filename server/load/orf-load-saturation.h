/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What gave way under a load, and when of the run.  Pure.
 *
 * A series that has a limit of its own (devices, the host, the daemon) is saturated from the first
 * of three values in a row beyond it.  One that has none (latencies, memory, the hit rate) has its
 * knee where three in a row are far from the median of the run's first tenth.  The client's side
 * tells when requests began to fail, and when less was answered than planned.
 */

/* slices: OrfLoadSlice.  critical_percent: of device memory.  OrfLoadSaturation by time; of the
 * same time the server's first. */
GPtrArray *orf_load_saturation_find (const OrfLoadServer *server,
                                     const GPtrArray *slices,
                                     double critical_percent);

G_END_DECLS
