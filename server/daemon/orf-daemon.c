/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-daemon-private.h"

#include <unistd.h>

/* How long a stream may outlive its token's time; a token that is taken away ends it at once. */
#define REVIEW_S 10

/* ---- sources --------------------------------------------------------------------------------- */

static void
device_sampled_cb (gpointer user_data,
                   const OrfGpuSnapshot *snapshot,
                   const OrfProbeDeviceSample *sample,
                   gint64 now_us)
{
  OrfDaemon *daemon = user_data;

  orf_device_events_look (daemon->device_events, snapshot->device->device, sample, now_us);
  orf_orphans_look (daemon->orphans, snapshot->device->device, snapshot->device->backend, sample,
                    now_us);
  orf_leaks_look (daemon->leaks, snapshot->device->device, sample, now_us);
  orf_cost_meter_look (daemon->cost, snapshot, sample, now_us);
}

/* After the sampler. */
static gboolean
watch_devices (OrfDaemon *daemon, GError **error)
{
  OrfCore *core = daemon->core;

  daemon->black_box = orf_black_box_new (daemon->config, core->store, core->incidents);
  daemon->device_events = orf_device_events_new (core->store, daemon->black_box, error);
  if (daemon->device_events == NULL)
    return FALSE;
  daemon->orphans = orf_orphans_new (NULL);
  orf_device_events_join (daemon->device_events, daemon->sampler, daemon->config);
  orf_orphans_join (daemon->orphans, daemon->sampler, daemon->config);
  orf_gpu_monitor_set_sampled (daemon->gpu, device_sampled_cb, daemon);
  return TRUE;
}

static gboolean
start_sources (OrfDaemon *daemon, GError **error)
{
  g_autofree char *probe = orf_paths_dup_probe ();
  OrfCore *core = daemon->core;

  daemon->gpu = orf_gpu_monitor_new (daemon->config, probe, NULL, error);
  if (daemon->gpu == NULL)
    return FALSE;
  daemon->sampler = orf_sampler_new (core->registry, core->store, daemon->config);
  daemon->gpu_frame = orf_gpu_frame_new (daemon->gpu, daemon->sampler, core->store, daemon->config);
  daemon->gpu_states = orf_gpu_states_new (&(OrfGpuStatesParts){
    .config = daemon->config,
    .monitor = daemon->gpu,
    .sampler = daemon->sampler,
    .registry = core->registry,
    .store = core->store,
  });
  daemon->span_metrics = orf_span_metrics_new (daemon->config, core->store, daemon->sampler);
  if (!watch_devices (daemon, error))
    return FALSE;
  if (daemon->config->host.enabled)
    daemon->host = orf_host_monitor_new (daemon->sampler, daemon->config,
                                         orf_store_get_path (core->store));
  daemon->memory_watch = orf_memory_watch_new (core->memory);
  daemon->self = orf_self_monitor_new (&(OrfSelfMonitorParts){
    .sampler = daemon->sampler,
    .registry = core->registry,
    .store = core->store,
    .router = core->router,
    .config = daemon->config,
  });
  daemon->scraper = orf_scraper_new (
    &(OrfScrapeParts){
      .config = daemon->config,
      .registry = core->registry,
      .sampler = daemon->sampler,
      .memory = core->memory,
    },
    error);
  return daemon->scraper != NULL;
}

static void
frame_cb (gpointer user_data, gint64 t_us)
{
  OrfDaemon *daemon = user_data;
  OrfTurn turn;

  orf_turn_begin (&turn, "frame", "streams");
  orf_metrics_watch_tick (daemon->metrics_watch, t_us);
  orf_dashboard_tick (daemon->dashboard, t_us);
  orf_turn_go_on (&turn, "health");
  orf_health_service_look (daemon->health);
  orf_turn_go_on (&turn, "cleaner");
  orf_cleaner_look (daemon->cleaner);
  orf_turn_go_on (&turn, "forecasts");
  orf_judge_tick (daemon->judge);
  orf_turn_go_on (&turn, "anomalies");
  orf_anomalies_tick (daemon->anomalies);
  orf_turn_go_on (&turn, "alerts");
  orf_alerts_tick (daemon->alerts);
  orf_turn_go_on (&turn, "cost");
  orf_cost_meter_tick (daemon->cost, t_us);
  orf_cost_spans_tick (daemon->cost_spans, t_us);
  orf_turn_end (&turn);
}

