/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-mapper.h"

#include <string.h>

#include "orf-error.h"

#define NOW_US G_GINT64_CONSTANT (1700000000000000)

static const OrfOtlpLimits limits = { .now_us = NOW_US,
                                      .late_us = 1000000,
                                      .future_us = 1000000,
                                      .max_labels = 4,
                                      .max_rows = 1000,
                                      .max_slots = 100,
                                      .max_remembered_bytes = 1 << 20 };

typedef struct {
  OrfOtlpArena *arena;
  OrfOtlpMapper *mapper;
  OrfOtlpBatch *batch;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  static char *const promote[] = { NULL };

  f->arena = orf_otlp_arena_new ();
  f->mapper = orf_otlp_mapper_new (promote);
  f->batch = orf_otlp_batch_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_otlp_batch_free (f->batch);
  orf_otlp_mapper_free (f->mapper);
  orf_otlp_arena_free (f->arena);
}

/* Metrics as JSON, which is the easier to write. */
static gboolean
map (Fixture *f, const char *metrics, GError **error)
{
  g_autofree char *text =
    g_strdup_printf ("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[%s]}]}]}", metrics);
  const Otlp__MetricsRequest *request;

  g_clear_pointer (&f->batch, orf_otlp_batch_free);
  f->batch = orf_otlp_batch_new ();
  orf_otlp_arena_reset (f->arena, 64 << 20);
  request = orf_otlp_message_read_metrics (f->arena, ORF_OTLP_JSON, text, strlen (text), error);
  g_assert_nonnull (request);
  return orf_otlp_mapper_run (f->mapper, &limits, request, f->batch, error);
}

static void
map_gauge (Fixture *f, const char *name, guint from, guint n, const char *more)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "{\"name\":\"%s\",\"gauge\":{\"dataPoints\":[", name);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text,
                            "%s{\"asInt\":%u%s,\"attributes\":[{\"key\":\"i\",\"value\":"
                            "{\"intValue\":%u}}]}",
                            i > 0 ? "," : "", i, more, from + i);
  g_string_append (text, "]}}");
  g_assert_true (map (f, text->str, NULL));
}

static const OrfOtlpRow *
row (Fixture *f, guint i)
{
  return &g_array_index (f->batch->rows, OrfOtlpRow, i);
}

static void
test_remembered (Fixture *f, gconstpointer data)
{
  map_gauge (f, "g", 0, 3, "");
  g_assert_cmpuint (f->batch->new_series->len, ==, 3);
  g_assert_cmpuint (f->batch->rows->len, ==, 3);
  g_assert_cmpint (row (f, 2)->t_us, ==, NOW_US);
  g_assert_cmpuint (row (f, 2)->slot, ==, 2);
  map_gauge (f, "g", 2, 2, "");
  g_assert_cmpuint (f->batch->new_series->len, ==, 1);
  g_assert_cmpuint (row (f, 0)->slot, ==, 2);
  g_assert_cmpuint (row (f, 1)->slot, ==, 3);
  map_gauge (f, "h", 2, 1, "");
  g_assert_cmpuint (f->batch->new_series->len, ==, 1);
  g_assert_cmpuint (orf_otlp_mapper_get_size_bytes (f->mapper), >, 0);
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  map_gauge (f, "g", 0, 120, "");
  g_assert_false (f->batch->reset);
  map_gauge (f, "g", 0, 1, "");
  g_assert_true (f->batch->reset);
  g_assert_cmpuint (f->batch->new_series->len, ==, 1);
  g_assert_cmpuint (row (f, 0)->slot, ==, 0);
}

/* What makes no series is not remembered for ever either. */
static void
test_forgotten_by_size (Fixture *f, gconstpointer data)
{
  g_autofree char *key = g_strnfill (100 * 1024, 'k');
  gboolean was_reset = FALSE;

  for (guint i = 0; i < 30; i++) {
    g_autofree char *text = g_strdup_printf (
      "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"%u%s\"}]},"
      "\"scopeMetrics\":[{\"metrics\":[{\"name\":\"g\",\"gauge\":{\"dataPoints\":[]}}]}]}]}",
      i, key);
    const Otlp__MetricsRequest *request;

    g_clear_pointer (&f->batch, orf_otlp_batch_free);
    f->batch = orf_otlp_batch_new ();
    orf_otlp_arena_reset (f->arena, 64 << 20);
    request = orf_otlp_message_read_metrics (f->arena, ORF_OTLP_JSON, text, strlen (text), NULL);
    g_assert_true (orf_otlp_mapper_run (f->mapper, &limits, request, f->batch, NULL));
    g_assert_cmpuint (orf_otlp_mapper_get_size_bytes (f->mapper), <, limits.max_remembered_bytes);
    was_reset |= f->batch->reset;
  }
  g_assert_true (was_reset);
}

