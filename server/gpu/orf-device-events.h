/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "incidents/orf-black-box.h"
#include "metrics/orf-sampler.h"
#include "orf-schema-config.h"
#include "orf-schema-types.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * What devices tell, as events that are raised and cleared: rows of `gpu_event`, and counts in the
 * frames.  Critical ones are kept by the black box.  Main context.
 */
typedef struct _OrfDeviceEvents OrfDeviceEvents;

/* Reads the file once, at start, blocking.  What was open when the last daemon ended is cleared,
 * and raised again if it is still so.  All outlive it; box may be NULL. */
OrfDeviceEvents *orf_device_events_new (OrfStore *store, OrfBlackBox *box, GError **error);
void orf_device_events_free (OrfDeviceEvents *events);

/* Each sample of a device.  NULL: its probe answered, and left it out. */
void orf_device_events_look (OrfDeviceEvents *events,
                             const char *device,
                             const OrfProbeDeviceSample *sample,
                             gint64 now_us);
/* Devices that nobody has looked at for an hour are forgotten, and what is open of them is cleared.
 * Each frame does it by itself. */
void orf_device_events_sweep (OrfDeviceEvents *events, gint64 monotonic_us);

/* Its counts go into frames from then on; it is freed after the sampler. */
void orf_device_events_join (OrfDeviceEvents *events, OrfSampler *sampler, const OrfConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDeviceEvents, orf_device_events_free)

G_END_DECLS