static gboolean
start_workers (OrfDaemon *daemon, GError **error)
{
  OrfRouter *router = daemon->core->router;

  daemon->workers = orf_workers_new (daemon->config, orf_router_get_streams (router), error);
  if (daemon->workers == NULL)
    return FALSE;
  daemon->worker_keeper = orf_worker_keeper_new (daemon->config, daemon->core->store,
                                                 daemon->workers, error);
  if (daemon->worker_keeper == NULL)
    return FALSE;
  orf_worker_trouble_watch (daemon->workers, daemon->black_box);
  daemon->worker_devices = orf_worker_devices_new (daemon->workers, daemon->gpu);
  daemon->worker_frame = orf_worker_frame_new (daemon->workers, daemon->sampler, daemon->config);
  daemon->worker_service = orf_worker_service_new (router, &(OrfWorkerParts){
                                                             .config = daemon->config,
                                                             .store = daemon->core->store,
                                                             .workers = daemon->workers,
                                                             .gpu = daemon->gpu,
                                                           });
  daemon->cleaner = orf_cleaner_new (
    &(OrfCleanerParts){
      .config = daemon->config,
      .store = daemon->core->store,
      .workers = daemon->workers,
      .gpu = daemon->gpu,
      .sampler = daemon->sampler,
      .audit = daemon->audit,
      .events = daemon->core->events,
    },
    error);
  if (daemon->cleaner == NULL)
    return FALSE;
  orf_cleanup_calls_bind (router, daemon->cleaner);
  daemon->actuators = orf_actuators_new (daemon->config, daemon->workers, daemon->gpu, error);
  return daemon->actuators != NULL;
}

/* Memory of a device may be got back; of anything else it is only said. */
static void
warned_cb (gpointer user_data, OrfForecastWarningRow *row, const char *text)
{
  OrfDaemon *daemon = user_data;

  if (row->device != NULL)
    row->action = orf_cleaner_foresee (daemon->cleaner, row->device, text, &row->cleanup_id);
  else
    g_message ("%s", text);
}

/* After workers: what a device was used for is told by them. */
static gboolean
start_cost (OrfDaemon *daemon, GError **error)
{
  daemon->cost = orf_cost_meter_new (
    &(OrfCostMeterParts){
      .config = daemon->config,
      .store = daemon->core->store,
      .workers = daemon->workers,
      .sampler = daemon->sampler,
    },
    error);
  if (daemon->cost == NULL)
    return FALSE;
  orf_cost_service_set_live (daemon->core->cost, daemon->cost);
  daemon->cost_spans = orf_cost_spans_new (daemon->config, daemon->core->store);
  return TRUE;
}

static void
stop_cost (OrfDaemon *daemon)
{
  if (daemon->cost == NULL)
    return;
  orf_cost_service_set_live (daemon->core->cost, NULL);
  orf_cost_meter_stop (daemon->cost);
  orf_cost_spans_stop (daemon->cost_spans);
}

static gboolean
start_judge (OrfDaemon *daemon, GError **error)
{
  daemon->judge = orf_judge_new (
    &(OrfJudgeParts){
      .config = daemon->config,
      .store = daemon->core->store,
      .registry = daemon->core->registry,
      .sampler = daemon->sampler,
      .memory = daemon->core->memory,
    },
    error);
  if (daemon->judge == NULL)
    return FALSE;
  orf_judge_set_warned (daemon->judge, warned_cb, daemon);
  daemon->leaks = orf_leaks_new (daemon->config, daemon->core->store, daemon->judge,
                                 daemon->workers);
  return TRUE;
}

