/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-status-service.h"

#include <math.h>

#include "core/orf-clock.h"
#include "orf-schema-bind.h"

struct _OrfStatusService {
  const OrfStatusParts *parts;
  gint64 started_us; /* monotonic */
};

/* The schema has three tiers of three, in the order of orf_components_decide(). */
static OrfStatusComponents *
make_components (const OrfComponent components[ORF_N_COMPONENTS])
{
  OrfStatusComponents *made = orf_status_components_new ();

  made->tier1 = orf_status_tier1_new ();
  made->tier1->gpu_optimizer = components[0].state;
  made->tier1->dashboard = components[1].state;
  made->tier1->cache_manager = components[2].state;
  made->tier2 = orf_status_tier2_new ();
  made->tier2->predictive_optimizer = components[3].state;
  made->tier2->alerting_system = components[4].state;
  made->tier2->cost_tracker = components[5].state;
  made->tier3 = orf_status_tier3_new ();
  made->tier3->anomaly_detector = components[6].state;
  made->tier3->tracing_system = components[7].state;
  made->tier3->custom_metrics = components[8].state;
  return made;
}

static GPtrArray *
make_reasons (const OrfComponent components[ORF_N_COMPONENTS])
{
  GPtrArray *reasons = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_status_reason_free);

  for (guint i = 0; i < ORF_N_COMPONENTS; i++) {
    OrfStatusReason *reason;

    if (components[i].state == ORF_COMPONENT_STATE_OPERATIONAL)
      continue;
    reason = orf_status_reason_new ();
    reason->component = g_strdup (components[i].name);
    reason->state = components[i].state;
    reason->reason = g_strdup (components[i].reason);
    g_ptr_array_add (reasons, reason);
  }
  return reasons;
}

/* NULL: nobody keeps the log from being written back. */
static OrfStatusWalReader *
make_wal_reader (const OrfWalReader *reader)
{
  OrfStatusWalReader *made;

  if (reader->since_us == 0)
    return NULL;
  made = orf_status_wal_reader_new ();
  made->since_us = reader->since_us;
  made->has_pid = reader->pid > 0;
  made->pid = reader->pid;
  made->program = reader->program[0] != '\0' ? g_strdup (reader->program) : NULL;
  return made;
}

static OrfStatusDb *
make_db (OrfStore *store)
{
  const OrfStoreStats *stats = orf_store_get_stats (store);
  OrfStatusDb *db = orf_status_db_new ();

  db->path = g_strdup (orf_store_get_path (store));
  db->size_bytes = stats->size_bytes;
  db->wal_bytes = stats->wal_bytes;
  db->written_bytes_per_s = stats->written_bytes_per_s;
  db->rows_written = (gint64) stats->rows_written;
  db->frames_dropped = (gint64) stats->frames_dropped;
  db->disk_full = stats->disk_full;
  db->fault = g_strdup (stats->fault);
  db->wal_reader = make_wal_reader (&stats->wal_reader);
  return db;
}

static GPtrArray *
make_stalls (const OrfStatusParts *parts)
{
  GPtrArray *made = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_status_stall_free);
  const OrfStalls *stalls = parts->self != NULL ? orf_self_monitor_get_stalls (parts->self) : NULL;
  const OrfStall *stall;

  for (guint i = 0; stalls != NULL && (stall = orf_stalls_get (stalls, i)) != NULL; i++) {
    OrfStatusStall *one = orf_status_stall_new ();

    one->source = g_strdup (stall->source);
    one->t_us = stall->t_us;
    one->took_us = stall->took_us;
    one->cpu_us = stall->cpu_us;
    g_ptr_array_add (made, one);
  }
  return made;
}

static OrfStatusSelf *
make_self (const OrfStatusParts *parts)
{
  OrfStatusSelf *self = orf_status_self_new ();
  OrfSelfCost cost = orf_self_cost_read ();

  self->rss_bytes = cost.rss_bytes;
  self->has_rss_bytes = cost.rss_bytes >= 0;
  self->threads = cost.threads;
  self->has_threads = cost.threads > 0;
  self->cpu_percent = parts->self != NULL ? orf_self_monitor_get_cpu_percent (parts->self) : NAN;
  self->has_loop_stall_us = parts->sampler != NULL;
  if (parts->sampler != NULL)
    self->loop_stall_us = orf_sampler_get_stats (parts->sampler).loop_stall_us;
  self->stalls = make_stalls (parts);
  return self;
}

static OrfStatusMemoryUse *
make_use (OrfMemoryUse use)
{
  OrfStatusMemoryUse *made = orf_status_memory_use_new ();

  made->used_bytes = use.used_bytes;
  made->budget_bytes = use.budget_bytes;
  return made;
}

