/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-prometheus-name.h"
#include "metrics/orf-prometheus-unit.h"

static const struct {
  const char *name, *unit;
  OrfSeriesKind kind;
  const char *family;
  double value; /* what 1200 is told as */
} names[] = {
  /* a name that is one already */
  { "jobs_waiting", NULL, ORF_SERIES_KIND_GAUGE, "jobs_waiting", 1200 },
  { "studio.jobs.waiting", "jobs", ORF_SERIES_KIND_GAUGE, "studio_jobs_waiting", 1200 },
  { "u-v/w:x..y__z", NULL, ORF_SERIES_KIND_GAUGE, "u_v_w_x_y_z", 1200 },
  { "renderTime", NULL, ORF_SERIES_KIND_GAUGE, "render_time", 1200 },
  { "GPUTemp", NULL, ORF_SERIES_KIND_GAUGE, "gputemp", 1200 },
  { "_", NULL, ORF_SERIES_KIND_GAUGE, "value", 1200 },
  { "_9lives", NULL, ORF_SERIES_KIND_GAUGE, "_9lives", 1200 },
  /* units told by metrics.define */
  { "job.wait_us", "us", ORF_SERIES_KIND_GAUGE, "job_wait_seconds", 0.0012 },
  { "job.wait", "us", ORF_SERIES_KIND_HISTOGRAM, "job_wait_seconds", 0.0012 },
  { "job.wait_seconds", "ms", ORF_SERIES_KIND_GAUGE, "job_wait_seconds", 1.2 },
  { "job_ms_p99", "ms", ORF_SERIES_KIND_GAUGE, "job_p99_seconds", 1.2 },
  { "load", "%", ORF_SERIES_KIND_GAUGE, "load_ratio", 12 },
  { "load_percent", "percent", ORF_SERIES_KIND_GAUGE, "load_ratio", 12 },
  { "share", "1", ORF_SERIES_KIND_GAUGE, "share_ratio", 1200 },
  { "hits", "1", ORF_SERIES_KIND_COUNTER, "hits", 1200 },
  { "cache", "MiBy", ORF_SERIES_KIND_GAUGE, "cache_bytes", 1200.0 * 1048576 },
  { "cache", "MB", ORF_SERIES_KIND_GAUGE, "cache_bytes", 1.2e9 },
  { "sent", "By/s", ORF_SERIES_KIND_GAUGE, "sent_bytes_per_second", 1200 },
  { "sent_bytes_per_second", "kB/s", ORF_SERIES_KIND_GAUGE, "sent_bytes_per_second", 1.2e6 },
  { "speed", "By/min", ORF_SERIES_KIND_GAUGE, "speed", 1200 },
  { "room.temperature_c", "celsius", ORF_SERIES_KIND_GAUGE, "room_temperature_celsius", 1200 },
  { "power_mw", "mW", ORF_SERIES_KIND_GAUGE, "power_watts", 1.2 },
  { "bytes.sent", "bytes", ORF_SERIES_KIND_COUNTER, "bytes_sent", 1200 },
  { "age", "Hours", ORF_SERIES_KIND_GAUGE, "age_seconds", 4320000 },
  { "ms", "ms", ORF_SERIES_KIND_GAUGE, "value_seconds", 1.2 },
  { "link", "Mb", ORF_SERIES_KIND_GAUGE, "link", 1200 },
  /* units that the name says */
  { "job.wait_us", NULL, ORF_SERIES_KIND_COUNTER, "job_wait_seconds", 0.0012 },
  { "used_gib", NULL, ORF_SERIES_KIND_GAUGE, "used_bytes", 1200.0 * 1073741824 },
  { "used_percent", "", ORF_SERIES_KIND_GAUGE, "used_ratio", 12 },
  { "uptime_days", NULL, ORF_SERIES_KIND_GAUGE, "uptime_seconds", 1200.0 * 86400 },
  { "rows_per_second", NULL, ORF_SERIES_KIND_GAUGE, "rows_per_second", 1200 },
  /* what the linter would object to */
  { "requests_total", NULL, ORF_SERIES_KIND_COUNTER, "requests", 1200 },
  { "total", NULL, ORF_SERIES_KIND_COUNTER, "value", 1200 },
  { "memory_total", NULL, ORF_SERIES_KIND_GAUGE, "memory_total_value", 1200 },
  { "memory_total", "bytes", ORF_SERIES_KIND_GAUGE, "memory_total_bytes", 1200 },
  { "queue.count", NULL, ORF_SERIES_KIND_GAUGE, "queue_count_value", 1200 },
  { "requests.count", NULL, ORF_SERIES_KIND_COUNTER, "requests_count", 1200 },
  { "queue_gauge", NULL, ORF_SERIES_KIND_GAUGE, "queue", 1200 },
  { "gauge_histogram_x", NULL, ORF_SERIES_KIND_GAUGE, "gauge_x", 1200 },
  { "disk.b.reads", NULL, ORF_SERIES_KIND_GAUGE, "diskb_reads", 1200 },
  { "used_mb", NULL, ORF_SERIES_KIND_GAUGE, "usedmb", 1200 },
  { "days.since.start", NULL, ORF_SERIES_KIND_GAUGE, "dayssince_start", 1200 },
  { "fahrenheit", NULL, ORF_SERIES_KIND_GAUGE, "valuefahrenheit", 1200 },
  { "kilo_miles", NULL, ORF_SERIES_KIND_GAUGE, "valuekilomiles", 1200 },
};