static gboolean
start_anomalies (OrfDaemon *daemon, GError **error)
{
  OrfCore *core = daemon->core;

  daemon->anomalies = orf_anomalies_new (
    &(OrfAnomaliesParts){
      .metrics = &core->metrics,
      .sampler = daemon->sampler,
      .black_box = daemon->black_box,
      .router = core->router,
    },
    error);
  if (daemon->anomalies == NULL)
    return FALSE;
  orf_anomaly_service_set_live (core->anomalies, daemon->anomalies);
  return TRUE;
}

static void
stop_anomalies (OrfDaemon *daemon)
{
  if (daemon->anomalies == NULL)
    return;
  orf_anomaly_service_set_live (daemon->core->anomalies, NULL);
  orf_anomalies_stop (daemon->anomalies);
}

static guint
count_workers_cb (gpointer user_data, const char *device)
{
  OrfDaemon *daemon = user_data;
  GPtrArray *workers = orf_workers_get_all (daemon->workers);
  guint n = 0;

  for (guint i = 0; i < workers->len; i++) {
    const OrfWorker *worker = g_ptr_array_index (workers, i);

    n += orf_worker_is_live (worker) && g_strcmp0 (worker->device, device) == 0;
  }
  return n;
}

static void
bind_largest (OrfDaemon *daemon)
{
  g_autofree char *probe = orf_paths_dup_probe ();

  daemon->largest = orf_largest_new (daemon->core->router, &(OrfLargestParts){
                                                             .config = daemon->config,
                                                             .monitor = daemon->gpu,
                                                             .orphans = daemon->orphans,
                                                             .probe_path = probe,
                                                             .count_workers = count_workers_cb,
                                                             .user_data = daemon,
                                                           });
}

static gboolean
bind_services (OrfDaemon *daemon, GError **error)
{
  OrfRouter *router = daemon->core->router;

  daemon->parts = (OrfStatusParts){
    .config = daemon->config,
    .memory = daemon->core->memory,
    .router = router,
    .store = daemon->core->store,
    .registry = daemon->core->registry,
    .sampler = daemon->sampler,
    .gpu = daemon->gpu,
    .host = daemon->host,
    .self = daemon->self,
  };
  daemon->gpu_service = orf_gpu_service_new (router, daemon->gpu);
  daemon->device_event_service = orf_device_event_service_new (router, daemon->core->store,
                                                               daemon->gpu);
  daemon->orphan_service = orf_orphan_service_new (router, daemon->core->store, daemon->orphans);
  bind_largest (daemon);
  orf_scrape_service_bind (router, daemon->scraper);
  daemon->health = orf_health_service_new (router, &daemon->parts);
  daemon->status = orf_status_service_new (router, &daemon->parts);
  daemon->metrics_watch = orf_metrics_watch_new (router, &daemon->core->metrics);
  daemon->dashboard = orf_dashboard_new (router, &daemon->core->metrics, error);
  if (daemon->dashboard == NULL)
    return FALSE;
  orf_stream_hub_set_max (orf_router_get_streams (router),
                          (guint) daemon->config->dashboard.max_subscribers);
  orf_sampler_add_listener (daemon->sampler, frame_cb, daemon);
  return TRUE;
}

/* ---- handing on ------------------------------------------------------------------------------ */

static gboolean
start_outbox (OrfDaemon *daemon, GError **error)
{
  OrfStore *store = daemon->core->store;

  daemon->outbox = orf_outbox_new (daemon->config, store, error);
  if (daemon->outbox == NULL)
    return FALSE;
  daemon->remote_write = orf_remote_write_new (daemon->config, store, daemon->outbox, error);
  if (daemon->remote_write == NULL)
    return FALSE;
  daemon->trace_export = orf_trace_export_new (daemon->config, store, daemon->outbox, error);
  if (daemon->trace_export == NULL)
    return FALSE;
  daemon->notifier = orf_notifier_new (daemon->config, store, daemon->outbox, error);
  if (daemon->notifier == NULL)
    return FALSE;
  orf_outbox_service_set_live (daemon->core->outbox, daemon->outbox, daemon->remote_write,
                               daemon->trace_export);
  orf_outbox_service_add_source (daemon->core->outbox, daemon->sampler, daemon->config);
  orf_outbox_start (daemon->outbox);
  orf_remote_write_start (daemon->remote_write);
  orf_trace_export_start (daemon->trace_export);
  return TRUE;
}

