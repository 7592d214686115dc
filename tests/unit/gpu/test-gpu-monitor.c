/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <signal.h>
#include <string.h>

#include "gpu/orf-gpu-monitor.h"
#include "orf-error.h"

#define NEVER_US G_GINT64_CONSTANT (60000000)

/* What the simulated backend is told beside what config says. */
#define TELL "ORFEAS_SIMULATED"

typedef struct {
  OrfConfig config;
  OrfGpuMonitor *monitor;
  guint settled;
} Fixture;

static char *simulated[] = { (char *) "simulated", NULL };
static char *both[] = { (char *) "simulated", (char *) "opencl", (char *) "simulated", NULL };
static char *unknown[] = { (char *) "opencl", (char *) "nonsense", NULL };

static void
settled_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->settled++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  OrfConfig *config = &fixture->config;

  g_setenv (TELL, data ? data : "", TRUE);
  config->gpu.backends = simulated;
  config->gpu.probe_start_timeout_us = NEVER_US;
  config->gpu.probe_timeout_us = NEVER_US;
  config->gpu.probe_backoff_us = NEVER_US;
  config->gpu.probe_backoff_max_us = NEVER_US;
  config->gpu.pressure_medium_percent = 60;
  config->gpu.pressure_high_percent = 75;
  config->gpu.pressure_critical_percent = 90;
  config->gpu.simulated_devices = 3;
  config->gpu.simulated_total_bytes = 1 << 30;
  config->gpu.simulated_period_us = NEVER_US;
}

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->monitor = orf_gpu_monitor_new (&fixture->config, g_getenv ("ORFEAS_PROBE"), NULL,
                                          &error);
  g_assert_no_error (error);
  orf_gpu_monitor_set_settled (fixture->monitor, settled_cb, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->monitor, orf_gpu_monitor_free);
}

#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
  }                                                                                                \
  G_STMT_END

static OrfGpuSnapshot *
get_device (Fixture *fixture, guint index)
{
  return g_ptr_array_index (orf_gpu_monitor_get_devices (fixture->monitor), index);
}

static guint
count_devices (Fixture *fixture)
{
  return orf_gpu_monitor_get_devices (fixture->monitor)->len;
}

/* One whole round: all probes asked, all answers in. */
static void
sample_once (Fixture *fixture)
{
  guint before = fixture->settled;

  g_assert_cmpuint (orf_gpu_monitor_ask (fixture->monitor), >, 0);
  wait_until (fixture->settled > before);
}

static void
test_devices (Fixture *fixture, gconstpointer data)
{
  guint64 generation = 0;

  start (fixture);
  g_assert_cmpuint (count_devices (fixture), ==, 0);
  g_assert_cmpuint (orf_gpu_monitor_ask (fixture->monitor), ==, 0);
  wait_until (fixture->settled == 1); /* by itself, after hello */
  g_assert_cmpuint (count_devices (fixture), ==, 3);
  for (guint i = 0; i < 3; i++) {
    const OrfGpuDevice *device = get_device (fixture, i)->device;
    g_autofree char *id = g_strdup_printf ("simulated-%u", i);

    g_assert_cmpstr (device->device, ==, id);
    g_assert_cmpstr (device->backend, ==, "simulated");
    g_assert_cmpstr (device->vendor, ==, "simulated");
    g_assert_cmpint (device->total_bytes, ==, 1 << 30);
    g_assert_cmpint (device->used_bytes + device->free_bytes, ==, 1 << 30);
    g_assert_cmpfloat_with_epsilon (device->memory_percent, 50, 0.001);
    g_assert_cmpint (device->pressure_level, ==, ORF_PRESSURE_LEVEL_LOW);
    g_assert_true (device->has_sampled_us);
    g_assert_true (get_device (fixture, i)->fresh);
    g_assert_true (get_device (fixture, i)->processes_changed);
  }

  generation = orf_gpu_monitor_get_generation (fixture->monitor);
  sample_once (fixture);
  g_assert_cmpuint (orf_gpu_monitor_get_generation (fixture->monitor), !=, generation);
  g_assert_cmpuint (count_devices (fixture), ==, 3);
}

