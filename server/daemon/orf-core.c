/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-core.h"

#include "anomalies/orf-anomaly-score-service.h"
#include "batch/orf-batch-service.h"
#include "daemon/orf-paths.h"
#include "leaks/orf-leak-service.h"
#include "metrics/orf-metrics-define.h"
#include "metrics/orf-metrics-export.h"
#include "metrics/orf-metrics-list.h"
#include "metrics/orf-metrics-query.h"
#include "metrics/orf-metrics-record.h"
#include "report/orf-report-service.h"
#include "rpc/orf-peer.h"
#include "status/orf-db-service.h"
#include "traces/orf-traces-record.h"
#include "traces/orf-traces-service.h"

static OrfHistoryLimits
get_history (const OrfConfig *config)
{
  return (OrfHistoryLimits){
    .packed_us = config->history.packed_us,
    .rollup_1m_us = config->history.rollup_1m_us,
    .rollup_1h_us = config->history.rollup_1h_us,
    .max_bytes = config->history.max_bytes,
    .trace_us = config->trace.retention_us,
    .trace_bytes = config->trace.retention_bytes,
    .trace_exemplars = config->trace.max_exemplars,
  };
}

static OrfStore *
open_store (const OrfConfig *config, OrfMemory *memory, gboolean read_only, GError **error)
{
  g_autofree char *path = orf_paths_dup_db (config);
  const OrfStoreOptions options = {
    .path = path,
    .read_only = read_only,
    .readers = (guint) config->store.readers,
    .max_write_jobs = (guint) config->store.max_write_jobs,
    .max_read_jobs = (guint) config->store.max_read_jobs,
    .batch_us = config->store.batch_us,
    .read_us = config->store.read_us,
    .raw_us = config->history.raw_us,
    .raw_rows = config->history.raw_rows,
    .history = get_history (config),
    .pack_us = config->history.pack_us,
    .pack_rows = (guint) config->history.pack_rows,
    .idempotency_us = config->store.idempotency_us,
    .audit_us = config->history.audit_us,
    .audit_rows = config->history.audit_rows,
    .event_rows = config->history.event_rows,
    .load_rows = config->history.load_rows,
    .min_free_bytes = config->store.min_free_bytes,
    .ballast_bytes = config->store.ballast_bytes,
    .check_us = config->store.check_us,
    .memory_bytes = config->store.memory_bytes,
    .memory = memory,
  };

  return orf_store_open (&options, error);
}

static OrfRouter *
make_router (const OrfConfig *config)
{
  const OrfRpcLimits limits = {
    .max_message_bytes = (gsize) config->rpc.max_message_bytes,
    .max_depth = (guint) config->rpc.max_depth,
    .max_batch = (guint) config->rpc.max_batch,
    .max_batch_bytes = (gsize) config->rpc.max_batch_bytes,
    .max_in_flight = (guint) config->rpc.max_in_flight,
    .max_in_flight_per_peer = (guint) config->rpc.max_in_flight_per_peer,
    .max_streams_per_peer = (guint) config->stream.max_per_connection,
    .max_wait_us = config->rpc.max_wait_us,
    .default_deadline_us = config->rpc.default_deadline_us,
    .max_deadline_us = config->rpc.max_deadline_us,
  };

  return orf_router_new (&limits);
}

static gint64
get_registry_bytes_cb (gpointer user_data)
{
  return (gint64) orf_registry_get_size_bytes (user_data);
}

static gint64
get_chunk_bytes_cb (gpointer user_data)
{
  return (gint64) orf_registry_get_chunk_bytes (user_data);
}

static gint64
get_sqlite_bytes_cb (gpointer user_data)
{
  return orf_store_get_memory_bytes ();
}

static void
report_memory (OrfCore *core)
{
  orf_memory_report (core->memory, ORF_MEMORY_REGISTRY, get_registry_bytes_cb, core->registry);
  orf_memory_report (core->memory, ORF_MEMORY_OPEN_CHUNKS, get_chunk_bytes_cb, core->registry);
  orf_memory_report (core->memory, ORF_MEMORY_SQLITE, get_sqlite_bytes_cb, NULL);
}