/* After the outbox: what waits in the file is told. */
static gboolean
start_alerts (OrfDaemon *daemon, GError **error)
{
  OrfCore *core = daemon->core;

  orf_alert_service_set_live (core->alerts, NULL, daemon->notifier);
  daemon->alerts = orf_alerts_new (
    &(OrfAlertsParts){
      .metrics = &core->metrics,
      .book = orf_alert_service_get_book (core->alerts),
      .notifier = daemon->notifier,
      .black_box = daemon->black_box,
      .sampler = daemon->sampler,
      .router = core->router,
    },
    error);
  if (daemon->alerts == NULL)
    return FALSE;
  orf_alert_service_set_live (core->alerts, daemon->alerts, daemon->notifier);
  return TRUE;
}

static void
stop_alerts (OrfDaemon *daemon)
{
  if (daemon->core != NULL)
    orf_alert_service_set_live (daemon->core->alerts, NULL, NULL);
  if (daemon->alerts != NULL)
    orf_alerts_stop (daemon->alerts);
}

static void
stop_outbox (OrfDaemon *daemon)
{
  if (daemon->remote_write != NULL)
    orf_remote_write_stop (daemon->remote_write);
  if (daemon->trace_export != NULL)
    orf_trace_export_stop (daemon->trace_export);
  if (daemon->notifier != NULL)
    orf_notifier_stop (daemon->notifier);
  if (daemon->outbox != NULL)
    orf_outbox_stop (daemon->outbox);
}

/* ---- what is audited beside calls ------------------------------------------------------------ */

static void
note_start (OrfDaemon *daemon)
{
  const char *url = daemon->http != NULL ? orf_http_server_get_url (daemon->http) : NULL;

  orf_audit_log_note (daemon->audit, "orfeasd", "daemon.start",
                      json_pack ("{s:s, s:i, s:s?, s:i}", "version", ORF_VERSION, "pid",
                                 (int) getpid (), "http", url, "tokens",
                                 (int) orf_gate_get_n_tokens (daemon->gate)));
}

static void
note_reload (OrfDaemon *daemon, char *const *fixed, gboolean tokens_read)
{
  json_t *names = json_array ();

  for (guint i = 0; fixed[i] != NULL; i++)
    json_array_append_new (names, json_string (fixed[i]));
  orf_audit_log_note (daemon->audit, "signal", "config.reload",
                      json_pack ("{s:o, s:b, s:i}", "at_next_start", names, "tokens_read",
                                 tokens_read, "tokens",
                                 (int) orf_gate_get_n_tokens (daemon->gate)));
}

static gboolean
still_admits_cb (gpointer user_data, const OrfIdentity *identity)
{
  return orf_gate_still_admits (user_data, identity);
}

void
orf_daemon_review_streams (OrfDaemon *daemon)
{
  if (daemon->websocket != NULL)
    orf_ws_server_review (daemon->websocket, still_admits_cb, daemon->gate);
}

