/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-inspector.h"

#include <unistd.h>

#include "cleanup/orf-cleanup-service.h"
#include "core/orf-config.h"
#include "daemon/orf-core.h"
#include "gpu/orf-device-event-service.h"
#include "gpu/orf-gpu-recorded.h"
#include "status/orf-discover.h"
#include "status/orf-health-service.h"
#include "status/orf-status-service.h"
#include "transport/orf-socket-session.h"
#include "workers/orf-worker-recorded.h"

struct _OrfInspector {
  OrfConfig *config;
  OrfCore *core;
  OrfDeviceEventService *device_events;
  OrfStatusParts parts;
  OrfHealthService *health;
  OrfStatusService *status;
  OrfDiscover *discover;
  OrfPoller *poller;
  OrfSocketSession *session;
  void (*ended) (gpointer user_data);
  gpointer user_data;
};

static void
closed_cb (gpointer user_data, OrfSocketSession *session)
{
  OrfInspector *inspector = user_data;

  inspector->ended (inspector->user_data);
}

static gboolean
start_session (OrfInspector *inspector, GError **error)
{
  const OrfSocketSessionOptions options = {
    .router = inspector->core->router,
    .poller = inspector->poller,
    .max_queue_bytes = (gsize) inspector->config->socket.max_queue_bytes,
    .role = ORF_ROLE_ADMIN, /* who can read the file needs no one's leave */
    .actor = "stdio",
    .closed = closed_cb,
    .user_data = inspector,
  };

  inspector->session = orf_socket_session_new (&options, STDIN_FILENO, STDOUT_FILENO, error);
  return inspector->session != NULL;
}

static void
bind_services (OrfInspector *inspector)
{
  OrfRouter *router = inspector->core->router;

  inspector->parts = (OrfStatusParts){
    .config = inspector->config,
    .memory = inspector->core->memory,
    .router = router,
    .store = inspector->core->store,
    .registry = inspector->core->registry,
  };
  orf_gpu_recorded_bind (router, &inspector->core->metrics);
  orf_worker_recorded_bind (router, inspector->core->store);
  orf_cleanup_service_bind (router, inspector->core->store);
  inspector->device_events = orf_device_event_service_new (router, inspector->core->store, NULL);
  inspector->health = orf_health_service_new (router, &inspector->parts);
  inspector->status = orf_status_service_new (router, &inspector->parts);
  inspector->discover = orf_discover_new (router, NULL);
  orf_health_service_set_serving (inspector->health, TRUE);
}

OrfInspector *
orf_inspector_new (OrfConfig *config,
                   void (*ended) (gpointer user_data),
                   gpointer user_data,
                   GError **error)
{
  g_autoptr (OrfInspector) inspector = g_new0 (OrfInspector, 1);

  inspector->config = config;
  inspector->ended = ended;
  inspector->user_data = user_data;
  inspector->core = orf_core_new (config, TRUE, error);
  if (inspector->core == NULL)
    return NULL;
  bind_services (inspector);
  inspector->poller = orf_poller_new (NULL, error);
  if (inspector->poller == NULL || !start_session (inspector, error))
    return NULL;
  return g_steal_pointer (&inspector);
}

void
orf_inspector_free (OrfInspector *inspector)
{
  g_clear_pointer (&inspector->session, orf_socket_session_free);
  g_clear_pointer (&inspector->core, orf_core_free);
  g_clear_pointer (&inspector->device_events, orf_device_event_service_free);
  g_clear_pointer (&inspector->health, orf_health_service_free);
  g_clear_pointer (&inspector->status, orf_status_service_free);
  g_clear_pointer (&inspector->discover, orf_discover_free);
  g_clear_pointer (&inspector->poller, orf_poller_free);
  g_clear_pointer (&inspector->config, orf_config_free);
  g_free (inspector);
}
