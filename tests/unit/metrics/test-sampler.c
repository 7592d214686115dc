/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "metrics/orf-sampler.h"

/* A source that answers when the test lets it. */
typedef struct {
  OrfMetricId metric;
  gint64 period_us;
  gboolean later;
  gint64 busy_us; /* how long filling takes */
  guint n_begun, n_filled;
  double value;
  GArray *times_us;
} FakeSource;

typedef struct {
  MetricsFixture base;
  OrfSampler *sampler;
  FakeSource quick, slow;
} Fixture;

static gboolean
begin_cb (gpointer self)
{
  ((FakeSource *) self)->n_begun++;
  return ((FakeSource *) self)->later;
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  FakeSource *source = self;
  gint64 until_us = orf_clock_monotonic_us () + source->busy_us;

  while (orf_clock_monotonic_us () < until_us)
    ;
  source->n_filled++;
  g_array_append_val (source->times_us, frame->t_us);
  orf_frame_add (frame, source->metric, NULL, source->value++);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_SERIES, NULL, NAN);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_SERIES, NULL, INFINITY);
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((FakeSource *) self)->period_us;
}

static const OrfSamplerSource ops = { begin_cb, fill_cb, get_period_us_cb };

static void
set_up (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_set_up (&fixture->base, data);
  fixture->quick = (FakeSource){ .metric = ORF_METRIC_HOST_LOAD_1M, .period_us = 20000 };
  fixture->slow = (FakeSource){ .metric = ORF_METRIC_HOST_LOAD_5M, .period_us = 60000 };
  fixture->quick.times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture->slow.times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture->base.config->store.commit_us = 20000;
  fixture->sampler = orf_sampler_new (fixture->base.registry, fixture->base.store.store,
                                      fixture->base.config);
  orf_sampler_add_source (fixture->sampler, &ops, &fixture->quick);
  orf_sampler_add_source (fixture->sampler, &ops, &fixture->slow);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->sampler, orf_sampler_free);
  metrics_fixture_tear_down (&fixture->base, data);
  g_array_unref (fixture->quick.times_us);
  g_array_unref (fixture->slow.times_us);
}

static void
run_until (guint *counter, guint n)
{
  while (*counter < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
check_times (const FakeSource *source)
{
  for (guint i = 0; i < source->times_us->len; i++) {
    gint64 t_us = g_array_index (source->times_us, gint64, i);

    g_assert_cmpint (t_us % source->period_us, ==, 0);
    if (i > 0)
      g_assert_cmpint (t_us, >, g_array_index (source->times_us, gint64, i - 1));
  }
}

static void
test_aligned (Fixture *fixture, gconstpointer data)
{
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->slow.n_filled, 3);
  check_times (&fixture->quick);
  check_times (&fixture->slow);
  g_assert_cmpuint (fixture->quick.n_filled, >=, 3);
  /* both are in the one frame where their periods meet */
  g_assert_cmpuint (orf_sampler_get_stats (fixture->sampler).n_values, ==, 2);
}

/* Nothing is lost, and nothing told twice, though the ids came later. */
static void
test_all_of_it_is_stored (Fixture *fixture, gconstpointer data)
{
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->quick.n_filled, 10);
  g_clear_pointer (&fixture->sampler, orf_sampler_free);
  metrics_fixture_restart (&fixture->base);
  g_assert_cmpint (store_query (fixture->base.store.path,
                                "SELECT count(*) FROM sample_raw JOIN series ON id=series_id "
                                "WHERE name='host.load.1m'"),
                   ==, fixture->quick.n_filled);
  g_assert_cmpint (
    store_query (fixture->base.store.path,
                 "SELECT count(DISTINCT value) FROM sample_raw JOIN series ON id=series_id "
                 "WHERE name='host.load.1m'"),
    ==, fixture->quick.n_filled);
  /* what is unknown makes no series */
  g_assert_cmpint (store_query (fixture->base.store.path, "SELECT count(*) FROM series"), ==, 2);
}

static void
test_waits_for_who_says_later (Fixture *fixture, gconstpointer data)
{
  fixture->slow.later = TRUE;
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->slow.n_begun, 1);
  g_assert_cmpuint (fixture->slow.n_filled, ==, 0);
  orf_sampler_settle (fixture->sampler, &fixture->slow);
  g_assert_cmpuint (fixture->slow.n_filled, ==, 0); /* not from inside */
  run_until (&fixture->slow.n_filled, 1);
  /* it never settles: the frame goes without waiting for ever */
  run_until (&fixture->slow.n_filled, 3);
  check_times (&fixture->slow);
}

static void
test_period_may_change (Fixture *fixture, gconstpointer data)
{
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->quick.n_filled, 2);
  fixture->quick.period_us = 10000;
  g_array_set_size (fixture->quick.times_us, 0);
  run_until (&fixture->quick.n_filled, 6);
  check_times (&fixture->quick);
}

/* What a frame told is on disk commit_us later, also where the next frame is an hour away. */
static void
test_commit_does_not_wait_for_a_frame (Fixture *fixture, gconstpointer data)
{
  fixture->base.config->store.commit_us = 500000;
  fixture->slow.period_us = 3600 * ORF_US_PER_S;
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->quick.n_filled, 3);
  fixture->quick.period_us = 3600 * ORF_US_PER_S;
  while (orf_store_get_stats (fixture->base.store.store)->rows_written < fixture->quick.n_filled)
    g_main_context_iteration (NULL, TRUE);
}

/* The cost of a frame holds what its sources and its end cost. */
static void
test_stats (Fixture *fixture, gconstpointer data)
{
  OrfSamplerStats stats = orf_sampler_get_stats (fixture->sampler);

  g_assert_cmpint (stats.t_us, ==, 0);
  fixture->quick.busy_us = 2000;
  orf_sampler_start (fixture->sampler);
  run_until (&fixture->quick.n_filled, 1);
  stats = orf_sampler_get_stats (fixture->sampler);
  g_assert_cmpint (stats.t_us, ==, g_array_index (fixture->quick.times_us, gint64, 0));
  g_assert_cmpint (stats.frame_us, >=, 2000);
  g_assert_cmpint (stats.loop_stall_us, >=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/sampler/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("aligned", test_aligned);
  ADD ("all-of-it-is-stored", test_all_of_it_is_stored);
  ADD ("waits-for-who-says-later", test_waits_for_who_says_later);
  ADD ("period-may-change", test_period_may_change);
  ADD ("commit-does-not-wait-for-a-frame", test_commit_does_not_wait_for_a_frame);
  ADD ("stats", test_stats);
  return g_test_run ();
}