/* Streams last longer than tokens may. */
static gboolean
review_streams_cb (gpointer user_data)
{
  orf_daemon_review_streams (user_data);
  return G_SOURCE_CONTINUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
start_parts (OrfDaemon *daemon, GError **error)
{
  if (!start_sources (daemon, error))
    return FALSE;
  daemon->audit = orf_audit_log_new (daemon->core->store, daemon->core->router);
  return start_workers (daemon, error) && start_cost (daemon, error) &&
         start_judge (daemon, error) && start_anomalies (daemon, error) &&
         bind_services (daemon, error) && start_outbox (daemon, error) &&
         start_alerts (daemon, error) && orf_daemon_start_listeners (daemon, error);
}

OrfDaemon *
orf_daemon_new (OrfConfig *config, GError **error)
{
  g_autoptr (OrfDaemon) daemon = g_new0 (OrfDaemon, 1);

  daemon->config = config;
  orf_descriptors_provide (config);
  daemon->core = orf_core_new (config, FALSE, error);
  if (daemon->core == NULL)
    return NULL;
  if (!start_parts (daemon, error)) {
    orf_store_keep_wal (daemon->core->store);
    return NULL;
  }
  daemon->own_tracer = orf_own_tracer_new (&(OrfOwnTracerParts){
    .config = daemon->config,
    .router = daemon->core->router,
    .store = daemon->core->store,
    .sampler = daemon->sampler,
  });
  daemon->review_id = g_timeout_add_seconds (REVIEW_S, review_streams_cb, daemon);
  note_start (daemon);
  orf_health_service_set_serving (daemon->health, TRUE);
  orf_sampler_start (daemon->sampler);
  orf_scraper_start (daemon->scraper);
  orf_registry_rebuild (daemon->core->registry);
  return g_steal_pointer (&daemon);
}

/* Once nobody is left who has large calls. */
static void
stop_reader (OrfDaemon *daemon)
{
  if (daemon->reader == NULL)
    return;
  orf_router_set_reader (daemon->core->router, NULL);
  g_clear_pointer (&daemon->reader, orf_rpc_reader_free);
}

void
orf_daemon_free (OrfDaemon *daemon)
{
  g_clear_handle_id (&daemon->review_id, g_source_remove);
  if (daemon->websocket != NULL)
    orf_memory_report (daemon->core->memory, ORF_MEMORY_STREAMS, NULL, NULL);
  g_clear_pointer (&daemon->websocket, orf_ws_server_free);
  g_clear_pointer (&daemon->http, orf_http_server_free);
  g_clear_pointer (&daemon->otlp_http, orf_http_server_free);
  g_clear_pointer (&daemon->jaeger_http, orf_http_server_free);
  if (daemon->otlp != NULL)
    orf_otlp_service_stop (daemon->otlp);
  if (daemon->jaeger != NULL)
    orf_jaeger_stop (daemon->jaeger);
  g_clear_pointer (&daemon->socket, orf_socket_server_free);
  g_clear_pointer (&daemon->cache, orf_cache_free);
  stop_reader (daemon);
  g_clear_pointer (&daemon->gate, orf_gate_free);
  if (daemon->cleaner != NULL)
    orf_cleaner_stop (daemon->cleaner);
  if (daemon->judge != NULL)
    orf_judge_stop (daemon->judge);
  stop_anomalies (daemon);
  stop_alerts (daemon);
  stop_cost (daemon);
  g_clear_pointer (&daemon->actuators, orf_actuators_free);
  g_clear_pointer (&daemon->audit, orf_audit_log_free);
  g_clear_pointer (&daemon->metrics_watch, orf_metrics_watch_free);
  g_clear_pointer (&daemon->dashboard, orf_dashboard_free);
  g_clear_pointer (&daemon->scraper, orf_scraper_free);
  g_clear_pointer (&daemon->sampler, orf_sampler_free);
  g_clear_pointer (&daemon->gpu_states, orf_gpu_states_free);
  g_clear_pointer (&daemon->gpu_frame, orf_gpu_frame_free);
  g_clear_pointer (&daemon->host, orf_host_monitor_free);
  g_clear_pointer (&daemon->self, orf_self_monitor_free);
  g_clear_pointer (&daemon->memory_watch, orf_memory_watch_free);
  g_clear_pointer (&daemon->exposition, orf_exposition_free);
  g_clear_pointer (&daemon->span_metrics, orf_span_metrics_free);
  stop_outbox (daemon);
  if (daemon->own_tracer != NULL)
    orf_own_tracer_stop (daemon->own_tracer);
  g_clear_pointer (&daemon->largest, orf_largest_free);
  g_clear_pointer (&daemon->core, orf_core_free);
  g_clear_pointer (&daemon->cache_frame, orf_cache_frame_free);
  g_clear_pointer (&daemon->own_tracer, orf_own_tracer_free);
  g_clear_pointer (&daemon->otlp, orf_otlp_service_free);
  g_clear_pointer (&daemon->jaeger, orf_jaeger_free);
  g_clear_pointer (&daemon->remote_write, orf_remote_write_free);
  g_clear_pointer (&daemon->trace_export, orf_trace_export_free);
  g_clear_pointer (&daemon->alerts, orf_alerts_free);
  g_clear_pointer (&daemon->notifier, orf_notifier_free);
  g_clear_pointer (&daemon->outbox, orf_outbox_free);
  g_clear_pointer (&daemon->judge, orf_judge_free);
  g_clear_pointer (&daemon->anomalies, orf_anomalies_free);
  g_clear_pointer (&daemon->cost_spans, orf_cost_spans_free);
  g_clear_pointer (&daemon->cost, orf_cost_meter_free);
  g_clear_pointer (&daemon->cleaner, orf_cleaner_free);
  g_clear_pointer (&daemon->worker_service, orf_worker_service_free);
  g_clear_pointer (&daemon->worker_frame, orf_worker_frame_free);
  g_clear_pointer (&daemon->worker_devices, orf_worker_devices_free);
  g_clear_pointer (&daemon->worker_keeper, orf_worker_keeper_free);
  g_clear_pointer (&daemon->workers, orf_workers_free);
  g_clear_pointer (&daemon->leaks, orf_leaks_free);
  g_clear_pointer (&daemon->gpu_service, orf_gpu_service_free);
  g_clear_pointer (&daemon->gpu, orf_gpu_monitor_free);
  g_clear_pointer (&daemon->device_event_service, orf_device_event_service_free);
  g_clear_pointer (&daemon->orphan_service, orf_orphan_service_free);
  g_clear_pointer (&daemon->orphans, orf_orphans_free);
  g_clear_pointer (&daemon->device_events, orf_device_events_free);
  g_clear_pointer (&daemon->black_box, orf_black_box_free);
  g_clear_pointer (&daemon->health, orf_health_service_free);
  g_clear_pointer (&daemon->status, orf_status_service_free);
  g_clear_pointer (&daemon->discover, orf_discover_free);
  g_clear_pointer (&daemon->poller, orf_poller_free);
  g_clear_pointer (&daemon->config, orf_config_free);
  g_free (daemon->socket_path);
  g_free (daemon->cache_path);
  g_free (daemon);
}

char *
orf_daemon_dup_ready_line (OrfDaemon *daemon, GError **error)
{
  const OrfDaemonReady ready = {
    .ready = TRUE,
    .http = daemon->http != NULL ? (char *) orf_http_server_get_url (daemon->http) : NULL,
    .otlp = daemon->otlp_http != NULL ? (char *) orf_http_server_get_url (daemon->otlp_http) : NULL,
    .jaeger = daemon->jaeger_http != NULL ? (char *) orf_http_server_get_url (daemon->jaeger_http)
                                          : NULL,
    .socket = daemon->socket_path,
    .cache_socket = daemon->cache_path,
    .db = (char *) orf_store_get_path (daemon->core->store),
    .pid = getpid (),
  };
  g_autoptr (GString) line = g_string_new (NULL);

  if (!orf_encode (&orf_daemon_ready_desc, &ready, line, error))
    return NULL;
  g_string_append_c (line, '\n');
  return g_strdup (line->str);
}

static gboolean
reload_tokens (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_gate_reload (daemon->gate, &error)) {
    g_warning ("tokens stay as they are: %s", error->message);
    return FALSE;
  }
  if (daemon->config->auth.token_file[0] != '\0')
    g_message ("%u tokens read again", orf_gate_get_n_tokens (daemon->gate));
  return TRUE;
}

