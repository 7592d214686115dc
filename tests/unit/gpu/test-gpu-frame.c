/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../metrics/metrics-fixture.h"
#include "core/orf-clock.h"
#include "gpu/orf-gpu-frame.h"

#define NEVER_US  (3600 * ORF_US_PER_S)
#define SAMPLE_US (200 * ORF_US_PER_MS)
#define BURST_US  (20 * ORF_US_PER_MS)

/* What the simulated backend is told beside what config says. */
#define TELL "ORFEAS_SIMULATED"

typedef struct {
  MetricsFixture base;
  OrfGpuMonitor *monitor;
  OrfSampler *sampler;
  OrfGpuFrame *frame;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const char *const backends[] = { "simulated", NULL };
  g_autoptr (GError) error = NULL;
  OrfConfig *config;

  g_setenv (TELL, data, TRUE);
  metrics_fixture_set_up (&fixture->base, NULL);
  config = fixture->base.config;
  g_strfreev (config->gpu.backends);
  config->gpu.backends = g_strdupv ((char **) backends);
  config->gpu.sample_us = SAMPLE_US;
  config->gpu.burst_us = BURST_US;
  config->gpu.probe_start_timeout_us = config->gpu.probe_timeout_us = NEVER_US;
  config->gpu.simulated_devices = 2;
  config->gpu.simulated_total_bytes = 1 << 30;
  fixture->monitor = orf_gpu_monitor_new (config, g_getenv ("ORFEAS_PROBE"), NULL, &error);
  g_assert_no_error (error);
  fixture->sampler = orf_sampler_new (fixture->base.registry, fixture->base.store.store, config);
  fixture->frame = orf_gpu_frame_new (fixture->monitor, fixture->sampler, fixture->base.store.store,
                                      config);
  orf_sampler_start (fixture->sampler);
}

static void
stop (Fixture *fixture)
{
  g_clear_pointer (&fixture->sampler, orf_sampler_free);
  g_clear_pointer (&fixture->frame, orf_gpu_frame_free);
  g_clear_pointer (&fixture->monitor, orf_gpu_monitor_free);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture);
  metrics_fixture_tear_down (&fixture->base, NULL);
}

static OrfSeries *
find (Fixture *fixture, const char *name, const char *label, const char *value)
{
  const char *const labels[] = { label, value, NULL };

  return orf_registry_find (fixture->base.registry, name, (char *const *) labels);
}

/* Points of a device's series, oldest first. */
static GArray *
read_points (Fixture *fixture, const char *name, const char *device)
{
  OrfSeries *series = find (fixture, name, "device", device);
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  if (series != NULL)
    orf_open_chunk_read (&series->chunk, G_MININT64, G_MAXINT64, points);
  return points;
}

static guint
count_points (Fixture *fixture, const char *name, const char *device)
{
  g_autoptr (GArray) points = read_points (fixture, name, device);

  return points->len;
}

static double
newest (Fixture *fixture, const char *name, const char *device)
{
  g_autoptr (GArray) points = read_points (fixture, name, device);

  g_assert_cmpuint (points->len, >, 0);
  return g_array_index (points, OrfPoint, points->len - 1).value;
}

static guint
count_frames (Fixture *fixture)
{
  OrfSeries *series = find (fixture, "orfeas.probe.restarts", "backend", "simulated");

  return series != NULL ? series->chunk.count : 0;
}

#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
  }                                                                                                \
  G_STMT_END

static void
test_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) points = NULL;

  wait_until (count_points (fixture, "gpu.memory.used_bytes", "simulated-1") >= 3);
  points = read_points (fixture, "gpu.memory.used_bytes", "simulated-1");
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    g_assert_cmpint (point->t_us % SAMPLE_US, ==, 0);
    g_assert_cmpfloat (point->value, ==, (1 << 30) / 2);
  }
  for (guint i = 0; i < 2; i++) {
    const char *device = i == 0 ? "simulated-0" : "simulated-1";

    g_assert_cmpfloat (newest (fixture, "gpu.memory.total_bytes", device), ==, 1 << 30);
    g_assert_cmpfloat (newest (fixture, "gpu.memory.free_bytes", device), ==, (1 << 30) / 2);
    g_assert_cmpfloat (newest (fixture, "gpu.memory.used_percent", device), ==, 50);
    /* 10 of 90, in thousandths */
    g_assert_cmpfloat (newest (fixture, "gpu.memory.fragmentation_percent", device), ==, 11.111);
    g_assert_cmpfloat (newest (fixture, "gpu.pressure", device), ==, 0);
  }
  g_assert_cmpuint (count_frames (fixture), >=, 3);
  g_assert_nonnull (find (fixture, "orfeas.probe.memory.rss_bytes", "backend", "simulated"));
}

