/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-feed.h"

#include "../metrics/metrics-fixture.h"
#include "core/orf-clock.h"
#include "metrics/orf-expr-parse.h"

#define S ORF_US_PER_S
/* As many as are noted between two frames. */
#define MANY 500000

typedef struct {
  MetricsFixture metrics;
  OrfAlertFeed *feed;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  metrics_fixture_set_up (&f->metrics, data);
  f->feed = orf_alert_feed_new (&f->metrics.parts);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_alert_feed_stop (f->feed);
  metrics_fixture_tear_down (&f->metrics, data);
  orf_alert_feed_free (f->feed);
}

static void
set_exprs (Fixture *f, const char *const *texts)
{
  g_autoptr (GPtrArray) exprs = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_expr_free);

  for (; *texts != NULL; texts++)
    g_ptr_array_add (exprs, orf_expr_parse (*texts, NULL));
  orf_alert_feed_set_exprs (f->feed, exprs);
}

static OrfSeries *
resolve (Fixture *f, const char *name)
{
  const char *const none[] = { NULL };
  OrfSeries *series = metrics_fixture_resolve (&f->metrics, name, none, NULL);

  g_assert_nonnull (series);
  return series;
}

/* Whether the next frame hands the series over; how many samples it does. */
static gboolean
take (Fixture *f, const char *name, guint *n_samples)
{
  OrfAlertJob *job = orf_alert_job_new (NULL);
  gboolean found = FALSE;

  orf_alert_feed_take (f->feed, job);
  for (guint i = 0; i < job->openings->len; i++)
    found = found || g_str_equal (g_array_index (job->openings, OrfAlertOpening, i).name, name);
  *n_samples += job->samples->len;
  job->base.free (&job->base);
  return found;
}

/* There is no room for the first sample of a series that is asked for its past. */
static void
test_flood (Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
  static const char *const texts[] = { "old", "avg(new, 1m)", NULL };
  OrfSeries *old = resolve (f, "old"), *new = resolve (f, "new");
  gint64 now_us = orf_clock_now_us ();
  guint n_samples = 0;

  set_exprs (f, texts);
  for (guint i = 0; i < MANY; i++)
    orf_registry_append (f->metrics.registry, old, now_us, i);
  orf_registry_append (f->metrics.registry, new, now_us, 1);
  g_assert_cmpuint (orf_alert_feed_get_n_dropped (f->feed), ==, 1);
  while (!take (f, "new", &n_samples))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_samples, >=, MANY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/alert-feed/flood", Fixture, NULL, set_up, test_flood, tear_down);
  return g_test_run ();
}
