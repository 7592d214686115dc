/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-components.h"

#include <string.h>

typedef struct {
  const char *name;
  /* the methods without which the part does not exist */
  OrfMethodId needs[2];
  gboolean needs_probe;
  gboolean needs_writes; /* and takes from outside what is written */
} Row;

static const Row rows[ORF_N_COMPONENTS] = {
  { "gpu_optimizer", { ORF_METHOD_GPU_PROFILE, ORF_METHOD_GPU_CLEANUP }, TRUE, FALSE },
  { "dashboard", { ORF_METHOD_DASHBOARD_SUMMARY, ORF_METHOD_METRICS_WATCH }, FALSE, FALSE },
  { "cache_manager", { ORF_METHOD_CACHE_GET, ORF_METHOD_CACHE_STATS }, FALSE, FALSE },
  { "predictive_optimizer",
    { ORF_METHOD_PREDICTIONS_LIST, ORF_METHOD_PREDICTIONS_LIST },
    FALSE,
    FALSE },
  { "alerting_system", { ORF_METHOD_ALERTS_ACTIVE, ORF_METHOD_ALERTS_RULES }, FALSE, TRUE },
  { "cost_tracker", { ORF_METHOD_COST_SUMMARY, ORF_METHOD_COST_TREND }, FALSE, FALSE },
  { "anomaly_detector", { ORF_METHOD_ANOMALIES_LIST, ORF_METHOD_ANOMALIES_SCORE }, FALSE, FALSE },
  { "tracing_system", { ORF_METHOD_TRACES_LIST, ORF_METHOD_TRACES_RECORD }, FALSE, TRUE },
  { "custom_metrics", { ORF_METHOD_METRICS_RECORD, ORF_METHOD_METRICS_QUERY }, FALSE, TRUE },
};

static char *
dup_nodes_reason (const OrfComponentFacts *facts)
{
  return g_strdup_printf ("%u of %u Redis nodes away: %s: %s", facts->n_nodes_away, facts->n_nodes,
                          facts->node,
                          facts->node_reason != NULL ? facts->node_reason : "does not serve");
}

static void
decide_one (const Row *row, const OrfComponentFacts *facts, OrfComponent *component)
{
  guint n_needed = row->needs[0] == row->needs[1] ? 1 : 2;
  guint n_built = 0;

  for (guint i = 0; i < n_needed; i++)
    n_built += facts->built[row->needs[i]];

  *component = (OrfComponent){ row->name, ORF_COMPONENT_STATE_OPERATIONAL, NULL };
  if (n_built == 0) {
    component->state = ORF_COMPONENT_STATE_UNAVAILABLE;
    component->reason = g_strdup ("not built yet");
  } else if (row->needs[0] == ORF_METHOD_PREDICTIONS_LIST && facts->forecasts_off) {
    component->state = ORF_COMPONENT_STATE_DISABLED;
    component->reason = g_strdup ("[forecast] enabled is false");
  } else if (row->needs[0] == ORF_METHOD_ANOMALIES_LIST && facts->anomalies_off) {
    component->state = ORF_COMPONENT_STATE_DISABLED;
    component->reason = g_strdup ("[anomaly] enabled is false");
  } else if (row->needs_probe && facts->n_probes_up < facts->n_probes) {
    component->state = facts->n_probes_up == 0 ? ORF_COMPONENT_STATE_UNAVAILABLE
                                               : ORF_COMPONENT_STATE_DEGRADED;
    component->reason = g_strdup (facts->probe_reason);
  } else if (row->needs[0] == ORF_METHOD_CACHE_GET && facts->n_nodes_away > 0) {
    component->state = ORF_COMPONENT_STATE_DEGRADED;
    component->reason = dup_nodes_reason (facts);
  } else if (row->needs_writes && !facts->store_writes) {
    component->state = ORF_COMPONENT_STATE_DEGRADED;
    component->reason = g_strdup (facts->store_fault);
  } else if (row->needs_writes && facts->store_trouble != NULL) {
    component->state = ORF_COMPONENT_STATE_DEGRADED;
    component->reason = g_strdup (facts->store_trouble);
  } else if (row->needs_writes && facts->memory_short) {
    component->state = ORF_COMPONENT_STATE_DEGRADED;
    component->reason = g_strdup ("memory is short: what comes from outside is refused "
                                  "(memory.budget_bytes)");
  } else if (n_built < n_needed) {
    component->state = ORF_COMPONENT_STATE_DEGRADED;
    component->reason = g_strdup_printf ("%s is not built yet", orf_methods[row->needs[1]].name);
  }
}

void
orf_components_decide (const OrfComponentFacts *facts, OrfComponent components[ORF_N_COMPONENTS])
{
  for (guint i = 0; i < ORF_N_COMPONENTS; i++)
    decide_one (&rows[i], facts, &components[i]);
}

void
orf_components_clear (OrfComponent components[ORF_N_COMPONENTS])
{
  for (guint i = 0; i < ORF_N_COMPONENTS; i++)
    g_clear_pointer (&components[i].reason, g_free);
}

guint
orf_components_completion_percent (const OrfComponentFacts *facts)
{
  guint built = 0;

  for (guint i = 0; i < ORF_N_METHODS; i++)
    built += facts->built[i];
  return built * 100 / ORF_N_METHODS;
}