static OrfStatusMemory *
make_memory (const OrfStatusParts *parts)
{
  OrfStatusMemory *memory = orf_status_memory_new ();
  const struct {
    OrfMemoryPart part;
    OrfStatusMemoryUse **use;
  } rows[] = {
    { ORF_MEMORY_REGISTRY, &memory->registry },
    { ORF_MEMORY_OPEN_CHUNKS, &memory->open_chunks },
    { ORF_MEMORY_SQLITE, &memory->sqlite },
    { ORF_MEMORY_WRITES, &memory->writes },
    { ORF_MEMORY_CONNECTIONS, &memory->connections },
    { ORF_MEMORY_RPC, &memory->rpc },
    { ORF_MEMORY_QUERIES, &memory->queries },
    { ORF_MEMORY_STREAMS, &memory->streams },
    { ORF_MEMORY_INGEST, &memory->ingest },
    { ORF_MEMORY_ALERTS, &memory->alerts },
    { ORF_MEMORY_FORECASTS, &memory->forecasts },
    { ORF_MEMORY_ANOMALIES, &memory->anomalies },
    { ORF_MEMORY_CACHE, &memory->cache },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (rows) == ORF_N_MEMORY_PARTS);
  memory->total = make_use (orf_memory_get_whole (parts->memory));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    *rows[i].use = make_use (orf_memory_get_use (parts->memory, rows[i].part));
  return memory;
}

static OrfStatusSource *
make_probe_source (const OrfGpuSource *probe)
{
  OrfStatusSource *source = orf_status_source_new ();

  source->source = g_strdup (probe->backend);
  source->kind = ORF_SOURCE_KIND_PROBE;
  source->state = probe->state == ORF_PROBE_OPERATIONAL ? ORF_COMPONENT_STATE_OPERATIONAL
                  : probe->absent                       ? ORF_COMPONENT_STATE_DISABLED
                                                        : ORF_COMPONENT_STATE_UNAVAILABLE;
  source->reason = g_strdup (probe->reason);
  source->has_pid = probe->pid > 0;
  source->pid = probe->pid;
  source->has_rss_bytes = probe->rss_bytes >= 0;
  source->rss_bytes = probe->rss_bytes;
  source->restarts = probe->restarts;
  source->has_sampled_us = probe->sampled_us > 0;
  source->sampled_us = probe->sampled_us;
  source->unguarded = g_strdup (probe->unguarded);
  return source;
}

/* What is read from /proc: it is there, or turned off. */
static OrfStatusSource *
make_proc_source (const char *name, OrfSourceKind kind, gboolean enabled, gint64 sampled_us)
{
  OrfStatusSource *source = orf_status_source_new ();

  source->source = g_strdup (name);
  source->kind = kind;
  source->state = enabled ? ORF_COMPONENT_STATE_OPERATIONAL : ORF_COMPONENT_STATE_DISABLED;
  source->reason = enabled ? NULL : g_strdup ("[host] enabled is false");
  source->has_sampled_us = sampled_us > 0;
  source->sampled_us = sampled_us;
  return source;
}

static GPtrArray *
make_sources (const OrfStatusParts *parts)
{
  GPtrArray *sources = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_status_source_free);
  guint n_probes = parts->gpu != NULL ? orf_gpu_monitor_get_n_sources (parts->gpu) : 0;

  for (guint i = 0; i < n_probes; i++) {
    OrfGpuSource probe = orf_gpu_monitor_get_source (parts->gpu, i);

    g_ptr_array_add (sources, make_probe_source (&probe));
  }
  if (parts->sampler != NULL) {
    gint64 host_us = parts->host != NULL ? orf_host_monitor_get_sampled_us (parts->host) : 0;

    g_ptr_array_add (sources,
                     make_proc_source ("host", ORF_SOURCE_KIND_HOST, parts->host != NULL, host_us));
    g_ptr_array_add (sources, make_proc_source ("self", ORF_SOURCE_KIND_SELF, TRUE,
                                                orf_self_monitor_get_sampled_us (parts->self)));
  }
  return sources;
}

static GStrv
make_roles (OrfCall *call)
{
  static const char *const names[] = { "read", "ingest", "operate", "admin" };
  g_autoptr (GStrvBuilder) roles = g_strv_builder_new ();
  OrfRole role;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (orf_role_from_string (names[i], &role) && orf_call_may (call, role))
      g_strv_builder_add (roles, names[i]);
  return g_strv_builder_end (roles);
}

static OrfStatusGetResult *
make_result (OrfStatusService *service, OrfCall *call)
{
  OrfStatusGetResult *result = orf_status_get_result_new ();
  OrfComponent components[ORF_N_COMPONENTS];

  orf_status_facts_decide (service->parts, components);
  result->version = g_strdup (ORF_VERSION);
  result->uptime_us = orf_clock_monotonic_us () - service->started_us;
  result->roles = make_roles (call);
  result->phase4_enabled = TRUE;
  result->completion = g_strdup_printf ("%u%%",
                                        orf_status_facts_completion_percent (service->parts));
  result->components = make_components (components);
  result->reasons = make_reasons (components);
  result->db = make_db (service->parts->store);
  result->self = make_self (service->parts);
  result->memory = make_memory (service->parts);
  result->sources = make_sources (service->parts);
  orf_components_clear (components);
  return result;
}

static void
get_cb (OrfCall *call, const OrfStatusGetParams *params, gpointer user_data)
{
  g_autoptr (OrfStatusGetResult) result = make_result (user_data, call);

  orf_call_return_status_get (call, result);
}

OrfStatusService *
orf_status_service_new (OrfRouter *router, const OrfStatusParts *parts)
{
  OrfStatusService *service = g_new0 (OrfStatusService, 1);

  service->parts = parts;
  service->started_us = orf_clock_monotonic_us ();
  orf_bind_status_get (router, get_cb, service);
  return service;
}

void
orf_status_service_free (OrfStatusService *service)
{
  g_free (service);
}
