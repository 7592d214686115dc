/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "orf-error.h"

static const char *const labels_a[] = { "k", "a", NULL };

static OrfSeries *
resolve (MetricsFixture *fixture, const char *name, const char *const *labels)
{
  g_autoptr (GError) error = NULL;
  OrfSeries *series = metrics_fixture_resolve (fixture, name, labels, &error);

  g_assert_no_error (error);
  g_assert_nonnull (series);
  return series;
}

static void
test_ids_survive_a_restart (MetricsFixture *fixture, gconstpointer data)
{
  gint64 now_us = orf_clock_now_us ();
  gint64 a = resolve (fixture, "m", labels_a)->id, b = resolve (fixture, "m", NULL)->id, c;

  g_assert_cmpint (a, >, 0);
  g_assert_cmpint (a, !=, b);
  g_assert_true (orf_registry_find (fixture->registry, "m", (char *const *) labels_a)->id == a);
  metrics_fixture_record (fixture,
                          orf_registry_find (fixture->registry, "m", (char *const *) labels_a),
                          now_us, 1);
  metrics_fixture_restart (fixture);
  g_assert_nonnull (orf_registry_find (fixture->registry, "m", (char *const *) labels_a));
  g_assert_cmpint (resolve (fixture, "m", labels_a)->id, ==, a);
  c = resolve (fixture, "other", NULL)->id;
  g_assert_cmpint (c, >, a);
}

static void
test_retired_comes_back (MetricsFixture *fixture, gconstpointer data)
{
  gint64 now_us = orf_clock_now_us ();
  OrfSeries *series = resolve (fixture, "m", NULL);
  gint64 id = series->id;

  metrics_fixture_record (fixture, series, now_us, 1);
  orf_registry_hold (fixture->registry, series);
  now_us += 2 * fixture->config->metrics.idle_us;
  orf_registry_tick (fixture->registry, now_us);
  g_assert_nonnull (orf_registry_find (fixture->registry, "m", NULL)); /* held */
  orf_registry_release (fixture->registry, series);
  orf_registry_tick (fixture->registry, now_us);
  g_assert_null (orf_registry_find (fixture->registry, "m", NULL));
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 0);
  g_assert_cmpuint (orf_registry_get_size_bytes (fixture->registry), ==, 0);
  g_assert_cmpuint (orf_registry_get_chunk_bytes (fixture->registry), ==, 0);
  series = resolve (fixture, "m", NULL);
  g_assert_cmpint (series->id, ==, id);
  g_assert_cmpint (series->chunk.complete_from_us, >, 0); /* the file has more */
}

static void
count_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  GPtrArray *found = user_data;

  g_assert_no_error (error);
  for (guint i = 0; i < n_series; i++)
    g_ptr_array_add (found, series[i]);
}

static void
test_two_at_once_meet (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  const OrfSeriesRef refs[] = { { "m", NULL, 0 }, { "n", NULL, 0 }, { "m", NULL, 0 } };

  orf_registry_resolve (fixture->registry, refs, 3, count_cb, found);
  orf_registry_resolve (fixture->registry, refs, 1, count_cb, found);
  g_assert_cmpuint (found->len, ==, 0);
  while (found->len < 4)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (found->pdata[0] == found->pdata[2]);
  g_assert_true (found->pdata[0] == found->pdata[3]);
  g_assert_true (found->pdata[0] != found->pdata[1]);
  /* known: at once */
  orf_registry_resolve (fixture->registry, refs, 2, count_cb, found);
  g_assert_cmpuint (found->len, ==, 6);
}

static void
refused_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_null (series);
  *(guint *) user_data += 1;
}

