/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "gpu/orf-gpu-monitor.h"

G_BEGIN_DECLS

/* A device that a probe named.  before: the one of the same id until now, whose time of sampling
 * and pressure are kept; may be NULL. */
OrfGpuSnapshot *orf_gpu_snapshot_new (const char *backend,
                                      const OrfProbeDevice *facts,
                                      const OrfGpuSnapshot *before);
void orf_gpu_snapshot_free (OrfGpuSnapshot *snapshot);
/* Of OrfGpuSnapshot, the one of that device; NULL: none. */
OrfGpuSnapshot *orf_gpu_snapshot_find (const GPtrArray *snapshots, const char *id);

/* What was sampled, and what follows from it: percent, pressure, fragmentation. */
void orf_gpu_snapshot_update (OrfGpuSnapshot *snapshot,
                              const OrfProbeDeviceSample *sample,
                              const OrfPressureThresholds *thresholds,
                              gint64 now_us);
/* What allocators on it say; nothing where it is gone, or they say nothing. */
void orf_gpu_snapshot_hold (OrfGpuSnapshot *snapshot, const OrfGpuHeld *held);
/* What is known of it no longer holds: only facts, and when it was last seen, stay. */
void orf_gpu_snapshot_set_gone (OrfGpuSnapshot *snapshot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuSnapshot, orf_gpu_snapshot_free)

G_END_DECLS
