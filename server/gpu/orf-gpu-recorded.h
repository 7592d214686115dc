/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "orf-schema-types.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Binds gpu.list and gpu.profile for a file with no daemon: the devices as their last samples in it
 * have them, backend `file`.  Names, vendors and processes are not among samples. */
void orf_gpu_recorded_bind (OrfRouter *router, const OrfMetricsParts *parts);

/* devices: OrfGpuDevice by id, owned by whoever is told; NULL on error. */
typedef void (*OrfGpuRecordedDone) (gpointer user_data, GPtrArray *devices, const GError *error);
/* The same devices for others: by their newest samples, those of this run from memory, with a
 * daemon too.  device NULL: all; copied. */
void orf_gpu_recorded_read (const OrfMetricsParts *parts,
                            const char *device,
                            OrfCancel *cancel,
                            OrfGpuRecordedDone done,
                            gpointer user_data);

/* NULL: none of the devices is called so; id NULL: none is. */
OrfGpuDevice *orf_gpu_recorded_find (const GPtrArray *devices, const char *id);

G_END_DECLS
