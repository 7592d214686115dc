/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "metrics/orf-exposition-format.h"

G_BEGIN_DECLS

/*
 * NVIDIA's devices under the names and labels of NVIDIA's own exporter (DCGM), so that boards and
 * rules made for that find them here.  Only what is really known: a value that is not has no line.
 */

/* devices: of OrfGpuSnapshot.  Pure. */
void orf_dcgm_text_append (const GPtrArray *devices,
                           const char *hostname,
                           OrfExpositionFormat format,
                           GString *out);

G_END_DECLS
