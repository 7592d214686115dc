/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics-fixture.h"

static void
open_registry (MetricsFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_fixture_open (&fixture->store);
  fixture->registry = orf_registry_new (fixture->config, fixture->store.store, &error);
  g_assert_no_error (error);
}

static void
close_registry (MetricsFixture *fixture)
{
  orf_registry_flush (fixture->registry);
  store_fixture_close (&fixture->store);
  g_clear_pointer (&fixture->registry, orf_registry_free);
}

void
metrics_fixture_set_up (MetricsFixture *fixture, gconstpointer data)
{
  store_fixture_set_up (&fixture->store, NULL);
  fixture->config = orf_config_new_defaults ();
  open_registry (fixture);
}

void
metrics_fixture_tear_down (MetricsFixture *fixture, gconstpointer data)
{
  close_registry (fixture);
  store_fixture_tear_down (&fixture->store, NULL);
  orf_config_free (fixture->config);
}

void
metrics_fixture_restart (MetricsFixture *fixture)
{
  close_registry (fixture);
  open_registry (fixture);
}

typedef struct {
  gboolean done;
  OrfSeries *series;
  GError *error;
} Resolved;

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  Resolved *resolved = user_data;

  resolved->done = TRUE;
  if (error != NULL)
    resolved->error = g_error_copy (error);
  else
    resolved->series = series[0];
}

OrfSeries *
metrics_fixture_resolve (MetricsFixture *fixture,
                         const char *name,
                         const char *const *labels,
                         GError **error)
{
  const OrfSeriesRef ref = { name, (char *const *) labels, ORF_SERIES_KIND_UNSET };
  Resolved resolved = { FALSE, NULL, NULL };

  orf_registry_resolve (fixture->registry, &ref, 1, resolved_cb, &resolved);
  while (!resolved.done)
    g_main_context_iteration (NULL, TRUE);
  if (resolved.error != NULL)
    g_propagate_error (error, resolved.error);
  return resolved.series;
}

void
metrics_fixture_record (MetricsFixture *fixture, OrfSeries *series, gint64 t_us, double value)
{
  g_auto (StoreAnswer) answer = { FALSE };
  OrfSampleBatch *batch = orf_sample_batch_new (1);

  orf_registry_declare (fixture->registry, series, batch);
  orf_sample_batch_add (batch, t_us, series->id, value);
  orf_store_write_samples (fixture->store.store, batch, NULL, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  orf_registry_append (fixture->registry, series, t_us, value);
}
