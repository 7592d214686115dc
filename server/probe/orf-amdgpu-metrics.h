/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The file gpu_metrics of amdgpu: a table of the power management's firmware.  Its head tells the
 * layout (kgd_pp_interface.h of the kernel); of those only where the throttle status is and whether
 * the device is an APU is read here, as everything else is also told by files of text.
 */
typedef struct {
  gboolean is_apu; /* it works in the host's memory */
  /* Both as unknown where the table says so by ones. */
  gboolean has_throttle;
  guint64 throttle; /* bits SMU_THROTTLER_*, the same of all devices; see throttle_is_generic */
  gboolean throttle_is_generic; /* FALSE: the bits mean what this kind of device says */
} OrfAmdgpuMetrics;

/* Pure.  FALSE: too short, or of a layout that is not known. */
gboolean orf_amdgpu_metrics_parse (const guint8 *data, gsize size, OrfAmdgpuMetrics *metrics);

/* The words of schema/internal/probe.json for what holds the clocks down; takes what they are put
 * into: char *, owned by it. */
void orf_amdgpu_metrics_add_reasons (const OrfAmdgpuMetrics *metrics, GPtrArray *reasons);

G_END_DECLS
