/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-frame.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * The numbers of a device that a probe tells and nobody works with here: from its sample to
 * gpu.list's device, and from there to their series.
 */
void orf_gpu_values_copy (const OrfProbeDeviceSample *sample, OrfGpuDevice *device);
void orf_gpu_values_fill (OrfFrame *frame, const OrfGpuDevice *device);

G_END_DECLS
