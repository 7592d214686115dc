/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "workers/orf-process-memory.h"

G_BEGIN_DECLS

/*
 * What is in use of a device, and by processes on it, looked at now: the device by its probe, and
 * the processes by the probe too, or by the kernel where the device shares the host's memory.  A
 * probe that hangs holds nobody up for long.  Main context.
 */
typedef struct _OrfCleanupMeter OrfCleanupMeter;

typedef struct {
  gint64 t_us;         /* monotonic: when it was asked for */
  gint64 device_bytes; /* in use by everyone; -1: not known */
  gint64 total_bytes;  /* -1: not known */
  /* Of the processes asked for; 0: it has gone; -1: cannot be told. */
  const gint64 *process_bytes;
  const gint64 *pids;
  guint n_processes;
} OrfCleanupLook;

/* Whether a sum has it: of several workers that are one process only the first. */
gboolean orf_cleanup_look_counts (const OrfCleanupLook *look, guint process);
/* What all processes together use, each once; -1: not all can be told. */
gint64 orf_cleanup_look_sum_processes (const OrfCleanupLook *look);

/* The last thing that the meter does in its turn of the loop: it may look again, and be freed. */
typedef void (*OrfCleanupLooked) (gpointer user_data, const OrfCleanupLook *look);

/* gpu and processes outlive it. */
OrfCleanupMeter *orf_cleanup_meter_new (OrfGpuMonitor *gpu,
                                        OrfProcessMemory *processes,
                                        const char *device,
                                        OrfCleanupLooked looked,
                                        gpointer user_data);
void orf_cleanup_meter_free (OrfCleanupMeter *meter);

/* One at a time: none is under way.  pids -1: none is known.  What is not there after patience_us
 * (at least ORF_CLEANUP_PATIENCE_US) is not known; a probe that let a look wait once is not waited
 * for longer than that. */
void orf_cleanup_meter_look (OrfCleanupMeter *meter,
                             const gint64 *pids,
                             guint n_pids,
                             gint64 patience_us);
#define ORF_CLEANUP_PATIENCE_US G_GINT64_CONSTANT (300000)
/* The same of the processes alone, where the kernel tells them: quicker, and what the device has in
 * use is not known.  FALSE: it does not. */
gboolean orf_cleanup_meter_glance (OrfCleanupMeter *meter,
                                   const gint64 *pids,
                                   guint n_pids,
                                   gint64 patience_us);
gboolean orf_cleanup_meter_is_looking (const OrfCleanupMeter *meter);
/* Whether the device shares the host's memory, as far as is known. */
gboolean orf_cleanup_meter_is_unified (const OrfCleanupMeter *meter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupMeter, orf_cleanup_meter_free)

G_END_DECLS
