/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics-fixture.h"

#include <string.h>

#include "core/orf-clock.h"
#include "metrics/orf-metrics-define.h"
#include "metrics/orf-metrics-record.h"

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  MetricsFixture *fixture = transport;

  g_ptr_array_add (fixture->answers, g_strndup (data, length));
}

static void
open_router (MetricsFixture *fixture)
{
  static const OrfPeerOps ops = { .send = send_cb };
  const OrfRpcLimits limits = {
    .max_message_bytes = 64 * 1024 * 1024,
    .max_depth = 64,
    .max_batch = 1000,
    .max_in_flight = 10000,
    .max_in_flight_per_peer = 10000,
    .default_deadline_us = 60 * ORF_US_PER_S,
    .max_deadline_us = 60 * ORF_US_PER_S,
  };

  fixture->parts = (OrfMetricsParts){ fixture->registry, fixture->store.store, fixture->config };
  fixture->router = orf_router_new (&limits);
  orf_metrics_record_bind (fixture->router, &fixture->parts);
  orf_metrics_define_bind (fixture->router, &fixture->parts);
  fixture->answers = g_ptr_array_new_with_free_func (g_free);
  fixture->peer = orf_peer_new (fixture->router, &ops, fixture, ORF_ROLE_ADMIN, "test");
}

static void
open_registry (MetricsFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_fixture_open (&fixture->store);
  fixture->registry = orf_registry_new (fixture->config, fixture->store.store, &error);
  g_assert_no_error (error);
  open_router (fixture);
}

static void
close_registry (MetricsFixture *fixture)
{
  orf_registry_flush (fixture->registry);
  store_fixture_close (&fixture->store);
  g_clear_pointer (&fixture->registry, orf_registry_free);
  g_clear_pointer (&fixture->peer, orf_peer_free);
  g_clear_pointer (&fixture->router, orf_router_unref);
  g_clear_pointer (&fixture->answers, g_ptr_array_unref);
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
metrics_fixture_restart_packed (MetricsFixture *fixture, guint n)
{
  const OrfPackLimits limits = { (guint) g_test_rand_int_range (100, 1000), TRUE };

  close_registry (fixture);
  store_fixture_pack (&fixture->store, n, &limits);
  open_registry (fixture);
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

void
metrics_fixture_send (MetricsFixture *fixture, const char *text)
{
  orf_peer_receive (fixture->peer, text, strlen (text), NULL);
}

const char *
metrics_fixture_wait (MetricsFixture *fixture, guint n)
{
  while (fixture->answers->len <= n)
    g_main_context_iteration (NULL, TRUE);
  return fixture->answers->pdata[n];
}

const char *
metrics_fixture_call (MetricsFixture *fixture,
                      const char *method,
                      const char *params,
                      const char *meta)
{
  g_autofree char *text =
    g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s%s%s}", method,
                     params, meta != NULL ? ",\"meta\":" : "", meta != NULL ? meta : "");
  guint n = fixture->answers->len;

  metrics_fixture_send (fixture, text);
  return metrics_fixture_wait (fixture, n);
}

void
metrics_fixture_refused (MetricsFixture *fixture,
                         const char *method,
                         const char *params,
                         const char *status,
                         const char *field)
{
  const char *answer = metrics_fixture_call (fixture, method, params, NULL);
  g_autofree char *want_status = g_strdup_printf ("\"status\":\"%s\"", status);
  g_autofree char *want_field = g_strdup_printf ("\"field\":\"%s\"", field != NULL ? field : "");

  if (strstr (answer, want_status) == NULL ||
      (field != NULL && strstr (answer, want_field) == NULL))
    g_error ("%s %s: %s, not %s of %s", method, params, answer, status, field);
}