static void
bind_methods (OrfCore *core)
{
  orf_peer_bind (core->router);
  orf_db_service_bind (core->router, core->store);
  orf_event_service_bind (core->events, core->router);
  orf_outbox_service_bind (core->outbox, core->router);
  orf_incident_service_bind (core->incidents, core->router);
  orf_load_service_bind (core->loads, core->router);
  orf_anomaly_score_service_bind (core->router, &core->metrics);
  orf_batch_service_bind (core->router, &core->metrics);
  orf_report_service_bind (core->router, &core->metrics);
  orf_judge_service_bind (core->predictions, core->router);
  orf_leak_service_bind (core->router, core->store);
  orf_alert_service_bind (core->alerts, core->router);
  orf_anomaly_service_bind (core->anomalies, core->router);
  orf_cost_service_bind (core->cost, core->router);
  orf_postmortem_service_bind (core->postmortem, core->router);
  orf_sql_service_bind (core->sql, core->router);
  orf_traces_record_bind (core->router, &core->metrics);
  orf_traces_service_bind (core->router, core->store);
  orf_traces_stats_bind (core->router, core->store);
  orf_metrics_define_bind (core->router, &core->metrics);
  orf_metrics_list_bind (core->router, &core->metrics);
  orf_metrics_query_bind (core->router, &core->metrics);
  orf_metrics_export_bind (core->router, &core->metrics);
  orf_metrics_record_bind (core->router, &core->metrics);
}

/* What stands on the store, and reads the file first. */
static gboolean
make_parts (OrfCore *core, const OrfConfig *config, gboolean read_only, GError **error)
{
  g_autofree char *sql_program = orf_paths_dup_sql ();

  core->registry = orf_registry_new (config, core->store, error);
  if (core->registry == NULL)
    return FALSE;
  core->events = orf_event_service_new (config, core->store, error);
  if (core->events == NULL)
    return FALSE;
  core->incidents = orf_incident_service_new (config, core->store, error);
  if (core->incidents == NULL)
    return FALSE;
  core->sql = orf_sql_service_new (config, core->store, core->memory, sql_program);
  core->metrics = (OrfMetricsParts){ core->registry, core->store, config, core->memory };
  core->loads = orf_load_service_new (&core->metrics, error);
  if (core->loads == NULL)
    return FALSE;
  core->predictions = orf_judge_service_new (&core->metrics, error);
  if (core->predictions == NULL)
    return FALSE;
  core->alerts = orf_alert_service_new (&core->metrics, error);
  if (core->alerts == NULL)
    return FALSE;
  core->anomalies = orf_anomaly_service_new (&core->metrics);
  if (!orf_cost_service_check (config, error))
    return FALSE;
  core->cost = orf_cost_service_new (&core->metrics);
  core->postmortem = orf_postmortem_service_new (&core->metrics, !read_only);
  core->outbox = orf_outbox_service_new (core->store);
  return TRUE;
}

OrfCore *
orf_core_new (const OrfConfig *config, gboolean read_only, GError **error)
{
  g_autoptr (OrfCore) core = g_new0 (OrfCore, 1);

  core->memory = orf_memory_new (config);
  core->store = open_store (config, core->memory, read_only, error);
  if (core->store == NULL)
    return NULL;
  if (!make_parts (core, config, read_only, error)) {
    orf_store_keep_wal (core->store);
    return NULL;
  }
  core->router = make_router (config);
  orf_router_set_memory (core->router, core->memory);
  report_memory (core);
  bind_methods (core);
  return g_steal_pointer (&core);
}

void
orf_core_reload (OrfCore *core, const OrfConfig *config)
{
  const OrfHistoryLimits history = get_history (config);

  orf_store_set_history (core->store, &history);
}

void
orf_core_free (OrfCore *core)
{
  if (core->registry != NULL)
    orf_registry_flush (core->registry);
  g_clear_pointer (&core->sql, orf_sql_service_free);
  /* The store before the rest: callbacks of what is in flight still look at the registry and end
   * calls. */
  orf_store_close (core->store);
  orf_memory_report (core->memory, ORF_MEMORY_REGISTRY, NULL, NULL);
  orf_memory_report (core->memory, ORF_MEMORY_OPEN_CHUNKS, NULL, NULL);
  g_clear_pointer (&core->registry, orf_registry_free);
  g_clear_pointer (&core->events, orf_event_service_free);
  g_clear_pointer (&core->outbox, orf_outbox_service_free);
  g_clear_pointer (&core->incidents, orf_incident_service_free);
  g_clear_pointer (&core->loads, orf_load_service_free);
  g_clear_pointer (&core->predictions, orf_judge_service_free);
  g_clear_pointer (&core->alerts, orf_alert_service_free);
  g_clear_pointer (&core->anomalies, orf_anomaly_service_free);
  g_clear_pointer (&core->cost, orf_cost_service_free);
  g_clear_pointer (&core->postmortem, orf_postmortem_service_free);
  g_clear_pointer (&core->router, orf_router_unref);
  g_clear_pointer (&core->memory, orf_memory_free);
  g_free (core);
}
