/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cost/orf-cost-prices.h"
#include "gpu/orf-gpu-monitor.h"
#include "metrics/orf-sampler.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * Each device's time as it passes: from one sample to the next it was used or idle, at the price
 * that holds then; longer than three periods, and ten seconds, without a sample it was unseen. Main
 * context.
 */
typedef struct _OrfCostMeter OrfCostMeter;

typedef struct {
  const OrfConfig *config;
  OrfStore *store;
  OrfWorkers *workers;
  OrfSampler *sampler; /* to which it is a source */
} OrfCostMeterParts;

/* Reads the file once, at start, blocking.  parts is copied, what it names outlives its stop.
 * INVALID_ARGUMENT: a key of [cost]. */
OrfCostMeter *orf_cost_meter_new (const OrfCostMeterParts *parts, GError **error);
/* What is not written goes on its way; nothing is measured any more. */
void orf_cost_meter_stop (OrfCostMeter *meter);
/* After the store is closed. */
void orf_cost_meter_free (OrfCostMeter *meter);
/* Prices from now on; as they were where they are wrong, which is told. */
gboolean orf_cost_meter_reload (OrfCostMeter *meter, GError **error);

/* Each sample of a device; NULL: its probe left it out. */
void orf_cost_meter_look (OrfCostMeter *meter,
                          const OrfGpuSnapshot *snapshot,
                          const OrfProbeDeviceSample *sample,
                          gint64 now_us);
/* After each frame: a minute that is over is written. */
void orf_cost_meter_tick (OrfCostMeter *meter, gint64 now_us);
/* What was measured until now is in the file, or could not be written, when done is called: later,
 * or at once where there is nothing. */
void
orf_cost_meter_flush (OrfCostMeter *meter, void (*done) (gpointer user_data), gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostMeter, orf_cost_meter_free)

G_END_DECLS
