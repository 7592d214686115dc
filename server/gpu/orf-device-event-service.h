/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* gpu.events, which is answered from the file.  Main context. */
typedef struct _OrfDeviceEventService OrfDeviceEventService;

/* Binds the method.  monitor: whose devices are known before the file knows them; NULL: there is no
 * daemon.  All outlive it; it outlives the calls. */
OrfDeviceEventService *
orf_device_event_service_new (OrfRouter *router, OrfStore *store, OrfGpuMonitor *monitor);
void orf_device_event_service_free (OrfDeviceEventService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDeviceEventService, orf_device_event_service_free)

G_END_DECLS