static void
reload_certificate (OrfDaemon *daemon)
{
  OrfHttpServer *const servers[] = { daemon->http, daemon->otlp_http, daemon->jaeger_http };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; error == NULL && i < G_N_ELEMENTS (servers); i++)
    if (servers[i] != NULL && !orf_http_server_reload_certificate (servers[i], &error))
      g_warning ("the certificate stays as it is: %s", error->message);
}

static void
reload_notifier (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_notifier_reload (daemon->notifier, &error))
    g_warning ("alerts are told as before: %s", error->message);
}

static void
reload_cost (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_cost_meter_reload (daemon->cost, &error))
    g_warning ("prices stay as they are: %s", error->message);
}

static void
reload_remote_write (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_remote_write_reload (daemon->remote_write, &error))
    g_warning ("remote write goes on as it was: %s", error->message);
}

static void
reload_trace_export (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_trace_export_reload (daemon->trace_export, &error))
    g_warning ("spans are handed on as before: %s", error->message);
}

static void
reload_actuators (OrfDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (!orf_actuators_reload (daemon->actuators, &error))
    g_warning ("actuators: %s", error->message);
}

void
orf_daemon_reload (OrfDaemon *daemon, OrfConfig *fresh)
{
  g_auto (GStrv) fixed = NULL;
  g_autoptr (GError) error = NULL;

  /* else what the limit had lowered would be told as changed, each time */
  orf_descriptors_fit (fresh);
  fixed = orf_config_reload (daemon->config, fresh);
  orf_log_configure (daemon->config);
  reload_certificate (daemon);
  reload_remote_write (daemon);
  reload_trace_export (daemon);
  reload_notifier (daemon);
  orf_alert_service_reload (daemon->core->alerts);
  note_reload (daemon, fixed, reload_tokens (daemon));
  orf_daemon_review_streams (daemon);
  orf_core_reload (daemon->core, daemon->config);
  orf_gpu_monitor_reload (daemon->gpu, daemon->config);
  orf_cache_reload (daemon->cache);
  orf_scraper_reload (daemon->scraper);
  reload_actuators (daemon);
  reload_cost (daemon);
  if (daemon->websocket != NULL)
    orf_ws_server_reload (daemon->websocket, daemon->config);
  if (!orf_dashboard_reload (daemon->dashboard, &error))
    g_warning ("the dashboard's series stay as they were: %s", error->message);
  orf_stream_hub_set_max (orf_router_get_streams (daemon->core->router),
                          (guint) daemon->config->dashboard.max_subscribers);
  if (fixed[0] == NULL) {
    g_message ("settings read again");
  } else {
    g_autofree char *names = g_strjoinv (", ", fixed);

    g_message ("settings read again; takes hold at the next start: %s", names);
  }
}

