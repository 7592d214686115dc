/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-status-facts.h"

static void
gather_built (const OrfStatusParts *parts, OrfComponentFacts *facts)
{
  for (guint i = 0; i < ORF_N_METHODS; i++)
    facts->built[i] = orf_router_is_bound (parts->router, i);
}

static void
gather_probes (const OrfStatusParts *parts, OrfComponentFacts *facts)
{
  guint n = parts->gpu != NULL ? orf_gpu_monitor_get_n_sources (parts->gpu) : 0;
  const char *absent_reason = NULL;

  for (guint i = 0; i < n; i++) {
    OrfGpuSource source = orf_gpu_monitor_get_source (parts->gpu, i);

    if (source.absent) {
      absent_reason = source.reason;
      continue;
    }
    facts->n_probes++;
    if (source.state == ORF_PROBE_OPERATIONAL)
      facts->n_probes_up++;
    else if (facts->probe_reason == NULL)
      facts->probe_reason = source.reason;
  }
  /* none of them has anything: the last one's reason, OpenCL's, says most */
  if (facts->n_probes == 0 && absent_reason != NULL) {
    facts->n_probes = 1;
    facts->probe_reason = absent_reason;
  }
}

static void
gather_nodes (const OrfStatusParts *parts, OrfComponentFacts *facts)
{
  OrfCacheNodesLook look;

  if (parts->cache == NULL)
    return;
  look = orf_cache_frame_look_at_nodes (parts->cache);
  facts->n_nodes = look.n_nodes;
  facts->n_nodes_away = look.n_away;
  facts->node = look.name;
  facts->node_reason = look.problem;
}

static void
gather (const OrfStatusParts *parts, OrfComponentFacts *facts)
{
  const OrfStoreStats *stats = orf_store_get_stats (parts->store);

  facts->store_writes = stats->fault == NULL;
  facts->store_fault = stats->fault;
  facts->store_trouble = orf_store_get_trouble (parts->store);
  facts->memory_short = orf_memory_is_short (parts->memory);
  facts->forecasts_off = !parts->config->forecast.enabled;
  facts->anomalies_off = !parts->config->anomaly.enabled;
  gather_probes (parts, facts);
  gather_nodes (parts, facts);
  gather_built (parts, facts);
}

void
orf_status_facts_decide (const OrfStatusParts *parts, OrfComponent components[ORF_N_COMPONENTS])
{
  OrfComponentFacts facts = { 0 };

  gather (parts, &facts);
  orf_components_decide (&facts, components);
}

guint
orf_status_facts_completion_percent (const OrfStatusParts *parts)
{
  OrfComponentFacts facts = { 0 };

  gather_built (parts, &facts);
  return orf_components_completion_percent (&facts);
}
