/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"
#include "probe/orf-drm-clients.h"

G_BEGIN_DECLS

/*
 * One device of the kernel's amdgpu driver, by its files below /sys/class/drm/cardN/device.
 */
typedef struct _OrfAmdgpu OrfAmdgpu;

/* All of them, by card number: OrfAmdgpu.  root is "/" but for tests. */
GPtrArray *orf_amdgpu_find (const char *root);
void orf_amdgpu_free (OrfAmdgpu *gpu);

void orf_amdgpu_describe (const OrfAmdgpu *gpu, OrfProbeDevice *device);
/* uses: OrfDrmUse of all devices; NULL: not known. */
void orf_amdgpu_sample (const OrfAmdgpu *gpu, GPtrArray *uses, OrfProbeDeviceSample *sample);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAmdgpu, orf_amdgpu_free)

G_END_DECLS
