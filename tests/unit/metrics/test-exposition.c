/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "metrics/orf-exposition-labels.h"
#include "metrics/orf-exposition-source.h"
#include "metrics/orf-exposition-text.h"
#include "metrics/orf-exposition.h"

/* ---- helpers --------------------------------------------------------------------------------- */

static void
ignore_cb (gpointer user_data)
{
}

/* Made anew each time; histograms are found out first. */
static char *
expose_at (MetricsFixture *fixture, OrfExpositionFormat format, gint64 now_us)
{
  g_autoptr (OrfHistogramBases)
    bases = orf_histogram_bases_new (fixture->registry, ignore_cb, NULL);
  g_autoptr (OrfExpositionNames) names = orf_exposition_names_new ();
  g_autoptr (GPtrArray) plan = orf_exposition_plan_new (fixture->registry, bases, names);
  g_autoptr (OrfExpositionSheet) sheet = orf_exposition_sheet_new ();
  g_autoptr (GArray) sources = orf_exposition_sources_new (plan);
  g_autoptr (GArray) values = orf_exposition_sources_read (sources, now_us);
  GString *text = g_string_new (NULL);

  orf_exposition_sheet_fill (sheet, plan);
  orf_exposition_text_write (text, sheet, (const double *) values->data, NULL, "", format);
  return g_string_free (text, FALSE);
}

static char *
expose (MetricsFixture *fixture, OrfExpositionFormat format)
{
  return expose_at (fixture, format, orf_clock_now_us ());
}

typedef struct {
  gboolean done;
  char *text; /* NULL: the exposition went */
  gsize gzip_length;
} Got;

static void
clear_got (Got *got)
{
  g_free (got->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Got, clear_got)

static void
got_cb (gpointer user_data, const OrfExpositionPage *page)
{
  Got *got = user_data;

  g_assert_false (got->done);
  got->done = TRUE;
  if (page == NULL)
    return;
  g_assert_cmpuint (strlen (page->text), ==, page->length);
  got->text = g_strdup (page->text);
  got->gzip_length = page->gzip != NULL ? page->gzip_length : 0;
}

static char *
get (OrfExposition *exposition, OrfExpositionFormat format)
{
  g_auto (Got) got = { FALSE };

  orf_exposition_get (exposition, format, FALSE, got_cb, &got);
  while (!got.done)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&got.text);
}

/* Until it says so: a page is told again for twenty times as long as it took. */
static void
await (OrfExposition *exposition, const char *part)
{
  for (;;) {
    g_autofree char *text = get (exposition, ORF_EXPOSITION_TEXT);

    if (strstr (text, part) != NULL)
      return;
    g_usleep (1000);
  }
}

static OrfExposition *
open_exposition (MetricsFixture *fixture, OrfMemory *memory)
{
  g_autoptr (GError) error = NULL;
  OrfExposition *exposition = orf_exposition_new (fixture->registry, memory, &error);

  g_assert_no_error (error);
  return exposition;
}

static void
record_samples (MetricsFixture *fixture, const char *samples)
{
  g_autofree char *params = g_strdup_printf ("{\"samples\":[%s]}", samples);
  const char *answer = metrics_fixture_call (fixture, "metrics.record", params, NULL);

  g_assert_nonnull (strstr (answer, "\"accepted\""));
}

static void
define (MetricsFixture *fixture, const char *params)
{
  const char *answer = metrics_fixture_call (fixture, "metrics.define", params, NULL);

  g_assert_nonnull (strstr (answer, "\"created\""));
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("%s\nis not in\n%s", part, text);
}