static void
server_drained_cb (gpointer user_data)
{
  OrfDaemon *daemon = user_data;

  if (--daemon->draining == 0)
    daemon->drained (daemon->drained_data);
}

void
orf_daemon_drain (OrfDaemon *daemon, void (*drained) (gpointer user_data), gpointer user_data)
{
  orf_audit_log_note (daemon->audit, "orfeasd", "daemon.stop", NULL);
  orf_health_service_set_serving (daemon->health, FALSE);
  orf_cleaner_hurry (daemon->cleaner);
  orf_workers_drain (daemon->workers);
  daemon->drained = drained;
  daemon->drained_data = user_data;
  daemon->draining = 3 + (daemon->http != NULL ? 2 : 0) + (daemon->otlp_http != NULL ? 1 : 0) +
                     (daemon->jaeger_http != NULL ? 1 : 0);
  orf_scraper_drain (daemon->scraper, server_drained_cb, daemon);
  orf_socket_server_drain (daemon->socket, server_drained_cb, daemon);
  orf_cache_drain (daemon->cache, server_drained_cb, daemon);
  if (daemon->otlp_http != NULL)
    orf_http_server_drain (daemon->otlp_http, server_drained_cb, daemon);
  if (daemon->jaeger_http != NULL)
    orf_http_server_drain (daemon->jaeger_http, server_drained_cb, daemon);
  if (daemon->http == NULL)
    return;
  orf_http_server_drain (daemon->http, server_drained_cb, daemon);
  orf_ws_server_drain (daemon->websocket, server_drained_cb, daemon);
}