/* Rows only where something changed, with the time of the frame that the values are in. */
static void
test_processes (Fixture *fixture, gconstpointer data)
{
  const char *path = fixture->base.store.path;

  wait_until (count_points (fixture, "gpu.memory.used_bytes", "simulated-0") >= 3);
  stop (fixture);
  metrics_fixture_restart (&fixture->base); /* all that was handed over is in the file */
  g_assert_cmpint (store_query (path, "SELECT count(*) FROM gpu_process"), ==, 2 * 3);
  g_assert_cmpint (store_query (path, "SELECT count(DISTINCT device || pid) FROM gpu_process"), ==,
                   2 * 3);
  g_assert_cmpint (store_query (path, "SELECT count(*) FROM gpu_process WHERE used_bytes > 0"), ==,
                   2 * 3);
  g_assert_cmpint (store_query (path, "SELECT count(DISTINCT p.t_us) FROM gpu_process p "
                                      "JOIN sample_raw s ON s.t_us = p.t_us"),
                   ==, store_query (path, "SELECT count(DISTINCT t_us) FROM gpu_process"));
}

/* From the sample on that shows pressure, the pace is that of a burst. */
static void
test_burst (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) points = NULL;
  guint n_between = 0;

  wait_until (orf_gpu_monitor_wants_burst (fixture->monitor));
  wait_until (count_points (fixture, "gpu.pressure", "simulated-0") >= 12);
  points = read_points (fixture, "gpu.pressure", "simulated-0");
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    g_assert_cmpint (point->t_us % BURST_US, ==, 0);
    if (point->t_us % SAMPLE_US != 0) {
      n_between++;
      g_assert_cmpfloat (point->value, >=, ORF_PRESSURE_LEVEL_HIGH - ORF_PRESSURE_LEVEL_LOW);
    }
  }
  g_assert_cmpuint (n_between, >, 0);
}

/* A hung probe holds no frame up, and its last values are not told again. */
static void
test_hang (Fixture *fixture, gconstpointer data)
{
  wait_until (count_frames (fixture) >= 1 &&
              count_points (fixture, "gpu.memory.used_bytes", "simulated-0") == 1);
  for (guint n = count_frames (fixture); count_frames (fixture) < n + 3;)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (count_points (fixture, "gpu.memory.used_bytes", "simulated-0"), ==, 1);
  g_assert_cmpuint (orf_gpu_monitor_get_pending (fixture->monitor), ==, 1);
}

/* What a sample leaves out is unknown: no point, and no 0. */
static void
test_missing_device (Fixture *fixture, gconstpointer data)
{
  guint n;

  wait_until (count_points (fixture, "gpu.memory.used_bytes", "simulated-0") >= 2);
  n = count_points (fixture, "gpu.memory.used_bytes", "simulated-1");
  g_assert_cmpuint (n, <=, 1); /* the first sample may be older than the first frame */
  wait_until (count_points (fixture, "gpu.memory.used_bytes", "simulated-0") >= 4);
  g_assert_cmpuint (count_points (fixture, "gpu.memory.used_bytes", "simulated-1"), ==, n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, tell, func)                                                                      \
  g_test_add ("/gpu-frame/" path, Fixture, tell, set_up, func, tear_down)
  ADD ("values", "used_percent=50", test_values);
  ADD ("processes", "used_percent=50 processes=3", test_processes);
  ADD ("burst", "used_percent=10 critical_at=2", test_burst);
  ADD ("hang", "used_percent=50 hang_at=2", test_hang);
  ADD ("missing-device", "used_percent=50 missing_at=2", test_missing_device);
  return g_test_run ();
}
