/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "probe/orf-nvml-device.h"

G_BEGIN_DECLS

/* The driver's errors (XID) as they come, without a wait. */
typedef struct _OrfNvmlXids OrfNvmlXids;

/* devices: of OrfNvmlDevice; outlives this.  Without the interface's calls for it nothing is ever
 * told. */
OrfNvmlXids *orf_nvml_xids_new (OrfNvml *nvml, GPtrArray *devices);
void orf_nvml_xids_free (OrfNvmlXids *xids);

/* Adds what came since the last time to the samples, of OrfProbeDeviceSample by the index of their
 * devices: of a part where the driver says which, else of the whole. */
void orf_nvml_xids_read (OrfNvmlXids *xids, GPtrArray *samples);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNvmlXids, orf_nvml_xids_free)

G_END_DECLS
