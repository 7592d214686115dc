/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What the kernel says of one open file of a GPU (/proc/PID/fdinfo/FD, the kernel's
 * Documentation/gpu/drm-usage-stats.rst), as amdgpu writes it.  A plain value.
 */
typedef struct {
  char pdev[32];     /* "0000:03:00.0" */
  gboolean has_id;   /* kernels before 5.19 do not tell it */
  guint64 id;        /* the same in all descriptors of one client, of all processes */
  gint64 vram_bytes; /* resident in the device's own memory; -1: not told */
  gint64 gtt_bytes;  /* and in the host's, as the device uses it; -1: not told */
} OrfDrmClient;

/* Pure.  FALSE: no file of the driver amdgpu, or one that does not say of which device. */
gboolean orf_drm_fdinfo_parse (const char *text, OrfDrmClient *client);

G_END_DECLS