static void
assert_lacks (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("%s\nis in\n%s", part, text);
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  for (const char *at = text; (at = strstr (at, part)) != NULL; at++)
    n++;
  return n;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void
test_builtin (MetricsFixture *fixture, gconstpointer data)
{
  static const char *const labels[] = { "opencl-0", NULL };
  g_autofree char *text = NULL, *open = NULL;
  gint64 now_us = orf_clock_now_us ();
  const struct {
    OrfMetricId metric;
    const char *const *labels;
    double value;
  } values[] = {
    { ORF_METRIC_GPU_MEMORY_USED_BYTES, labels, 4096 },
    { ORF_METRIC_GPU_MEMORY_USED_PERCENT, labels, 41.5 },
    { ORF_METRIC_GPU_UTILIZATION_PERCENT, labels, 33.335 },
    { ORF_METRIC_HOST_DISK_READ_BYTES, NULL, 7 },
    { ORF_METRIC_HOST_DISK_WRITTEN_BYTES, NULL, 8 },
    { ORF_METRIC_ORFEAS_FRAME_US, NULL, 12345 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_registry_append (fixture->registry,
                         orf_registry_get_builtin (fixture->registry, values[i].metric,
                                                   values[i].labels),
                         now_us, values[i].value);
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  open = expose (fixture, ORF_EXPOSITION_OPENMETRICS);
  assert_has (text, "# HELP orfeas_build_info What runs here.\n# TYPE orfeas_build_info gauge\n"
                    "orfeas_build_info{version=\"" ORF_VERSION "\"} 1\n");
  assert_has (open, "# TYPE orfeas_build info\norfeas_build_info{version=\"" ORF_VERSION "\"} 1\n");
  assert_has (text, "# TYPE hw_gpu_memory_usage_bytes gauge\n"
                    "hw_gpu_memory_usage_bytes{hw_id=\"opencl-0\",hw_type=\"gpu\"} 4096\n");
  assert_has (text, "hw_gpu_memory_utilization_ratio{hw_id=\"opencl-0\",hw_type=\"gpu\"} 0.415\n");
  assert_has (text, "hw_type=\"gpu\"} 0.33335\n");
  assert_has (text, "# TYPE system_disk_io_bytes_total counter\n"
                    "system_disk_io_bytes_total{disk_io_direction=\"read\"} 7\n"
                    "system_disk_io_bytes_total{disk_io_direction=\"write\"} 8\n");
  assert_has (open, "# TYPE system_disk_io_bytes counter\n# UNIT system_disk_io_bytes bytes\n"
                    "system_disk_io_bytes_total{disk_io_direction=\"read\"} 7\n");
  assert_has (text, "orfeas_frame_seconds 0.012345\n");
  assert_lacks (text, "# UNIT");
  assert_lacks (text, "# EOF");
  g_assert_true (g_str_has_suffix (open, "\n# EOF\n"));
  g_assert_cmpuint (count (open, "# EOF"), ==, 1);
}

static void
test_escapes (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL, *open = NULL;

  define (fixture, "{\"name\":\"odd\",\"help\":\"a \\\\ b \\n c \\\"d\\\"\",\"unit\":\"w\\n\"}");
  record_samples (fixture, "{\"name\":\"odd\",\"value\":1,"
                           "\"labels\":{\"a\":\"q\\\"b\\\\s\\nn\",\"b\":\"h\u00e9\"}}");
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  open = expose (fixture, ORF_EXPOSITION_OPENMETRICS);
  assert_has (text, "# HELP odd a \\\\ b \\n c \"d\" (odd in w\\n)\n");
  assert_has (open, "# HELP odd a \\\\ b \\n c \\\"d\\\" (odd in w\\n)\n");
  assert_has (text, "odd{a=\"q\\\"b\\\\s\\nn\",b=\"h\u00e9\"} 1\n");
}

static void
test_values (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  define (fixture, "{\"name\":\"huge\",\"unit\":\"TiB\"}");
  define (fixture, "{\"name\":\"hits\",\"kind\":\"counter\"}");
  record_samples (fixture,
                  "{\"name\":\"huge\",\"value\":1e308},{\"name\":\"deep\",\"value\":-0.25},"
                  "{\"name\":\"hits\",\"value\":3},{\"name\":\"small\",\"value\":1e-9}");
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  assert_has (text, "huge_bytes +Inf\n");
  assert_has (text, "deep -0.25\n");
  assert_has (text, "small 0.000000001\n");
  assert_has (text,
              "# HELP hits_total Recorded as hits.\n# TYPE hits_total counter\nhits_total 3\n");
}

/* Two names that become one: each a family of its own, whoever came first. */
static void
test_collisions (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL, *open = NULL, *again = NULL;

  define (fixture, "{\"name\":\"job_time\",\"kind\":\"counter\"}");
  define (fixture, "{\"name\":\"wait\",\"kind\":\"histogram\",\"buckets\":[1]}");
  define (fixture, "{\"name\":\"wait.sum\",\"kind\":\"counter\"}");
  record_samples (fixture,
                  "{\"name\":\"job_time\",\"value\":1},{\"name\":\"job.time\",\"value\":2},"
                  "{\"name\":\"hw.gpu.memory.usage_bytes\",\"value\":5},"
                  "{\"name\":\"orfeas.build\",\"value\":6},{\"name\":\"wait\",\"value\":0.5},"
                  "{\"name\":\"wait.sum\",\"value\":9}");
  orf_registry_append (fixture->registry,
                       orf_registry_get_builtin (fixture->registry,
                                                 ORF_METRIC_GPU_MEMORY_USED_BYTES,
                                                 (const char *const[]){ "x", NULL }),
                       orf_clock_now_us (), 4096);
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  open = expose (fixture, ORF_EXPOSITION_OPENMETRICS);
  assert_has (text, "\njob_time 2\n");   /* '.' comes before '_' */
  assert_has (text, "# HELP job_time_"); /* the counter has a tag */
  assert_lacks (text, "\njob_time_total 1\n");
  g_assert_true (g_regex_match_simple ("\njob_time_[0-9a-f]{8}_total 1\n", text, 0, 0));
  assert_has (text, "\nhw_gpu_memory_usage_bytes{hw_id=\"x\",hw_type=\"gpu\"} 4096\n");
  g_assert_true (g_regex_match_simple ("\nhw_gpu_memory_usage_[0-9a-f]{8}_bytes 5\n", text, 0, 0));
  g_assert_true (g_regex_match_simple ("\norfeas_build_[0-9a-f]{8} 6\n", text, 0, 0));
  assert_has (text, "\nwait_sum 0.5\n");
  g_assert_true (g_regex_match_simple ("\nwait_sum_[0-9a-f]{8}_total 9\n", open, 0, 0));
  metrics_fixture_restart (fixture);
  record_samples (fixture,
                  "{\"name\":\"job.time\",\"value\":2},{\"name\":\"job_time\",\"value\":1}");
  again = expose (fixture, ORF_EXPOSITION_TEXT);
  assert_has (again, "\njob_time 2\n");
}

static void
test_labels (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  record_samples (
    fixture, "{\"name\":\"m\",\"value\":1,\"labels\":{\"le\":\"1\",\"quantile\":\"2\"}},"
             "{\"name\":\"m\",\"value\":2,\"labels\":{\"deviceId\":\"x\",\"device_id\":\"y\"}},"
             "{\"name\":\"m\",\"value\":3,\"labels\":{\"__name__\":\"z\",\"gone\":\"\"}},"
             "{\"name\":\"n\",\"value\":4,\"labels\":{\"roomNo\":\"5\"}},"
             "{\"name\":\"n\",\"value\":5,\"labels\":{\"room_no\":\"5\"}},"
             "{\"name\":\"n\",\"value\":6,\"labels\":{\"room_no\":\"5\",\"none\":\"\"}}");
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  assert_has (text, "\nm{label_le=\"1\",label_quantile=\"2\"} 1\n");
  assert_has (text, "\nm{device_id=\"x;y\"} 2\n");
  assert_has (text, "\nm{name=\"z\"} 3\n");
  /* one series for Prometheus: told once */
  g_assert_cmpuint (count (text, "n{room_no=\"5\"}"), ==, 1);
}

static void
test_histogram (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL, *open = NULL;
  const char *expected = "# HELP job_wait_seconds Waited. (job.wait in ms)\n"
                         "# TYPE job_wait_seconds histogram\n"
                         "job_wait_seconds_bucket{queue=\"a\",le=\"0.25\"} 1\n"
                         "job_wait_seconds_bucket{queue=\"a\",le=\"1.0\"} 2\n"
                         "job_wait_seconds_bucket{queue=\"a\",le=\"2e+06\"} 3\n"
                         "job_wait_seconds_bucket{queue=\"a\",le=\"+Inf\"} 3\n"
                         "job_wait_seconds_sum{queue=\"a\"} 2.75\n"
                         "job_wait_seconds_count{queue=\"a\"} 3\n"
                         "job_wait_seconds_bucket{queue=\"b\",le=\"0.25\"} 1\n";

  define (fixture,
          "{\"name\":\"job.wait\",\"kind\":\"histogram\",\"unit\":\"ms\",\"help\":\"Waited.\","
          "\"buckets\":[250,1000,2e9]}");
  record_samples (fixture, "{\"name\":\"job.wait\",\"value\":250,\"labels\":{\"queue\":\"a\"}},"
                           "{\"name\":\"job.wait\",\"value\":500,\"labels\":{\"queue\":\"a\"}},"
                           "{\"name\":\"job.wait\",\"value\":2000,\"labels\":{\"queue\":\"a\"}},"
                           "{\"name\":\"job.wait\",\"value\":1,\"labels\":{\"queue\":\"b\"}}");
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  open = expose (fixture, ORF_EXPOSITION_OPENMETRICS);
  assert_has (text, expected);
  assert_has (open, "# UNIT job_wait_seconds seconds\njob_wait_seconds_bucket{queue=\"a\",");
  assert_lacks (text, "job_wait_bucket");
}

/* A histogram's own row has no samples: it is idle when its counters are not. */
static void
test_histogram_family_retired (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfExposition) exposition = NULL;
  g_autofree char *last = NULL;

  define (fixture,
          "{\"name\":\"job.wait\",\"kind\":\"histogram\",\"unit\":\"ms\",\"buckets\":[1]}");
  record_samples (fixture,
                  "{\"name\":\"job.wait\",\"value\":250},{\"name\":\"x_count\",\"value\":7}");
  define (fixture, "{\"name\":\"y_count\",\"kind\":\"counter\"}");
  record_samples (fixture, "{\"name\":\"y_count\",\"value\":8}");
  fixture->config->metrics.idle_us = ORF_US_PER_S;
  while (orf_registry_find (fixture->registry, "job.wait", NULL) != NULL) {
    OrfSeries *count_series = orf_registry_find (fixture->registry, "job.wait_count", NULL);
    gint64 later_us = orf_clock_now_us () + 2 * ORF_US_PER_S;
    GPtrArray *active = orf_registry_get_active (fixture->registry);

    g_assert_nonnull (count_series);
    for (guint i = 0; i < active->len; i++)
      if (!g_str_equal (((OrfSeries *) active->pdata[i])->text, "job.wait"))
        orf_registry_append (fixture->registry, active->pdata[i], later_us,
                             ((OrfSeries *) active->pdata[i])->newest);
    orf_registry_tick (fixture->registry, later_us);
  }
  g_assert_null (orf_registry_find_family (fixture->registry, "job.wait"));
  exposition = open_exposition (fixture, NULL);
  do {
    g_autofree char *text = get (exposition, ORF_EXPOSITION_TEXT);

    /* until it is known what they are, they are not told as something else */
    assert_lacks (text, "job_wait_bucket");
    assert_lacks (text, "job_wait_count");
    g_free (last);
    last = g_steal_pointer (&text);
    while (g_main_context_iteration (NULL, FALSE)) {
    }
    g_usleep (1000);
  } while (strstr (last, "job_wait_seconds_count") == NULL || strstr (last, "y_count") == NULL);
  assert_has (last, "job_wait_seconds_sum 0.25\n");
  assert_has (last, "\nx_count_value 7\n");
  assert_has (last, "\ny_count_total 8\n");
  g_assert_nonnull (orf_registry_find_family (fixture->registry, "job.wait"));
  g_clear_pointer (&exposition, orf_exposition_free);
  g_assert_null (orf_registry_find_family (fixture->registry, "job.wait"));
}

/* Of an exposition that is gone before the thread is done, and before the file has answered. */
static void
test_free_while_working (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfExposition) exposition = open_exposition (fixture, NULL);
  g_auto (Got) first = { FALSE };
  g_auto (Got) second = { FALSE };

  define (fixture, "{\"name\":\"z_count\",\"kind\":\"counter\"}");
  record_samples (fixture, "{\"name\":\"z_count\",\"value\":7}");
  orf_exposition_get (exposition, ORF_EXPOSITION_TEXT, FALSE, got_cb, &first);
  orf_exposition_get (exposition, ORF_EXPOSITION_OPENMETRICS, TRUE, got_cb, &second);
  g_assert_false (first.done);
  g_clear_pointer (&exposition, orf_exposition_free);
  g_assert_true (first.done && second.done);
  g_assert_nonnull (first.text);
  g_assert_null (second.text);
  metrics_fixture_resolve (fixture, "other", NULL, NULL);
}

static void
test_negative_sums (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL, *open = NULL;

  define (fixture, "{\"name\":\"drift\",\"kind\":\"histogram\",\"buckets\":[-1,1]}");
  define (fixture, "{\"name\":\"error\",\"kind\":\"histogram\",\"buckets\":[1]}");
  record_samples (fixture, "{\"name\":\"drift\",\"value\":5},{\"name\":\"error\",\"value\":-5}");
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  open = expose (fixture, ORF_EXPOSITION_OPENMETRICS);
  assert_has (text, "drift_bucket{le=\"-1.0\"} 0\n");
  assert_has (text, "drift_sum 5\ndrift_count 1\n");
  assert_has (text, "error_sum -5\nerror_count 1\n");
  assert_has (open, "drift_bucket{le=\"+Inf\"} 1\n");
  assert_lacks (open, "_sum");
  assert_lacks (open, "_count");
}

static void
test_late_observation (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *late =
    g_strdup_printf ("{\"name\":\"late\",\"value\":2,\"t_us\":%" G_GINT64_FORMAT "}",
                     orf_clock_now_us () - 60 * ORF_US_PER_S);

  define (fixture, "{\"name\":\"late\",\"kind\":\"histogram\",\"buckets\":[10]}");
  record_samples (fixture, "{\"name\":\"late\",\"value\":1}");
  record_samples (fixture, late);
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  assert_has (text, "late_bucket{le=\"10.0\"} 2\nlate_bucket{le=\"+Inf\"} 2\nlate_sum 3\n"
                    "late_count 2\n");
}

static void
test_stale (MetricsFixture *fixture, gconstpointer data)
{
  gint64 soon_us = orf_clock_now_us () + ORF_EXPOSITION_STALE_US - 10 * ORF_US_PER_S;
  g_autofree char *soon = NULL, *later = NULL;

  define (fixture, "{\"name\":\"hits\",\"kind\":\"counter\"}");
  define (fixture, "{\"name\":\"wait\",\"kind\":\"histogram\",\"buckets\":[1]}");
  define (fixture, "{\"name\":\"empty\"}");
  record_samples (fixture, "{\"name\":\"level\",\"value\":1},{\"name\":\"hits\",\"value\":1},"
                           "{\"name\":\"wait\",\"value\":1}");
  soon = expose_at (fixture, ORF_EXPOSITION_TEXT, soon_us);
  later = expose_at (fixture, ORF_EXPOSITION_TEXT, soon_us + 20 * ORF_US_PER_S);
  assert_has (soon, "\nlevel 1\n");
  assert_lacks (later, "level");
  assert_has (later, "\nhits_total 1\n");
  assert_has (later, "\nwait_count 1\n");
  assert_lacks (soon, "empty");
}

/* The last value is there again after a start, with the points. */
static void
test_restart (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  record_samples (fixture, "{\"name\":\"level\",\"value\":1},{\"name\":\"level\",\"value\":2}");
  metrics_fixture_restart (fixture);
  orf_registry_rebuild (fixture->registry);
  while (isnan (orf_registry_find (fixture->registry, "level", NULL)->newest))
    g_main_context_iteration (NULL, TRUE);
  text = expose (fixture, ORF_EXPOSITION_TEXT);
  assert_has (text, "\nlevel 2\n");
}

static void
test_pages (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfMemory) memory = orf_memory_new (fixture->config);
  g_autoptr (OrfExposition) exposition = open_exposition (fixture, memory);
  g_auto (Got) packed = { FALSE };
  g_auto (Got) again = { FALSE };
  g_autofree char *open = NULL;

  record_samples (fixture, "{\"name\":\"level\",\"value\":1}");
  await (exposition, "\nlevel 1\n");
  orf_exposition_get (exposition, ORF_EXPOSITION_TEXT, FALSE, got_cb, &again);
  g_assert_true (again.done); /* nothing came since */
  g_assert_cmpuint (again.gzip_length, ==, 0);
  /* the same, packed now */
  orf_exposition_get (exposition, ORF_EXPOSITION_TEXT, TRUE, got_cb, &packed);
  while (!packed.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (packed.text, ==, again.text);
  g_assert_cmpuint (packed.gzip_length, >, 0);
  open = get (exposition, ORF_EXPOSITION_OPENMETRICS);
  assert_has (open, "\nlevel 1\n# EOF\n");
  record_samples (fixture, "{\"name\":\"level\",\"value\":2},{\"name\":\"new\",\"value\":3}");
  await (exposition, "\nlevel 2\n# HELP new");
  g_assert_cmpint (orf_memory_get_use (memory, ORF_MEMORY_REGISTRY).used_bytes, >,
                   (gint64) (2 * strlen (open)));
  g_clear_pointer (&exposition, orf_exposition_free);
  g_assert_cmpint (orf_memory_get_use (memory, ORF_MEMORY_REGISTRY).used_bytes, ==, 0);
}

static void
append (MetricsFixture *fixture, OrfMetricId metric, const char *const *labels, double value)
{
  orf_registry_append (fixture->registry,
                       orf_registry_get_builtin (fixture->registry, metric, labels),
                       orf_clock_now_us (), value);
}

/* Of the buckets but the last, and of any other counter that asks. */
static char *
exemplar_cb (gpointer user_data, const OrfSeries *series)
{
  static const char *const labels[] = { "trace_id", "0a\"b", NULL };

  g_assert_cmpint (series->family->kind, ==, ORF_SERIES_KIND_COUNTER);
  (*(guint *) user_data)++;
  return g_strcmp0 (orf_series_name_get_label (series->labels, "le"), "+Inf") == 0
           ? NULL
           : orf_exemplar_format (labels, 0.25, G_GINT64_CONSTANT (1760000000000042));
}

/* Of ours alone, behind what OpenMetrics allows, and in no other format. */
static void
test_exemplars (MetricsFixture *fixture, gconstpointer data)
{
  static const char *const labels[] = { "render", "studio", NULL };
  static const char *const few[] = { "500000", "render", "studio", NULL };
  static const char *const all[] = { "+Inf", "render", "studio", NULL };
  g_autoptr (OrfExposition) exposition = open_exposition (fixture, NULL);
  g_autofree char *open = NULL, *text = NULL;
  guint n_asked = 0;

  metrics_fixture_call (fixture, "metrics.define", "{\"name\":\"other\",\"kind\":\"counter\"}",
                        NULL);
  record_samples (fixture, "{\"name\":\"other\",\"value\":7}");
  append (fixture, ORF_METRIC_SPAN_CALLS, labels, 3);
  append (fixture, ORF_METRIC_SPAN_DURATION_US_BUCKET, few, 2);
  append (fixture, ORF_METRIC_SPAN_DURATION_US_BUCKET, all, 3);
  append (fixture, ORF_METRIC_SPAN_DURATION_US_COUNT, labels, 3);
  append (fixture, ORF_METRIC_SPAN_DURATION_US_SUM, labels, 1500000);
  orf_exposition_set_exemplars (exposition, exemplar_cb, &n_asked);
  text = get (exposition, ORF_EXPOSITION_TEXT);
  assert_has (text,
              "# TYPE orfeas_span_duration_seconds histogram\n"
              "orfeas_span_duration_seconds_bucket{operation=\"render\",service=\"studio\","
              "le=\"0.5\"} 2\n"
              "orfeas_span_duration_seconds_bucket{operation=\"render\",service=\"studio\","
              "le=\"+Inf\"} 3\n"
              "orfeas_span_duration_seconds_sum{operation=\"render\",service=\"studio\"} 1.5\n"
              "orfeas_span_duration_seconds_count{operation=\"render\",service=\"studio\"} 3\n");
  assert_lacks (text, " # {");
  g_assert_cmpuint (n_asked, ==, 0);
  open = get (exposition, ORF_EXPOSITION_OPENMETRICS);
  assert_has (open, "le=\"0.5\"} 2 # {trace_id=\"0a\\\"b\"} 0.25 1760000000.000042\n");
  assert_has (open, "le=\"+Inf\"} 3\n");
  assert_has (open,
              "orfeas_span_calls_total{operation=\"render\",service=\"studio\"} 3 # {trace_id");
  assert_has (open, "other_total 7\n");
  g_assert_cmpuint (count (open, " # {"), ==, 2);
  g_assert_cmpuint (n_asked, ==, 3);
}

/* Who comes while a page is made is told that one; each of the formats has its turn. */
static void
test_crowd (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfExposition) exposition = open_exposition (fixture, NULL);
  Got got[40] = { { FALSE } };
  guint n_done;

  record_samples (fixture, "{\"name\":\"level\",\"value\":1}");
  for (guint i = 0; i < G_N_ELEMENTS (got); i++)
    orf_exposition_get (exposition, i % 2 > 0 ? ORF_EXPOSITION_OPENMETRICS : ORF_EXPOSITION_TEXT,
                        i % 3 == 0, got_cb, &got[i]);
  do {
    g_main_context_iteration (NULL, TRUE);
    n_done = 0;
    for (guint i = 0; i < G_N_ELEMENTS (got); i++)
      n_done += got[i].done;
  } while (n_done < G_N_ELEMENTS (got));
  for (guint i = 0; i < G_N_ELEMENTS (got); i++) {
    assert_has (got[i].text, i % 2 > 0 ? "\nlevel 1\n# EOF\n" : "\nlevel 1\n");
    g_assert_true (i % 3 > 0 || got[i].gzip_length > 0);
    clear_got (&got[i]);
  }
}

