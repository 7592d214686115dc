/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-device-event-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-id.h"
#include "gpu/orf-gpu-snapshot.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"

struct _OrfDeviceEventService {
  OrfStore *store;
  OrfGpuMonitor *monitor; /* NULL: no daemon */
};

static gboolean
is_known (OrfDeviceEventService *service, const char *device)
{
  return device != NULL && service->monitor != NULL &&
         orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (service->monitor), device) != NULL;
}

static OrfGpuEvent *
make_event (const OrfGpuEventRow *row)
{
  OrfGpuEvent *event = orf_gpu_event_new ();

  event->id = orf_id_format (ORF_ID_GPU_EVENT, row->id);
  event->device = g_strdup (row->device);
  event->kind = g_strdup (row->kind);
  event->severity = orf_severity_from_string (row->severity);
  event->has_code = row->has_code;
  event->code = row->code;
  event->text = g_strdup (row->text);
  event->raised_us = row->raised_us;
  event->has_cleared_us = row->has_cleared_us;
  event->cleared_us = row->cleared_us;
  return event;
}

static void
answer (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfGpuEventsResult) result = orf_gpu_events_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_event_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->events, make_event (rows->pdata[i]));
  if (rows->len > n) {
    const OrfGpuEventRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->raised_us, last->id);
  }
  orf_call_return_gpu_events (page->call, result);
}

static void
events_cb (OrfCall *call, const OrfGpuEventsParams *params, gpointer user_data)
{
  OrfDeviceEventService *service = user_data;
  OrfGpuEventFilter filter = {
    .device = params->device,
    .known = is_known (service, params->device),
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  OrfListPage *page;

  page = orf_list_page_new (call, params->limit, params->cursor, answer, &filter.before_us,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_gpu_events (service->store, &filter, orf_call_get_cancel (call),
                               orf_list_page_read_cb, page);
}

OrfDeviceEventService *
orf_device_event_service_new (OrfRouter *router, OrfStore *store, OrfGpuMonitor *monitor)
{
  OrfDeviceEventService *service = g_new0 (OrfDeviceEventService, 1);

  service->store = store;
  service->monitor = monitor;
  orf_bind_gpu_events (router, events_cb, service);
  return service;
}

void
orf_device_event_service_free (OrfDeviceEventService *service)
{
  g_free (service);
}