static void
test_values_follow (Fixture *fixture, gconstpointer data)
{
  const OrfGpuDevice *device = NULL;
  const OrfGpuProcess *processes[3] = { NULL };

  start (fixture);
  wait_until (fixture->settled == 1);
  device = get_device (fixture, 0)->device;
  /* reserved 90, allocated 70, largest free block 10 of each 100 used: 10 of 90 lie scattered */
  g_assert_cmpfloat_with_epsilon (device->fragmentation_percent, 100.0 / 9, 0.001);
  g_assert_cmpuint (device->processes->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    processes[i] = g_ptr_array_index (device->processes, i);
  g_assert_cmpint (processes[0]->used_bytes, >, processes[1]->used_bytes);
  g_assert_cmpint (processes[1]->used_bytes, >, processes[2]->used_bytes);
}

static void
test_pressure (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  wait_until (fixture->settled == 1);
  g_assert_false (orf_gpu_monitor_wants_burst (fixture->monitor));
  sample_once (fixture);
  g_assert_cmpint (get_device (fixture, 0)->device->pressure_level, ==,
                   ORF_PRESSURE_LEVEL_CRITICAL);
  g_assert_true (orf_gpu_monitor_wants_burst (fixture->monitor));

  fixture->config.gpu.pressure_critical_percent = 99;
  fixture->config.gpu.pressure_high_percent = 98;
  orf_gpu_monitor_reload (fixture->monitor, &fixture->config);
  sample_once (fixture);
  sample_once (fixture);
  g_assert_cmpint (get_device (fixture, 0)->device->pressure_level, ==, ORF_PRESSURE_LEVEL_MEDIUM);
}

static void
test_missing_device (Fixture *fixture, gconstpointer data)
{
  const OrfGpuDevice *device = NULL;

  start (fixture);
  wait_until (fixture->settled == 1);
  sample_once (fixture);
  g_assert_cmpuint (count_devices (fixture), ==, 3);
  g_assert_false (get_device (fixture, 1)->gone);
  g_assert_true (get_device (fixture, 2)->gone);
  device = get_device (fixture, 2)->device;
  g_assert_cmpstr (device->name, ==, "Simulated device 2");
  g_assert_true (device->has_total_bytes);
  g_assert_true (device->has_sampled_us);
  g_assert_false (device->has_used_bytes);
  g_assert_true (isnan (device->memory_percent));
  g_assert_true (isnan (device->utilization_percent));
  g_assert_cmpint (device->pressure_level, ==, ORF_PRESSURE_LEVEL_UNSET);
  g_assert_cmpuint (device->processes->len, ==, 0);
}

/* A probe that dies takes the values along and ends the ask that was open. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  OrfGpuSource source;

  start (fixture);
  wait_until (fixture->settled == 1);
  sample_once (fixture);
  source = orf_gpu_monitor_get_source (fixture->monitor, 0);
  g_assert_cmpint (source.state, ==, ORF_PROBE_UNAVAILABLE);
  g_assert_nonnull (source.reason);
  g_assert_cmpint (source.sampled_us, >, 0);
  g_assert_cmpuint (count_devices (fixture), ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_assert_true (get_device (fixture, i)->gone);
    g_assert_false (get_device (fixture, i)->fresh);
    g_assert_false (get_device (fixture, i)->device->has_used_bytes);
  }
  g_assert_false (orf_gpu_monitor_wants_burst (fixture->monitor));
  g_assert_cmpuint (orf_gpu_monitor_ask (fixture->monitor), ==, 0);
}

static void
test_back_again (Fixture *fixture, gconstpointer data)
{
  OrfGpuSource source;

  fixture->config.gpu.probe_backoff_us = 1000;
  fixture->config.gpu.probe_backoff_max_us = 1000;
  start (fixture);
  wait_until (fixture->settled == 1);
  sample_once (fixture);
  wait_until (fixture->settled == 3); /* asked by itself when it was back */
  source = orf_gpu_monitor_get_source (fixture->monitor, 0);
  g_assert_cmpuint (source.restarts, ==, 1);
  g_assert_cmpint (source.state, ==, ORF_PROBE_OPERATIONAL);
  g_assert_null (source.reason);
  g_assert_cmpint (source.pid, >, 0);
  g_assert_cmpint (source.rss_bytes, >, 0);
  g_assert_cmpuint (count_devices (fixture), ==, 3);
  g_assert_false (get_device (fixture, 0)->gone);
  g_assert_true (get_device (fixture, 0)->device->has_used_bytes);
}