static void
test_bound (MetricsFixture *fixture, gconstpointer data)
{
  const OrfSeriesRef refs[] = { { "a", NULL, 0 }, { "b", NULL, 0 }, { "c", NULL, 0 } };
  guint refused = 0;

  fixture->config->metrics.max_series = 102;
  fixture->config->metrics.builtin_series = 100;
  resolve (fixture, "first", NULL);
  orf_registry_resolve (fixture->registry, refs, 3, refused_cb, &refused);
  g_assert_cmpuint (refused, ==, 1);
  /* all or none: nothing of it stays */
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 1);
  g_assert_null (orf_registry_find (fixture->registry, "a", NULL));
  resolve (fixture, "second", NULL);
  /* the built-in share is not touched */
  g_assert_nonnull (orf_registry_get_builtin (fixture->registry, ORF_METRIC_HOST_CPU_COUNT, NULL));
}

static void
test_builtin_share (MetricsFixture *fixture, gconstpointer data)
{
  fixture->config->metrics.builtin_series = 2;
  for (int i = 0; i < 3; i++) {
    g_autofree char *device = g_strdup_printf ("d%d", i);
    const char *const values[] = { device, NULL };
    OrfSeries *series;

    if (i == 2)
      g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*builtin_series*");
    series = orf_registry_get_builtin (fixture->registry, ORF_METRIC_GPU_POWER_W, values);
    g_assert_true ((series != NULL) == (i < 2));
    g_assert_true (series ==
                   orf_registry_get_builtin (fixture->registry, ORF_METRIC_GPU_POWER_W, values));
  }
  g_test_assert_expected_messages ();
}

static void
resolved_cb (gpointer user_data, OrfSeries *series)
{
  g_assert_cmpint (series->id, >, 0);
  g_ptr_array_add (user_data, series);
}

static void
test_builtin_gets_its_id (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) resolved = g_ptr_array_new ();
  const char *const values[] = { "opencl-0", NULL };
  OrfSeries *series;
  gint64 id;

  orf_registry_set_resolved (fixture->registry, resolved_cb, resolved);
  series = orf_registry_get_builtin (fixture->registry, ORF_METRIC_GPU_POWER_W, values);
  g_assert_cmpint (series->id, ==, 0);
  g_assert_cmpstr (series->text, ==, "gpu.power_w{device=\"opencl-0\"}");
  orf_registry_append (fixture->registry, series, orf_clock_now_us (), 5);
  while (resolved->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (resolved->pdata[0] == series);
  g_assert_cmpuint (series->chunk.count, ==, 1);
  id = series->id;
  metrics_fixture_record (fixture, series, orf_clock_now_us (), 6);
  metrics_fixture_restart (fixture);
  series = orf_registry_get_builtin (fixture->registry, ORF_METRIC_GPU_POWER_W, values);
  g_assert_cmpint (series->id, ==, id);
}

