/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-components.h"

static const OrfComponent *
find (const OrfComponent *components, const char *name)
{
  for (guint i = 0; i < ORF_N_COMPONENTS; i++)
    if (g_str_equal (components[i].name, name))
      return &components[i];
  g_assert_not_reached ();
}

static void
expect (const OrfComponentFacts *facts,
        const char *name,
        OrfComponentState state,
        const char *reason)
{
  OrfComponent components[ORF_N_COMPONENTS];

  orf_components_decide (facts, components);
  g_assert_cmpint (find (components, name)->state, ==, state);
  g_assert_cmpstr (find (components, name)->reason, ==, reason);
  orf_components_clear (components);
}

static void
test_states (void)
{
  OrfComponentFacts facts = { .store_writes = TRUE, .n_probes = 2, .n_probes_up = 2 };

  expect (&facts, "gpu_optimizer", ORF_COMPONENT_STATE_UNAVAILABLE, "not built yet");
  facts.built[ORF_METHOD_GPU_PROFILE] = TRUE;
  expect (&facts, "gpu_optimizer", ORF_COMPONENT_STATE_DEGRADED, "gpu.cleanup is not built yet");
  facts.built[ORF_METHOD_GPU_CLEANUP] = TRUE;
  expect (&facts, "gpu_optimizer", ORF_COMPONENT_STATE_OPERATIONAL, NULL);
  facts.n_probes_up = 1;
  facts.probe_reason = "it hangs";
  expect (&facts, "gpu_optimizer", ORF_COMPONENT_STATE_DEGRADED, "it hangs");
  facts.n_probes_up = 0;
  expect (&facts, "gpu_optimizer", ORF_COMPONENT_STATE_UNAVAILABLE, "it hangs");

  facts.built[ORF_METHOD_CACHE_GET] = facts.built[ORF_METHOD_CACHE_STATS] = TRUE;
  facts.n_nodes = 3;
  expect (&facts, "cache_manager", ORF_COMPONENT_STATE_OPERATIONAL, NULL);
  facts.n_nodes_away = 1;
  facts.node = "a:6379";
  expect (&facts, "cache_manager", ORF_COMPONENT_STATE_DEGRADED,
          "1 of 3 Redis nodes away: a:6379: does not serve");
  facts.node_reason = "Connection refused";
  expect (&facts, "cache_manager", ORF_COMPONENT_STATE_DEGRADED,
          "1 of 3 Redis nodes away: a:6379: Connection refused");

  facts.built[ORF_METHOD_METRICS_RECORD] = facts.built[ORF_METHOD_METRICS_QUERY] = TRUE;
  expect (&facts, "custom_metrics", ORF_COMPONENT_STATE_OPERATIONAL, NULL);
  facts.store_trouble = "the log grows";
  expect (&facts, "custom_metrics", ORF_COMPONENT_STATE_DEGRADED, "the log grows");
  facts.store_writes = FALSE;
  facts.store_fault = "the disk is full";
  expect (&facts, "custom_metrics", ORF_COMPONENT_STATE_DEGRADED, "the disk is full");
}

/* What is turned off is not broken; what is refused for want of memory is told with the key. */
static void
test_off_and_short (void)
{
  OrfComponentFacts facts = { .store_writes = TRUE, .forecasts_off = TRUE, .anomalies_off = TRUE };

  for (guint i = 0; i < ORF_N_METHODS; i++)
    facts.built[i] = TRUE;
  expect (&facts, "predictive_optimizer", ORF_COMPONENT_STATE_DISABLED,
          "[forecast] enabled is false");
  expect (&facts, "anomaly_detector", ORF_COMPONENT_STATE_DISABLED, "[anomaly] enabled is false");
  expect (&facts, "tracing_system", ORF_COMPONENT_STATE_OPERATIONAL, NULL);
  facts.memory_short = TRUE;
  expect (&facts, "tracing_system", ORF_COMPONENT_STATE_DEGRADED,
          "memory is short: what comes from outside is refused (memory.budget_bytes)");
  expect (&facts, "cost_tracker", ORF_COMPONENT_STATE_OPERATIONAL, NULL); /* takes nothing in */
}

static void
test_completion (void)
{
  OrfComponentFacts facts = { 0 };

  g_assert_cmpuint (orf_components_completion_percent (&facts), ==, 0);
  for (guint i = 0; i < ORF_N_METHODS; i++)
    facts.built[i] = TRUE;
  g_assert_cmpuint (orf_components_completion_percent (&facts), ==, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/status/components/states", test_states);
  g_test_add_func ("/status/components/off-and-short", test_off_and_short);
  g_test_add_func ("/status/components/completion", test_completion);
  return g_test_run ();
}