static void
test_formats (void)
{
  static const struct {
    const char *accept;
    OrfExpositionFormat format;
  } cases[] = {
    { NULL, ORF_EXPOSITION_TEXT },
    { "", ORF_EXPOSITION_TEXT },
    { "*/*", ORF_EXPOSITION_TEXT },
    { "text/html,application/xhtml+xml,*/*;q=0.8", ORF_EXPOSITION_TEXT },
    { "application/openmetrics-text", ORF_EXPOSITION_OPENMETRICS },
    { "Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.5", ORF_EXPOSITION_OPENMETRICS },
    { "application/openmetrics-text;version=0.0.1", ORF_EXPOSITION_TEXT },
    { "application/openmetrics-text;version=1.0.0;q=0", ORF_EXPOSITION_TEXT },
    { "application/openmetrics-text;q=0.2,text/plain;q=0.5", ORF_EXPOSITION_TEXT },
    { "application/openmetrics-text;q=x", ORF_EXPOSITION_TEXT },
    /* Prometheus 2.42, 3.4, and one that takes protobuf first */
    { "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      ORF_EXPOSITION_OPENMETRICS },
    { "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/"
      "openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      ORF_EXPOSITION_OPENMETRICS },
    { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      ORF_EXPOSITION_TEXT },
    { ";;,,;q=,=", ORF_EXPOSITION_TEXT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (orf_exposition_format_choose (cases[i].accept), ==, cases[i].format);
}

static void
test_le (void)
{
  static const struct {
    double bound;
    const char *le;
  } cases[] = {
    { 0, "0.0" },
    { 1, "1.0" },
    { 0.25, "0.25" },
    { 0.0001, "0.0001" },
    { 0.00001, "1e-05" },
    { 100000, "100000.0" },
    { 1e6, "1e+06" },
    { 1048576, "1.048576e+06" },
    { -2.5, "-2.5" },
    { 123456.5, "123456.5" },
    { 1.0 / 3, "0.3333333333333333" },
    { INFINITY, "+Inf" },
    { -INFINITY, "-Inf" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *le = orf_exposition_labels_dup_le (cases[i].bound);

    g_assert_cmpstr (le, ==, cases[i].le);
  }
}

#define ADD(name, func)                                                                            \
  g_test_add ("/exposition/" name, MetricsFixture, NULL, metrics_fixture_set_up, func,             \
              metrics_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("builtin", test_builtin);
  ADD ("escapes", test_escapes);
  ADD ("values", test_values);
  ADD ("collisions", test_collisions);
  ADD ("labels", test_labels);
  ADD ("histogram", test_histogram);
  ADD ("histogram-family-retired", test_histogram_family_retired);
  ADD ("free-while-working", test_free_while_working);
  ADD ("negative-sums", test_negative_sums);
  ADD ("late-observation", test_late_observation);
  ADD ("stale", test_stale);
  ADD ("restart", test_restart);
  ADD ("pages", test_pages);
  ADD ("crowd", test_crowd);
  ADD ("exemplars", test_exemplars);
  g_test_add_func ("/exposition/formats", test_formats);
  g_test_add_func ("/exposition/le", test_le);
  return g_test_run ();
}
