/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-cleanup-history.h"
#include "cleanup/orf-cleanup-plan.h"
#include "gpu/orf-gpu-monitor.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* The workers of a device, as the plan has them. */
typedef struct {
  gint64 no;
  char *id;
  char *name;
  gint64 pid;            /* -1: not known */
  gint64 unused_bytes;   /* reserved and not allocated, by its last report; -1: not known */
  gint64 idle_bytes;     /* what of that it could give, or more where it can unload */
  gint64 expected_bytes; /* and what is to be expected */
  gboolean asked;
  char *reason;
} OrfCleanupMember;

/* NULL: its device is not told, and cannot be known. */
const char *orf_cleanup_crew_find_device (OrfGpuMonitor *gpu, const OrfWorker *worker);

/* Of OrfCleanupMember: nobody. */
GPtrArray *orf_cleanup_crew_new_empty (void);
/* Of OrfCleanupMember: all live workers on the device, or only the one, those that are to be asked
 * first and in their order. */
GPtrArray *orf_cleanup_crew_new (OrfWorkers *workers,
                                 OrfGpuMonitor *gpu,
                                 OrfCleanupHistory *history,
                                 const char *device,
                                 const OrfWorker *only,
                                 OrfCleanupLevel level);

G_END_DECLS