static void
define (MetricsFixture *fixture, const char *name)
{
  g_autoptr (GArray) buckets = g_array_new (FALSE, FALSE, sizeof (double));
  g_auto (StoreAnswer) answer = { FALSE };
  OrfSeries *series = resolve (fixture, name, NULL);
  double bounds[] = { 0.1, 5, 1e300 };
  OrfFamilyDefinition definition = { ORF_SERIES_KIND_HISTOGRAM, "us", "help", buckets };

  g_array_append_vals (buckets, bounds, 3);
  orf_store_write_series (fixture->store.store,
                          orf_registry_describe (fixture->registry, series, &definition), NULL,
                          NULL, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  orf_registry_define (fixture->registry, series->family, &definition);
}

static void
families_cb (gpointer user_data, OrfFamily *const *families, guint n_families, const GError *error)
{
  g_assert_no_error (error);
  g_assert_cmpuint (n_families, ==, 3);
  g_assert_null (families[1]);
  g_assert_true (families[2]->builtin);
  g_assert_cmpint (families[0]->kind, ==, ORF_SERIES_KIND_HISTOGRAM);
  g_assert_cmpstr (families[0]->unit, ==, "us");
  g_assert_cmpuint (families[0]->buckets->len, ==, 3);
  g_assert_cmpfloat (g_array_index (families[0]->buckets, double, 2), ==, 1e300);
  *(gboolean *) user_data = TRUE;
}

static void
test_definition_survives (MetricsFixture *fixture, gconstpointer data)
{
  const char *const names[] = { "h", "unknown", "gpu.power_w" };
  gboolean done = FALSE;

  define (fixture, "h");
  /* also when it is too long ago to be loaded at the start */
  fixture->config->metrics.idle_us = -1000 * ORF_US_PER_S;
  metrics_fixture_restart (fixture);
  g_assert_null (orf_registry_find_family (fixture->registry, "h"));
  orf_registry_resolve_families (fixture->registry, names, 3, families_cb, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* The answer to a question about families, whichever it is. */
typedef struct {
  guint n_told;
  gboolean known;
} FamilyTold;

static void
family_told_cb (gpointer user_data,
                OrfFamily *const *families,
                guint n_families,
                const GError *error)
{
  FamilyTold *told = user_data;

  g_assert_no_error (error);
  g_assert_cmpuint (n_families, ==, 1);
  told->n_told++;
  told->known = families[0] != NULL;
}

/* Bounded: an answer that never comes is the fault looked for. */
static void
wait_for_family (FamilyTold *told)
{
  gint64 until_us = orf_clock_monotonic_us () + 10 * ORF_US_PER_S;

  while (told->n_told == 0 && orf_clock_monotonic_us () < until_us)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_cmpuint (told->n_told, ==, 1);
}

/* A start that finds a series, but not the metric's own row, has not looked for that one. */
static void
test_family_of_a_loaded_series (MetricsFixture *fixture, gconstpointer data)
{
  const char *const name = "m";
  FamilyTold told = { 0, FALSE };

  metrics_fixture_record (fixture, resolve (fixture, "m", labels_a), orf_clock_now_us (), 1);
  metrics_fixture_restart (fixture);
  g_assert_nonnull (orf_registry_find (fixture->registry, "m", (char *const *) labels_a));
  orf_registry_resolve_families (fixture->registry, &name, 1, family_told_cb, &told);
  wait_for_family (&told);
  g_assert_true (told.known);
}

/* What one caller is refused must not take from another what it waits for. */
static void
test_refusal_spares_who_waits (MetricsFixture *fixture, gconstpointer data)
{
  const OrfSeriesRef refs[] = { { "h", (char *const *) labels_a, 0 }, { "b", NULL, 0 } };
  const char *const name = "h";
  FamilyTold told = { 0, FALSE };
  guint refused = 0;

  define (fixture, "h");
  fixture->config->metrics.idle_us = -1000 * ORF_US_PER_S;
  metrics_fixture_restart (fixture);
  fixture->config->metrics.max_series = 101;
  fixture->config->metrics.builtin_series = 100;
  orf_registry_resolve_families (fixture->registry, &name, 1, family_told_cb, &told);
  orf_registry_resolve (fixture->registry, refs, 2, refused_cb, &refused);
  g_assert_cmpuint (refused, ==, 1);
  wait_for_family (&told);
  g_assert_true (told.known);
}

static void
test_rebuild (MetricsFixture *fixture, gconstpointer data)
{
  gint64 now_us = orf_clock_now_us ();
  OrfSeries *series = resolve (fixture, "m", NULL);
  g_autoptr (GArray) before = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (int i = 550; i >= 0; i -= 5)
    metrics_fixture_record (fixture, series, now_us - i * ORF_US_PER_S, i);
  metrics_fixture_record (fixture, series, now_us + 30 * ORF_US_PER_S, -1); /* ahead */
  orf_open_chunk_read (&series->chunk, 0, G_MAXINT64, before);
  metrics_fixture_restart (fixture);
  series = orf_registry_find (fixture->registry, "m", NULL);
  g_assert_cmpint (series->last_us, ==, now_us + 30 * ORF_US_PER_S);
  g_assert_cmpint (series->chunk.complete_from_us, >, series->last_us);
  orf_registry_rebuild (fixture->registry);
  while (series->chunk.complete_from_us > now_us - 570 * ORF_US_PER_S)
    g_main_context_iteration (NULL, TRUE);
  orf_open_chunk_read (&series->chunk, 0, G_MAXINT64, after);
  g_assert_cmpmem (before->data, before->len * sizeof (OrfPoint), after->data,
                   after->len * sizeof (OrfPoint));
}

static void
test_active_is_sorted (MetricsFixture *fixture, gconstpointer data)
{
  GPtrArray *active;

  resolve (fixture, "b", NULL);
  resolve (fixture, "c", NULL);
  resolve (fixture, "a", labels_a);
  active = orf_registry_get_active (fixture->registry);
  g_assert_cmpuint (active->len, ==, 3);
  g_assert_cmpstr (((OrfSeries *) active->pdata[0])->text, ==, "a{k=\"a\"}");
  g_assert_cmpstr (((OrfSeries *) active->pdata[2])->text, ==, "c");
}

static void
closed_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  *(guint *) user_data += 1;
}

/* The order is kept, and not made anew, while series come and go. */
static void
test_stays_sorted (MetricsFixture *fixture, gconstpointer data)
{
  gint64 now_us = orf_clock_now_us ();

  fixture->config->metrics.idle_us = ORF_US_PER_S;
  for (guint round = 0; round < 200; round++) {
    g_autofree char *name = g_strdup_printf ("r%d", g_test_rand_int_range (0, 100));
    OrfSeries *series = resolve (fixture, name, NULL);
    GPtrArray *active;

    /* those that are not named again within a few rounds are retired */
    now_us += ORF_US_PER_S / 8;
    orf_registry_append (fixture->registry, series, now_us, round);
    series->created_us = MIN (series->created_us, now_us);
    if (round % 3 == 0)
      orf_registry_tick (fixture->registry, now_us);
    if (round % 4 == 0)
      continue;
    active = orf_registry_get_active (fixture->registry);
    g_assert_cmpuint (active->len, ==, orf_registry_get_n_active (fixture->registry));
    for (guint i = 1; i < active->len; i++)
      g_assert_cmpstr (((OrfSeries *) active->pdata[i - 1])->text, <,
                       ((OrfSeries *) active->pdata[i])->text);
    g_assert_true (orf_registry_find (fixture->registry, name, NULL) == series);
  }
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), <, 50);
}