/* A hung backend holds nobody up: the other one's answers come, and pending says what is missing.
 */
static void
test_one_hangs (Fixture *fixture, gconstpointer data)
{
  guint n = 0;

  fixture->config.gpu.backends = both;
  start (fixture);
  n = orf_gpu_monitor_get_n_sources (fixture->monitor);
  g_assert_cmpuint (n, ==, 2);
  wait_until (orf_gpu_monitor_get_source (fixture->monitor, 1).sampled_us > 0);
  g_assert_cmpstr (get_device (fixture, 0)->device->backend, ==, "opencl");
  wait_until (orf_gpu_monitor_get_pending (fixture->monitor) == 1);
  g_assert_cmpint (orf_gpu_monitor_get_source (fixture->monitor, 0).state, ==,
                   ORF_PROBE_OPERATIONAL);
  /* it is waited for no longer than a frame is, and then the other's answer is enough */
  wait_until (orf_gpu_monitor_ask (fixture->monitor) == 1);
  wait_until (fixture->settled > 0);
  g_assert_cmpuint (orf_gpu_monitor_get_pending (fixture->monitor), ==, 1);
}

/* What only `auto` asks for is no fault where there is nothing for it. */
static void
test_auto (Fixture *fixture, gconstpointer data)
{
  static char *automatic[] = { (char *) "auto", (char *) "simulated", NULL };
  static const char *const names[] = { "nvml", "amdgpu", "opencl", "simulated" };
  static char *by_name[] = { (char *) "auto", (char *) "nvml", NULL };

  g_setenv ("ORFEAS_NVML_LIBRARY", "/nonexistent", TRUE);
  fixture->config.gpu.backends = automatic;
  start (fixture);
  g_assert_cmpuint (orf_gpu_monitor_get_n_sources (fixture->monitor), ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr (orf_gpu_monitor_get_source (fixture->monitor, i).backend, ==, names[i]);
  wait_until (orf_gpu_monitor_get_source (fixture->monitor, 0).absent);
  g_assert_cmpint (orf_gpu_monitor_get_source (fixture->monitor, 0).state, ==,
                   ORF_PROBE_UNAVAILABLE);
  g_assert_nonnull (strstr (orf_gpu_monitor_get_source (fixture->monitor, 0).reason, "NVML"));
  wait_until (orf_gpu_monitor_get_source (fixture->monitor, 3).sampled_us > 0);
  g_assert_false (orf_gpu_monitor_get_source (fixture->monitor, 3).absent);

  g_clear_pointer (&fixture->monitor, orf_gpu_monitor_free);
  fixture->config.gpu.backends = by_name;
  start (fixture);
  g_assert_cmpuint (orf_gpu_monitor_get_n_sources (fixture->monitor), ==, 3);
  wait_until (orf_gpu_monitor_get_source (fixture->monitor, 0).reason != NULL &&
              strstr (orf_gpu_monitor_get_source (fixture->monitor, 0).reason, "next try"));
  g_assert_false (orf_gpu_monitor_get_source (fixture->monitor, 0).absent);
  g_unsetenv ("ORFEAS_NVML_LIBRARY");
}

/* A device that two backends see is there once, and the first has the word. */
static void
test_one_device_of_two (Fixture *fixture, gconstpointer data)
{
  static char *two[] = { (char *) "nvml", (char *) "simulated", NULL };
  g_autofree char *library = g_build_filename (g_getenv ("NVML_STAND_INS"), "nvml-stand-in-3.so",
                                               NULL);
  const OrfGpuDevice *device = NULL;

  g_setenv ("ORFEAS_NVML_LIBRARY", library, TRUE);
  fixture->config.gpu.backends = two;
  fixture->config.gpu.simulated_devices = 1;
  start (fixture);
  wait_until (orf_gpu_monitor_get_source (fixture->monitor, 0).sampled_us > 0 &&
              orf_gpu_monitor_get_source (fixture->monitor, 1).sampled_us > 0);
  g_unsetenv ("ORFEAS_NVML_LIBRARY");
  g_assert_cmpuint (count_devices (fixture), ==, 1);
  device = get_device (fixture, 0)->device;
  g_assert_cmpstr (device->device, ==, "pci-0000:a0:00.0");
  g_assert_cmpstr (device->backend, ==, "nvml");
  g_assert_cmpstr (device->uuid, ==, "GPU-00000000-0000-4000-8000-0000000000AA");
  g_assert_cmpint (device->driver_reserved_bytes, ==, G_GINT64_CONSTANT (512) << 20);
  g_assert_cmpfloat (device->clock_sm_mhz, ==, 1001);
  g_assert_cmpint (device->ecc_uncorrected_errors, ==, 10);
  g_assert_true (device->has_xid);
  g_assert_cmpint (device->xid, ==, 0);
  g_assert_cmpstr (device->throttle_reasons[0], ==, "idle");
}

/* ---- looks ----------------------------------------------------------------------------------- */

typedef struct {
  Fixture *fixture;
  guint n_told, n_samples;
  guint n_more; /* it looks so many times again, from within */
  gint64 sampled_us;
  guint cancelled;
} Looker;

static void
looked_cb (gpointer user_data, const OrfGpuSnapshot *snapshot)
{
  Looker *looker = user_data;

  looker->n_told++;
  if (snapshot != NULL) {
    looker->n_samples++;
    looker->sampled_us = snapshot->device->sampled_us;
    g_assert_cmpstr (snapshot->device->device, ==, "simulated-1");
  }
  if (looker->n_more > 0) {
    looker->n_more--;
    orf_gpu_monitor_look (looker->fixture->monitor, "simulated-1", looked_cb, looker);
  }
  if (looker->cancelled != 0)
    orf_gpu_monitor_cancel_look (looker->fixture->monitor, looker->cancelled);
}

static void
never_cb (gpointer user_data, const OrfGpuSnapshot *snapshot)
{
  g_assert_not_reached ();
}

static guint
look (Fixture *fixture, const char *device, OrfGpuLooked looked, Looker *looker)
{
  looker->fixture = fixture;
  return orf_gpu_monitor_look (fixture->monitor, device, looked, looker);
}

static void
test_look (Fixture *fixture, gconstpointer data)
{
  Looker looker = { .n_more = 2 }, other = { 0 };
  gint64 before_us;

  start (fixture);
  wait_until (fixture->settled == 1);
  before_us = g_get_real_time ();
  g_assert_cmpuint (look (fixture, "simulated-1", looked_cb, &looker), !=, 0);
  g_assert_cmpuint (looker.n_told, ==, 0);
  wait_until (looker.n_told == 3);
  g_assert_cmpuint (looker.n_samples, ==, 3);
  g_assert_cmpint (looker.sampled_us, >=, before_us);

  /* an ask that is open was begun before: a second is made, and the look cancelled there */
  orf_gpu_monitor_ask (fixture->monitor);
  look (fixture, "simulated-1", looked_cb, &other);
  other.cancelled = look (fixture, "simulated-1", never_cb, &looker);
  wait_until (fixture->settled == 5);
  g_assert_cmpuint (other.n_told, ==, 0);
  wait_until (other.n_told == 1);
  g_assert_cmpuint (orf_gpu_monitor_get_pending (fixture->monitor), ==, 0);
}

/* No such device, a probe that fails, one that dies, one that is not up. */
static void
test_look_fails (Fixture *fixture, gconstpointer data)
{
  Looker looker = { 0 };

  start (fixture);
  wait_until (fixture->settled == 1);
  orf_gpu_monitor_cancel_look (fixture->monitor, look (fixture, "nonsense", never_cb, &looker));
  look (fixture, "nonsense", looked_cb, &looker);
  g_assert_cmpuint (looker.n_told, ==, 0);
  wait_until (looker.n_told == 1);
  look (fixture, "simulated-1", looked_cb, &looker); /* sample 2 fails */
  wait_until (looker.n_told == 2);
  look (fixture, "simulated-1", looked_cb, &looker); /* and with 3 it dies */
  look (fixture, "simulated-1", looked_cb, &looker);
  wait_until (looker.n_told == 4);
  look (fixture, "simulated-1", looked_cb, &looker);
  g_assert_cmpuint (looker.n_told, ==, 4);
  wait_until (looker.n_told == 5);
  g_assert_cmpuint (looker.n_samples, ==, 0);
}

/* It ends with a look that waits. */
static void
test_look_at_end (Fixture *fixture, gconstpointer data)
{
  Looker looker = { 0 };

  start (fixture);
  wait_until (fixture->settled == 1);
  look (fixture, "simulated-1", never_cb, &looker);
  look (fixture, "nonsense", never_cb, &looker);
}

static void
test_unknown_backend (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->config.gpu.backends = unknown;
  g_assert_null (orf_gpu_monitor_new (&fixture->config, g_getenv ("ORFEAS_PROBE"), NULL, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "nonsense"));
  g_assert_cmpstr (orf_error_get_field (error), ==, "gpu.backends");
}

static void
test_no_backend (Fixture *fixture, gconstpointer data)
{
  fixture->config.gpu.backends = NULL;
  start (fixture);
  g_assert_cmpuint (orf_gpu_monitor_get_n_sources (fixture->monitor), ==, 0);
  g_assert_cmpuint (orf_gpu_monitor_ask (fixture->monitor), ==, 0);
  g_assert_cmpuint (count_devices (fixture), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    const char *tell;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/gpu-monitor/devices", "used_percent=50", test_devices },
    { "/gpu-monitor/values-follow", "used_percent=50 processes=3", test_values_follow },
    { "/gpu-monitor/pressure", "used_percent=10 critical_at=2", test_pressure },
    { "/gpu-monitor/missing-device", "missing_at=2", test_missing_device },
    { "/gpu-monitor/lost", "used_percent=95 die_at=2", test_lost },
    { "/gpu-monitor/back-again", "die_at=2", test_back_again },
    { "/gpu-monitor/one-hangs", "hang_at=1", test_one_hangs },
    { "/gpu-monitor/auto", NULL, test_auto },
    { "/gpu-monitor/one-device-of-two", "as_bus=160", test_one_device_of_two },
    { "/gpu-monitor/look", "used_percent=50", test_look },
    { "/gpu-monitor/look-fails", "used_percent=50 fail_at=2 die_at=3", test_look_fails },
    { "/gpu-monitor/look-at-end", "used_percent=50", test_look_at_end },
    { "/gpu-monitor/unknown-backend", "", test_unknown_backend },
    { "/gpu-monitor/no-backend", "", test_no_backend },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, tests[i].tell, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