static void
test_names (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (OrfPrometheusName)
      name = orf_prometheus_name_new (names[i].name, names[i].unit, names[i].kind);
    g_autofree char *family = orf_prometheus_name_dup_family (name, NULL);

    g_assert_cmpstr (family, ==, names[i].family);
    g_assert_cmpfloat (1200 * name->multiply / name->divide, ==, names[i].value);
  }
}

static void
test_tag (void)
{
  g_autoptr (OrfPrometheusName)
    name = orf_prometheus_name_new ("job.wait", "us", ORF_SERIES_KIND_GAUGE);
  g_autoptr (OrfPrometheusName)
    plain = orf_prometheus_name_new ("job.jobs", NULL, ORF_SERIES_KIND_GAUGE);
  g_autofree char *family = orf_prometheus_name_dup_family (name, "1a2b3c4d");
  g_autofree char *other = orf_prometheus_name_dup_family (plain, "1a2b3c4d");

  g_assert_cmpstr (family, ==, "job_wait_1a2b3c4d_seconds");
  g_assert_cmpstr (other, ==, "job_jobs_1a2b3c4d");
}

/* Whatever the name is made of, it is legal, and nothing in it is refused. */
static void
test_random_names (void)
{
  static const char *const parts[] = { "a",     "B",       "kilo",  "miles", "s",    "total",
                                       "Count", "info",    "gauge", "9",     "deci", "hours",
                                       "mb",    "seconds", "per",   "_",     ".",    "-",
                                       "/",     ":",       "sum" };
  static const char *const units[] = { NULL, "", "1", "s", "MB", "%", "bytes/s", "widgets", "h" };

  for (guint round = 0; round < 20000; round++) {
    g_autoptr (GString) text = g_string_new ("_");
    OrfSeriesKind kind = (OrfSeriesKind) g_test_rand_int_range (ORF_SERIES_KIND_GAUGE,
                                                                ORF_SERIES_KIND_HISTOGRAM + 1);
    g_autoptr (OrfPrometheusName) name = NULL;
    g_autofree char *family = NULL;
    g_auto (GStrv) words = NULL;

    for (int n = g_test_rand_int_range (0, 8); n > 0; n--)
      g_string_append (text, parts[g_test_rand_int_range (0, G_N_ELEMENTS (parts))]);
    name = orf_prometheus_name_new (text->str,
                                    units[g_test_rand_int_range (0, G_N_ELEMENTS (units))], kind);
    family = orf_prometheus_name_dup_family (name, NULL);
    g_assert_true (g_regex_match_simple ("^[a-z_][a-z0-9]*(_[a-z0-9]+)*$", family, 0, 0));
    g_assert_true (kind != ORF_SERIES_KIND_GAUGE ||
                   !g_regex_match_simple ("_(total|count|sum|bucket|created|info)$", family, 0, 0));
    g_assert_false (g_regex_match_simple ("_(gauge|counter|histogram|summary)(_|$)", family, 0, 0));
    words = g_strsplit (family, "_", -1);
    for (guint i = 0; words[i] != NULL; i++)
      g_assert_false (orf_prometheus_unit_is_refused (words[i], i == 0));
  }
}

/* The table is searched by halves. */
static void
test_units (void)
{
  static const char *const known[] = { "%",  "A",  "By",  "kB", "KiB", "s",   "ms",
                                       "us", "ns", "µs",  "°C", "Cel", "W",   "percent",
                                       "m",  "g",  "GHz", "d",  "TiB", "bit", "pct" };
  static const char *const unknown[] = { "", "jobs", "{request}", "mB", "1/s", "/", "/s", "s/s" };
  OrfPrometheusUnit unit;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (!orf_prometheus_unit_parse (known[i], &unit))
      g_error ("%s is not found", known[i]);
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (orf_prometheus_unit_parse (unknown[i], &unit));
  g_assert_false (orf_prometheus_unit_parse_word ("m", &unit));
  g_assert_false (orf_prometheus_unit_parse_word ("mb", &unit));
  g_assert_true (orf_prometheus_unit_is_refused ("kilometers", TRUE));
  g_assert_false (orf_prometheus_unit_is_refused ("thermometers", TRUE));
  g_assert_false (orf_prometheus_unit_is_refused ("s", TRUE));
  g_assert_true (orf_prometheus_unit_is_refused ("s", FALSE));
}

static void
test_keys (void)
{
  static const struct {
    const char *key, *told;
  } keys[] = {
    { "device", "device" },      { "_private", "_private" }, { "Zone", "Zone" },
    { "deviceId", "device_id" }, { "__name__", "name" },     { "_", "label" },
    { "_1", "label_1" },         { "le", "label_le" },       { "quantile", "label_quantile" },
    { "a__b", "a__b" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree char *told = orf_prometheus_name_dup_key (keys[i].key);

    g_assert_cmpstr (told, ==, keys[i].told);
    g_assert_cmpint (orf_prometheus_name_is_plain_key (keys[i].key), ==,
                     g_str_equal (keys[i].key, keys[i].told));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prometheus-name/names", test_names);
  g_test_add_func ("/prometheus-name/tag", test_tag);
  g_test_add_func ("/prometheus-name/random", test_random_names);
  g_test_add_func ("/prometheus-name/units", test_units);
  g_test_add_func ("/prometheus-name/keys", test_keys);
  return g_test_run ();
}
