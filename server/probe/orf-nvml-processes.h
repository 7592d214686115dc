/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "probe/orf-nvml.h"

G_BEGIN_DECLS

/* Who holds memory of the device: compute, graphics and MPS clients, each process once.  Of
 * OrfProbeProcess, by pid.  NULL: the driver does not tell; *rc is then what it said. */
GPtrArray *orf_nvml_processes_read (OrfNvml *nvml, OrfNvmlHandle device, int *rc);
/* How busy each of them kept the device since *seen_us, which becomes the time of the driver's last
 * sample.  Those of whom it has none were idle; where it has none at all, nothing is known. */
void orf_nvml_processes_read_use (OrfNvml *nvml,
                                  OrfNvmlHandle device,
                                  guint64 *seen_us,
                                  GPtrArray *processes);

G_END_DECLS
