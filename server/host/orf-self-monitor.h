/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/orf-stalls.h"
#include "metrics/orf-sampler.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * What the daemon itself costs and does: a source of the sampler, and what status.get tells of it.
 */
typedef struct _OrfSelfMonitor OrfSelfMonitor;

typedef struct {
  OrfSampler *sampler;
  OrfRegistry *registry;
  OrfStore *store;
  OrfRouter *router;
  const OrfConfig *config; /* [host] sample_us is its pace too */
} OrfSelfMonitorParts;

/* The parts outlive its use: free it after the sampler. */
OrfSelfMonitor *orf_self_monitor_new (const OrfSelfMonitorParts *parts);
void orf_self_monitor_free (OrfSelfMonitor *monitor);

/* Who held the main loop up; it lives as long. */
const OrfStalls *orf_self_monitor_get_stalls (OrfSelfMonitor *monitor);

/* As /proc has it now. */
typedef struct {
  gint64 rss_bytes; /* -1: unknown */
  gint64 threads;   /* -1: unknown */
} OrfSelfCost;
OrfSelfCost orf_self_cost_read (void);
/* Of one core, all threads, in the last sampling period; NAN: not yet known. */
double orf_self_monitor_get_cpu_percent (OrfSelfMonitor *monitor);
/* 0: not yet */
gint64 orf_self_monitor_get_sampled_us (OrfSelfMonitor *monitor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSelfMonitor, orf_self_monitor_free)

G_END_DECLS