static void
test_closed_while_asking (MetricsFixture *fixture, gconstpointer data)
{
  const OrfSeriesRef ref = { "m", NULL, 0 };
  guint told = 0;

  orf_registry_resolve (fixture->registry, &ref, 1, closed_cb, &told);
  metrics_fixture_restart (fixture);
  g_assert_cmpuint (told, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/registry/" path, MetricsFixture, NULL, metrics_fixture_set_up, func,               \
              metrics_fixture_tear_down)
  ADD ("ids-survive-a-restart", test_ids_survive_a_restart);
  ADD ("retired-comes-back", test_retired_comes_back);
  ADD ("two-at-once-meet", test_two_at_once_meet);
  ADD ("bound", test_bound);
  ADD ("builtin-share", test_builtin_share);
  ADD ("builtin-gets-its-id", test_builtin_gets_its_id);
  ADD ("definition-survives", test_definition_survives);
  ADD ("family-of-a-loaded-series", test_family_of_a_loaded_series);
  ADD ("refusal-spares-who-waits", test_refusal_spares_who_waits);
  ADD ("rebuild", test_rebuild);
  ADD ("active-is-sorted", test_active_is_sorted);
  ADD ("stays-sorted", test_stays_sorted);
  ADD ("closed-while-asking", test_closed_while_asking);
  return g_test_run ();
}
