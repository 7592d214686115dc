/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "probe/orf-nvml.h"

G_BEGIN_DECLS

/*
 * One device of NVIDIA's, or a part of one (MIG), and what is remembered of it between two samples.
 */
typedef struct _OrfNvmlDevice OrfNvmlDevice;

/* parent: NULL, or the whole of which this is a part.  It outlives this. */
OrfNvmlDevice *
orf_nvml_device_new (OrfNvml *nvml, OrfNvmlHandle handle, guint index, OrfNvmlDevice *parent);
void orf_nvml_device_free (OrfNvmlDevice *device);

OrfNvmlHandle orf_nvml_device_get_handle (const OrfNvmlDevice *device);
const OrfNvmlDevice *orf_nvml_device_get_parent (const OrfNvmlDevice *device);
/* "pci-DDDD:BB:DD.0", as OpenCL's backend has it, so that a device seen by both is one; of a part,
 * and where the bus is not told, "uuid-HEX". */
const char *orf_nvml_device_get_id (const OrfNvmlDevice *device);
/* Of a part; ORF_NVML_NO_INSTANCE of a whole. */
guint32 orf_nvml_device_get_instance (const OrfNvmlDevice *device);

OrfProbeDevice *orf_nvml_device_describe (OrfNvmlDevice *device);
/* All that the driver tells now.  A call that fails leaves its value unknown; *rc is what the call
 * for memory said. */
OrfProbeDeviceSample *orf_nvml_device_sample (OrfNvmlDevice *device, int *rc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNvmlDevice, orf_nvml_device_free)

G_END_DECLS
