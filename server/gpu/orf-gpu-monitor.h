/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "gpu/orf-pressure.h"
#include "gpu/orf-probe-child.h"
#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * All devices of all backends: a probe for each backend, and the latest that each said.
 */
typedef struct _OrfGpuMonitor OrfGpuMonitor;

typedef struct {
  OrfGpuDevice *device; /* as gpu.list answers it */
  gint64 xid, xid_us;   /* the driver's last error, and when it was told; 0: none */
  gboolean unified;     /* it shares the host's memory: what is in use of it is the system's */
  gboolean
    gone; /* its probe is not up, or left it out of the last sample: what it had is unknown */
  gboolean fresh;             /* sampled, and not yet in a frame */
  gboolean processes_changed; /* and not yet in the file */
} OrfGpuSnapshot;

/* probe_path: of orfeas-probe.  config is read now, and again by orf_gpu_monitor_reload().  Starts
 * the probes and does not wait for them.  INVALID_ARGUMENT (field gpu.backends) for an unknown
 * backend. */
OrfGpuMonitor *orf_gpu_monitor_new (const OrfConfig *config,
                                    const char *probe_path,
                                    GMainContext *context,
                                    GError **error);
void orf_gpu_monitor_free (OrfGpuMonitor *monitor);
/* Takes over the pressure thresholds. */
void orf_gpu_monitor_reload (OrfGpuMonitor *monitor, const OrfConfig *config);

/* Called whenever the last answer that is waited for has come, also for the ask that each probe
 * gets by itself as soon as it is up. */
void orf_gpu_monitor_set_settled (OrfGpuMonitor *monitor,
                                  void (*settled) (gpointer user_data),
                                  gpointer user_data);
/* Called with each sample of each device that get_devices tells; sample NULL: its probe answered,
 * and left it out. */
typedef void (*OrfGpuSampled) (gpointer user_data,
                               const OrfGpuSnapshot *snapshot,
                               const OrfProbeDeviceSample *sample,
                               gint64 now_us);
void
orf_gpu_monitor_set_sampled (OrfGpuMonitor *monitor, OrfGpuSampled sampled, gpointer user_data);
/* Asks every probe that is up and has no open ask.  Returns how many answers are then waited for;
 * with 0 `settled` is not called.  A probe that hangs is not waited for again and again. */
guint orf_gpu_monitor_ask (OrfGpuMonitor *monitor);
/* Answers that have not come, waited for or not. */
guint orf_gpu_monitor_get_pending (OrfGpuMonitor *monitor);

/* looked: once, never before orf_gpu_monitor_look() returns; snapshot NULL: the device could not be
 * sampled.  It may look again, and cancel others. */
typedef void (*OrfGpuLooked) (gpointer user_data, const OrfGpuSnapshot *snapshot);
/* A sample of the device that is begun from now on, for those to whom the last is too old.  An id,
 * never 0. */
guint orf_gpu_monitor_look (OrfGpuMonitor *monitor,
                            const char *device,
                            OrfGpuLooked looked,
                            gpointer user_data);
void orf_gpu_monitor_cancel_look (OrfGpuMonitor *monitor, guint id);

/* Of OrfGpuSnapshot, by backend in config's order and by device in the probe's.  A device appears
 * with its first sample, and when it is gone it stays until its probe, back again, does not name
 * it. Borrowed, until the next turn of the loop. */
GPtrArray *orf_gpu_monitor_get_devices (OrfGpuMonitor *monitor);
/* What the allocators of processes on a device say of themselves; -1 and NAN: unknown. */
typedef struct {
  gint64 allocated_bytes;
  gint64 reserved_bytes;
  gint64 largest_free_bytes;
  double fragmentation_percent;
} OrfGpuHeld;
/* From now on, in place of what its backend may tell of these; all unknown: the backend's again,
 * from its next sample on.  The device need not be known yet. */
void orf_gpu_monitor_set_held (OrfGpuMonitor *monitor, const char *device, const OrfGpuHeld *held);

/* Changes with each change of what get_devices holds. */
guint64 orf_gpu_monitor_get_generation (OrfGpuMonitor *monitor);
/* Whether any device is so full that it is worth sampling at [gpu] burst_us. */
gboolean orf_gpu_monitor_wants_burst (OrfGpuMonitor *monitor);

/* For status.get, in the config's order. */
typedef struct {
  const char *backend;
  OrfProbeState state;
  const char *reason; /* NULL while operational */
  gint64 pid;         /* -1: none runs */
  gint64 rss_bytes;   /* -1: none runs */
  guint restarts;
  gint64 sampled_us;     /* 0: not yet */
  const char *unguarded; /* what its sandbox lacks; NULL: nothing */
  gboolean absent;       /* of `auto`: its probe has said in order that there is nothing for it */
} OrfGpuSource;

guint orf_gpu_monitor_get_n_sources (OrfGpuMonitor *monitor);
/* Its strings are borrowed, until the next turn of the loop. */
OrfGpuSource orf_gpu_monitor_get_source (OrfGpuMonitor *monitor, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuMonitor, orf_gpu_monitor_free)

G_END_DECLS
