/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "probe/orf-nvml.h"

G_BEGIN_DECLS

/* All that a device tells beside memory and processes: load, clocks, power, heat, bus, errors. */
typedef struct _OrfNvmlValues OrfNvmlValues;

OrfNvmlValues *orf_nvml_values_new (OrfNvml *nvml, OrfNvmlHandle device);
void orf_nvml_values_free (OrfNvmlValues *values);

void orf_nvml_values_read (OrfNvmlValues *values, OrfProbeDeviceSample *sample);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNvmlValues, orf_nvml_values_free)

G_END_DECLS
