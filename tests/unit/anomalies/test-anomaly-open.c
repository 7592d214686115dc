/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-open.h"

#include "../metrics/metrics-fixture.h"

typedef struct {
  MetricsFixture metrics;
  OrfAnomalyOpen *open;
  OrfFrame *frame;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  metrics_fixture_set_up (&f->metrics, data);
  f->open = orf_anomaly_open_new ();
  f->frame = orf_frame_new (f->metrics.registry);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_frame_free (f->frame);
  orf_anomaly_open_free (f->open);
  metrics_fixture_tear_down (&f->metrics, data);
}

static void
note (
  Fixture *f, gint64 id, const char *entity, OrfSeverity severity, double score, gint64 ended_us)
{
  const OrfAnomalyRecord row = { .id = id,
                                 .kind = ORF_ANOMALY_KIND_SPIKE,
                                 .entity = (char *) entity,
                                 .severity = severity,
                                 .score = score,
                                 .started_us = 1,
                                 .ended_us = ended_us };

  orf_anomaly_open_note (f->open, &row);
}

static void
assert_told (Fixture *f, guint n, guint i, const char *labels, double score)
{
  g_autofree char *text = g_strdup_printf ("orfeas.anomaly.score{%s}", labels);
  const OrfFrameValue *value;

  g_assert_cmpuint (f->frame->values->len, ==, n);
  value = &g_array_index (f->frame->values, OrfFrameValue, i);
  g_assert_cmpstr (value->series->text, ==, text);
  g_assert_cmpfloat (value->value, ==, score);
}

static void
fill (Fixture *f)
{
  orf_frame_begin (f->frame, 1000);
  orf_anomaly_open_fill (f->open, f->frame);
}

#define SHOP(severity) "entity=\"shop\",kind=\"spike\",severity=\"" severity "\""

/* Told while it goes on, 0 once when it is over, and then no more. */
static void
test_course (Fixture *f, gconstpointer data)
{
  fill (f);
  g_assert_cmpuint (f->frame->values->len, ==, 0);
  note (f, 1, "shop", ORF_SEVERITY_WARNING, 5, 0);
  fill (f);
  assert_told (f, 1, 0, SHOP ("warning"), 5);
  note (f, 1, "shop", ORF_SEVERITY_WARNING, 6, 0);
  fill (f);
  assert_told (f, 1, 0, SHOP ("warning"), 6);
  note (f, 1, "shop", ORF_SEVERITY_WARNING, 6, 90);
  fill (f);
  assert_told (f, 1, 0, SHOP ("warning"), 0);
  fill (f);
  g_assert_cmpuint (f->frame->values->len, ==, 0);
}

/* What it was is over, what it is goes on. */
static void
test_rises (Fixture *f, gconstpointer data)
{
  note (f, 1, "shop", ORF_SEVERITY_WARNING, 5, 0);
  fill (f);
  note (f, 1, "shop", ORF_SEVERITY_CRITICAL, 9, 0);
  fill (f);
  assert_told (f, 2, 0, SHOP ("warning"), 0);
  assert_told (f, 2, 1, SHOP ("critical"), 9);
  note (f, 1, "shop", ORF_SEVERITY_INFO, 9, 0); /* its like is known */
  fill (f);
  assert_told (f, 1, 0, SHOP ("critical"), 0);
  fill (f);
  g_assert_cmpuint (f->frame->values->len, ==, 0);
}

/* Of two with the same labels the higher one, and the other when that is over. */
static void
test_two (Fixture *f, gconstpointer data)
{
  note (f, 1, "shop", ORF_SEVERITY_WARNING, 5, 0);
  note (f, 2, "shop", ORF_SEVERITY_WARNING, 7, 0);
  note (f, 3, "store", ORF_SEVERITY_WARNING, 4, 0);
  fill (f);
  assert_told (f, 2, 0, SHOP ("warning"), 7);
  note (f, 2, "shop", ORF_SEVERITY_WARNING, 7, 90);
  fill (f);
  assert_told (f, 2, 0, SHOP ("warning"), 5);
  fill (f);
  assert_told (f, 2, 0, SHOP ("warning"), 5);
}

static void
test_bounded (Fixture *f, gconstpointer data)
{
  for (gint64 id = 1; id <= 1000; id++) {
    g_autofree char *entity = g_strdup_printf ("e%" G_GINT64_FORMAT, id);

    note (f, id, entity, ORF_SEVERITY_WARNING, 5, 0);
  }
  fill (f);
  g_assert_cmpuint (f->frame->values->len, ==, 256);
  for (gint64 id = 1; id <= 1000; id++)
    note (f, id, "e", ORF_SEVERITY_WARNING, 5, 90);
  fill (f);
  fill (f);
  g_assert_cmpuint (f->frame->values->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/anomaly-open/course", Fixture, NULL, set_up, test_course, tear_down);
  g_test_add ("/anomaly-open/rises", Fixture, NULL, set_up, test_rises, tear_down);
  g_test_add ("/anomaly-open/two", Fixture, NULL, set_up, test_two, tear_down);
  g_test_add ("/anomaly-open/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
  return g_test_run ();
}
