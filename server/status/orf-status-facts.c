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
  facts->n_probes = parts->gpu != NULL ? orf_gpu_monitor_get_n_sources (parts->gpu) : 0;
  for (guint i = 0; i < facts->n_probes; i++) {
    OrfGpuSource source = orf_gpu_monitor_get_source (parts->gpu, i);

    if (source.state == ORF_PROBE_OPERATIONAL)
      facts->n_probes_up++;
    else if (facts->probe_reason == NULL)
      facts->probe_reason = source.reason;
  }
}

static void
gather (const OrfStatusParts *parts, OrfComponentFacts *facts)
{
  const OrfStoreStats *stats = orf_store_get_stats (parts->store);

  facts->store_writes = stats->fault == NULL;
  facts->store_fault = stats->fault;
  facts->memory_short = orf_memory_is_short (parts->memory);
  gather_probes (parts, facts);
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
