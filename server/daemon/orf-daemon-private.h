/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/orf-daemon.h"

#include "actuators/orf-actuators.h"
#include "alerts/orf-alerts.h"
#include "anomalies/orf-anomalies.h"
#include "audit/orf-audit-log.h"
#include "cleanup/orf-cleanup-calls.h"
#include "cache/orf-cache-frame.h"
#include "cache/orf-cache.h"
#include "core/orf-config.h"
#include "core/orf-turn.h"
#include "cost/orf-cost-meter.h"
#include "cost/orf-cost-spans.h"
#include "daemon/orf-core.h"
#include "daemon/orf-descriptors.h"
#include "daemon/orf-log.h"
#include "daemon/orf-metrics-page.h"
#include "daemon/orf-paths.h"
#include "export/orf-trace-export.h"
#include "gpu/orf-device-event-service.h"
#include "gpu/orf-device-events.h"
#include "gpu/orf-gpu-frame.h"
#include "gpu/orf-gpu-service.h"
#include "gpu/orf-gpu-states.h"
#include "gpu/orf-largest.h"
#include "gpu/orf-orphan-service.h"
#include "host/orf-memory-watch.h"
#include "incidents/orf-black-box.h"
#include "jaeger/orf-jaeger.h"
#include "judge/orf-judge.h"
#include "leaks/orf-leaks.h"
#include "metrics/orf-dashboard.h"
#include "metrics/orf-metrics-watch.h"
#include "orf-encode.h"
#ifdef HAVE_PAGE
#include "page/orf-page.h"
#endif
#include "otlp/orf-otlp-service.h"
#include "notify/orf-notifier.h"
#include "remote/orf-remote-write.h"
#include "scrape/orf-scrape-service.h"
#include "status/orf-discover.h"
#include "status/orf-health-service.h"
#include "status/orf-status-service.h"
#include "traces/orf-own-tracer.h"
#include "traces/orf-span-metrics.h"
#include "transport/orf-http-server.h"
#include "transport/orf-socket-server.h"
#include "websocket/orf-ws-server.h"
#include "workers/orf-worker-devices.h"
#include "workers/orf-worker-frame.h"
#include "workers/orf-worker-keeper.h"
#include "workers/orf-worker-service.h"
#include "workers/orf-worker-trouble.h"

G_BEGIN_DECLS

/* What the files of the daemon share: all its parts. */
struct _OrfDaemon {
  OrfConfig *config;
  OrfCore *core;
  OrfAuditLog *audit;
  OrfSampler *sampler;
  OrfScraper *scraper;
  OrfHostMonitor *host; /* NULL: [host] enabled=false */
  OrfSelfMonitor *self;
  OrfMemoryWatch *memory_watch;
  OrfGpuMonitor *gpu;
  OrfGpuFrame *gpu_frame;
  OrfGpuStates *gpu_states;
  OrfSpanMetrics *span_metrics;
  OrfBlackBox *black_box;
  OrfDeviceEvents *device_events;
  OrfDeviceEventService *device_event_service;
  OrfOrphans *orphans;
  OrfOrphanService *orphan_service;
  OrfLargest *largest;
  OrfGpuService *gpu_service;
  OrfWorkers *workers;
  OrfWorkerKeeper *worker_keeper;
  OrfWorkerDevices *worker_devices;
  OrfWorkerFrame *worker_frame;
  OrfWorkerService *worker_service;
  OrfCleaner *cleaner;
  OrfJudge *judge;
  OrfLeaks *leaks;
  OrfCostMeter *cost;
  OrfCostSpans *cost_spans;
  OrfActuators *actuators;
  OrfOutbox *outbox;
  OrfRemoteWrite *remote_write;
  OrfTraceExport *trace_export;
  OrfNotifier *notifier;
  OrfAlerts *alerts;
  OrfAnomalies *anomalies;
  OrfOwnTracer *own_tracer; /* NULL: [trace] service_name is empty */
  OrfMetricsWatch *metrics_watch;
  OrfDashboard *dashboard;
  OrfStatusParts parts;
  OrfHealthService *health;
  OrfStatusService *status;
  OrfDiscover *discover;
  OrfExposition *exposition; /* NULL: no HTTP */
  char *socket_path, *cache_path;
  OrfRpcReader *reader; /* NULL: nothing listens yet */
  OrfPoller *poller;
  OrfGate *gate;
  OrfHttpServer *http;        /* NULL: [listen] http is empty */
  OrfWsServer *websocket;     /* NULL where http is */
  OrfHttpServer *otlp_http;   /* NULL: [otlp] listen is empty */
  OrfOtlpService *otlp;       /* NULL: no HTTP at all */
  OrfHttpServer *jaeger_http; /* NULL: [jaeger] listen is empty */
  OrfJaeger *jaeger;
  guint review_id;
  OrfSocketServer *socket;
  OrfCache *cache;
  OrfCacheFrame *cache_frame;

  guint draining; /* servers, and what else, that still have something in flight */
  void (*drained) (gpointer user_data);
  gpointer drained_data;
};

/* HTTP, WebSocket, OTLP and the Unix socket. */
gboolean orf_daemon_start_listeners (OrfDaemon *daemon, GError **error);
/* Ends those of whom may not be there any more. */
void orf_daemon_review_streams (OrfDaemon *daemon);

G_END_DECLS
