/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "health/orf-health-score.h"

static const OrfPredictionHealthPart *
find_part (const OrfPredictionHealth *health, const char *name)
{
  for (guint i = 0; i < health->parts->len; i++) {
    const OrfPredictionHealthPart *part = health->parts->pdata[i];

    if (g_str_equal (part->part, name))
      return part;
  }
  g_error ("no part %s", name);
}

static void
assert_reason (
  const OrfPredictionHealth *health, guint i, const char *part, double deduction, const char *text)
{
  const OrfPredictionHealthReason *reason;

  g_assert_cmpuint (i, <, health->reasons->len);
  reason = health->reasons->pdata[i];
  g_assert_cmpstr (reason->part, ==, part);
  g_assert_cmpfloat_with_epsilon (reason->deduction, deduction, 0.001);
  g_assert_cmpstr (reason->reason, ==, text);
}

static void
test_nothing_measured (void)
{
  const OrfHealthInput unknown = { "gpu.memory.used_percent", "gpu0", NULL, NAN };
  g_autoptr (OrfPredictionHealth) none = orf_health_judge (NULL, 0);
  g_autoptr (OrfPredictionHealth) nan = orf_health_judge (&unknown, 1);

  g_assert_true (isnan (none->score));
  g_assert_true (isnan (nan->score));
  g_assert_cmpuint (none->reasons->len, ==, 0);
  g_assert_true (isnan (find_part (none, "gpu")->score));
}

static void
test_weights (void)
{
  g_autoptr (OrfPredictionHealth) health = orf_health_judge (NULL, 0);
  double sum = 0;

  for (guint i = 0; i < health->parts->len; i++)
    sum += ((OrfPredictionHealthPart *) health->parts->pdata[i])->weight;
  g_assert_cmpfloat (sum, ==, 100);
}

static void
test_healthy (void)
{
  const OrfHealthInput inputs[] = {
    { "gpu.memory.used_percent", "gpu0", NULL, 84.9 },
    { "cache.hit_rate_percent", NULL, NULL, 50 },
    { "no.such.metric", NULL, NULL, 1e9 },
  };
  g_autoptr (OrfPredictionHealth) health = orf_health_judge (inputs, G_N_ELEMENTS (inputs));

  g_assert_cmpfloat (health->score, ==, 100);
  g_assert_cmpuint (health->reasons->len, ==, 0);
  g_assert_cmpfloat (find_part (health, "cache")->score, ==, 100);
  g_assert_true (isnan (find_part (health, "host")->score));
}

/* Half-way from 85 to 100 costs half of 60 points of the GPU's, which weighs 35. */
static void
test_worst_of_several (void)
{
  const OrfHealthInput inputs[] = {
    { "gpu.memory.used_percent", "gpu0", NULL, 10 },
    { "gpu.memory.used_percent", "gpu1", NULL, 92.5 },
    { "gpu.memory.used_percent", "gpu2", NULL, NAN },
  };
  g_autoptr (OrfPredictionHealth) health = orf_health_judge (inputs, G_N_ELEMENTS (inputs));

  g_assert_cmpuint (health->reasons->len, ==, 1);
  assert_reason (health, 0, "gpu", 10.5, "gpu1 is 92 % full");
  g_assert_cmpfloat_with_epsilon (health->score, 89.5, 0.001);
  g_assert_cmpfloat_with_epsilon (find_part (health, "gpu")->score, 70, 0.001);
}

static void
test_part_loses_no_more_than_it_has (void)
{
  const OrfHealthInput inputs[] = {
    { "gpu.events.open", "gpu0", "critical", 3 },
    { "gpu.memory.used_percent", "gpu0", NULL, 100 },
    { "gpu.temperature_c", "gpu0", NULL, 110 },
  };
  g_autoptr (OrfPredictionHealth) health = orf_health_judge (inputs, G_N_ELEMENTS (inputs));
  double sum = 0;

  for (guint i = 0; i < health->reasons->len; i++)
    sum += ((OrfPredictionHealthReason *) health->reasons->pdata[i])->deduction;
  g_assert_cmpfloat (find_part (health, "gpu")->score, ==, 0);
  g_assert_cmpfloat_with_epsilon (health->score, 65, 0.001);
  g_assert_cmpfloat_with_epsilon (sum, 35, 0.001);
}

static void
test_quality (void)
{
  const OrfHealthInput warning = { "gpu.events.open", "gpu0", "warning", 1 };
  const OrfHealthInput info = { "gpu.events.open", "gpu0", "info", 1 };
  g_autoptr (OrfPredictionHealth) warned = orf_health_judge (&warning, 1);
  g_autoptr (OrfPredictionHealth) told = orf_health_judge (&info, 1);

  assert_reason (warned, 0, "gpu", 8.75, "gpu0 has 1 events open");
  g_assert_cmpuint (told->reasons->len, ==, 0);
}

static void
test_dearest_first (void)
{
  const OrfHealthInput inputs[] = {
    { "host.cpu.used_percent", NULL, NULL, 100 },
    { "error_rate_percent", NULL, NULL, 50 },
    { ORF_HEALTH_EXHAUSTION_S, "gpu0", NULL, 600 },
  };
  g_autoptr (OrfPredictionHealth) health = orf_health_judge (inputs, G_N_ELEMENTS (inputs));

  g_assert_cmpuint (health->reasons->len, ==, 3);
  assert_reason (health, 0, "requests", 25, "requests: 50.0 % fail");
  assert_reason (health, 1, "gpu", 19.091, "gpu0 is forecast to be full in 10 min");
  assert_reason (health, 2, "host", 6, "host: the CPUs are busy for 100 % of the time");
}

static void
test_metrics (void)
{
  g_auto (GStrv) metrics = orf_health_dup_metrics ();

  g_assert_true (g_strv_contains ((const char *const *) metrics, "worker.lost"));
  g_assert_false (g_strv_contains ((const char *const *) metrics, ORF_HEALTH_EXHAUSTION_S));
  for (guint i = 1; i < g_strv_length (metrics); i++)
    for (guint k = 0; k < i; k++)
      g_assert_cmpstr (metrics[i], !=, metrics[k]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/health/score/nothing-measured", test_nothing_measured);
  g_test_add_func ("/health/score/weights", test_weights);
  g_test_add_func ("/health/score/healthy", test_healthy);
  g_test_add_func ("/health/score/worst-of-several", test_worst_of_several);
  g_test_add_func ("/health/score/no-more-than-it-has", test_part_loses_no_more_than_it_has);
  g_test_add_func ("/health/score/quality", test_quality);
  g_test_add_func ("/health/score/dearest-first", test_dearest_first);
  g_test_add_func ("/health/score/metrics", test_metrics);
  return g_test_run ();
}