static void
test_rejected (Fixture *f, gconstpointer data)
{
  map_gauge (f, "g", 0, 2, ",\"timeUnixNano\":\"1\"");
  g_assert_cmpuint (f->batch->n_rejected, ==, 2);
  g_assert_nonnull (strstr (f->batch->reason, "too old"));
  map_gauge (f, "g", 0, 2, ",\"flags\":1");
  g_assert_cmpuint (f->batch->n_rejected, ==, 0);
  g_assert_cmpuint (f->batch->n_points, ==, 2);
  g_assert_cmpuint (f->batch->rows->len, ==, 0);
  map_gauge (f, "a b", 0, 2, "");
  g_assert_cmpuint (f->batch->n_rejected, ==, 2);
  /* nothing of a histogram is left of which one bucket cannot be */
  g_assert_true (map (f,
                      "{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":"
                      "[{\"count\":1,\"bucketCounts\":[1,0],\"explicitBounds\":[1],\"attributes\":"
                      "[{\"key\":\"a\",\"value\":{\"intValue\":1}},{\"key\":\"b\",\"value\":"
                      "{\"intValue\":1}},{\"key\":\"c\",\"value\":{\"intValue\":1}},"
                      "{\"key\":\"d\",\"value\":{\"intValue\":1}}]}]}}",
                      NULL));
  g_assert_cmpuint (f->batch->n_rejected, ==, 1);
  g_assert_cmpuint (f->batch->rows->len, ==, 0);
}

static void
test_too_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) points = g_string_new ("{\"asInt\":1}");

  for (guint i = 0; i < 1000; i++)
    g_string_append (points, ",{\"asInt\":1}");
  g_string_prepend (points, "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[");
  g_string_append (points, "]}}");
  g_assert_false (map (f, points->str, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_cmpuint (f->batch->rows->len, ==, 0);
  g_assert_cmpuint (f->batch->new_series->len, ==, 1);
}

static void
test_histogram_rows (Fixture *f, gconstpointer data)
{
  g_assert_true (map (f,
                      "{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":"
                      "[{\"count\":3,\"sum\":9,\"bucketCounts\":[1,2],\"explicitBounds\":[1]}]}}",
                      NULL));
  g_assert_cmpuint (f->batch->rows->len, ==, 4);
  g_assert_cmpuint (row (f, 0)->flags, ==, ORF_OTLP_ROW_FIRST | ORF_OTLP_ROW_DELTA);
  g_assert_cmpfloat (row (f, 0)->value, ==, 1);
  g_assert_cmpfloat (row (f, 1)->value, ==, 3);
  g_assert_cmpuint (row (f, 1)->flags, ==, ORF_OTLP_ROW_DELTA);
  g_assert_cmpfloat (row (f, 3)->value, ==, 9);
  g_assert_cmpuint (f->batch->new_series->len, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/otlp/mapper/remembered", Fixture, NULL, set_up, test_remembered, tear_down);
  g_test_add ("/otlp/mapper/forgotten", Fixture, NULL, set_up, test_forgotten, tear_down);
  g_test_add ("/otlp/mapper/forgotten-by-size", Fixture, NULL, set_up, test_forgotten_by_size,
              tear_down);
  g_test_add ("/otlp/mapper/rejected", Fixture, NULL, set_up, test_rejected, tear_down);
  g_test_add ("/otlp/mapper/too-many", Fixture, NULL, set_up, test_too_many, tear_down);
  g_test_add ("/otlp/mapper/histogram", Fixture, NULL, set_up, test_histogram_rows, tear_down);
  return g_test_run ();
}
