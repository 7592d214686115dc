/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "gpu/orf-orphans.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * gpu.largest: the largest block that a device gives, found by a probe of its own that asks for it,
 * only where that is switched on and nobody else uses the device.  One at a time.  Main context.
 */
typedef struct _OrfLargest OrfLargest;

typedef struct {
  const OrfConfig *config;
  OrfGpuMonitor *monitor;
  OrfOrphans *orphans;    /* knows of which devices all processes are told */
  const char *probe_path; /* copied */
  /* How many workers say that they use the device. */
  guint (*count_workers) (gpointer user_data, const char *device);
  gpointer user_data;
} OrfLargestParts;

/* Binds the method.  All outlive it. */
OrfLargest *orf_largest_new (OrfRouter *router, const OrfLargestParts *parts);
/* Ends what runs; its call fails. */
void orf_largest_free (OrfLargest *largest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLargest, orf_largest_free)

G_END_DECLS
