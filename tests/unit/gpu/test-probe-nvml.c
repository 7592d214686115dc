/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "core/orf-sanitized.h"
#include "orf-decode.h"
#include "orf-schema-types.h"

/*
 * The probe's NVML backend against stand-ins for NVIDIA's library (tests/nvml), which are loaded
 * and called as the real one is.
 */
static const char *const ages[] = { "1", "2", "3", "535" };

typedef struct {
  char *dir, *script;
  GPid pid;
  FILE *in, *out;
} Probe;

static void
write_script (Probe *probe, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (probe->script, text, -1, &error);
  g_assert_no_error (error);
}

static void
start (Probe *probe, const char *age, const char *script)
{
  g_autofree char *library = g_strdup_printf ("library=%s/nvml-stand-in-%s.so",
                                              g_getenv ("NVML_STAND_INS"), age);
  const char *argv[] = { g_getenv ("ORFEAS_PROBE"), "nvml", library, "census_us=0", NULL };
  g_auto (GStrv) env = g_get_environ ();
  g_autoptr (GError) error = NULL;
  int in = -1;
  int out = -1;

  probe->dir = g_dir_make_tmp ("orf-nvml-XXXXXX", &error);
  g_assert_no_error (error);
  probe->script = g_build_filename (probe->dir, "script", NULL);
  write_script (probe, script);
  env = g_environ_setenv (env, "NVML_STAND_IN", probe->script, TRUE);
  env = g_environ_setenv (env, "ORFEAS_PROBE_PATHS", probe->dir, TRUE); /* it is in a cage */
  g_spawn_async_with_pipes (NULL, (char **) argv, env, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &probe->pid, &in, &out, NULL, &error);
  g_assert_no_error (error);
  probe->in = fdopen (in, "w");
  probe->out = fdopen (out, "r");
}

/* The exit status. */
static int
stop (Probe *probe)
{
  int status = 0;

  fclose (probe->in);
  fclose (probe->out);
  g_assert_cmpint (waitpid (probe->pid, &status, 0), ==, probe->pid);
  g_unlink (probe->script);
  g_rmdir (probe->dir);
  g_free (probe->script);
  g_free (probe->dir);
  return status;
}

static char *
read_line (Probe *probe)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t n = getline (&line, &room, probe->out);
  char *copy = n < 0 ? NULL : g_strndup (line, (gsize) n);

  free (line);
  return copy;
}

static char *
ask_text (Probe *probe)
{
  fputs ("sample\n", probe->in);
  fflush (probe->in);
  return read_line (probe);
}

static OrfProbeMessage *
decode (const char *line)
{
  g_autoptr (GError) error = NULL;
  OrfProbeMessage *message = NULL;

  g_assert_nonnull (line);
  message = orf_decode_text (&orf_probe_message_desc, line, strlen (line), ORF_DECODE_STRICT,
                             &error);
  g_assert_no_error (error);
  return message;
}

static OrfProbeMessage *
read_hello (Probe *probe)
{
  g_autofree char *line = read_line (probe);
  OrfProbeMessage *message = decode (line);

  g_assert_nonnull (message->hello);
  return message;
}

static OrfProbeMessage *
ask (Probe *probe)
{
  g_autofree char *line = ask_text (probe);

  return decode (line);
}

static const OrfProbeDeviceSample *
get (const OrfProbeMessage *message, guint index)
{
  g_assert_nonnull (message->sample);
  g_assert_cmpuint (index, <, message->sample->devices->len);
  return g_ptr_array_index (message->sample->devices, index);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void
test_facts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ages); i++) {
    Probe probe = { 0 };
    g_autoptr (OrfProbeMessage) hello = NULL;
    g_autofree char *version = g_strdup_printf ("stand-in %s", ages[i]);
    const OrfProbeDevice *second = NULL;

    start (&probe, ages[i], "gpus 2\nset 1 total 1000000\nset 1 free 0\n");
    hello = read_hello (&probe);
    g_assert_cmpstr (hello->hello->backend, ==, "nvml");
    g_assert_cmpstr (hello->hello->version, ==, version);
    g_assert_cmpuint (hello->hello->devices->len, ==, 2);
    second = g_ptr_array_index (hello->hello->devices, 1);
    g_assert_cmpstr (second->device, ==, "pci-0000:a1:00.0");
    g_assert_cmpstr (second->name, ==, "Stand-in GPU");
    g_assert_cmpstr (second->uuid, ==, "GPU-00000001-0000-4000-8000-0000000000AA");
    g_assert_cmpint (second->index, ==, 1);
    g_assert_null (second->parent);
    g_assert_false (second->unified);
    g_assert_cmpint (second->total_bytes, ==, 1000000);
    g_assert_cmpint (stop (&probe), ==, 0);
  }
}

static void
check_values (const OrfProbeDeviceSample *sample)
{
  g_assert_cmpint (sample->total_bytes, ==, 1000);
  g_assert_cmpint (sample->used_bytes, ==, 600);
  g_assert_cmpint (sample->free_bytes, ==, 400);
  g_assert_cmpfloat (sample->utilization_percent, ==, 87);
  g_assert_cmpfloat (sample->memory_utilization_percent, ==, 43);
  g_assert_cmpfloat (sample->encoder_percent, ==, 5);
  g_assert_cmpfloat (sample->decoder_percent, ==, 6);
  g_assert_cmpfloat (sample->fan_percent, ==, 30);
  g_assert_cmpfloat (sample->temperature_c, ==, 55);
  g_assert_cmpfloat (sample->power_w, ==, 250.5);
  g_assert_cmpfloat (sample->power_limit_w, ==, 700);
  g_assert_cmpfloat (sample->energy_j, ==, 123.456);
  g_assert_cmpfloat (sample->clock_graphics_mhz, ==, 1000);
  g_assert_cmpfloat (sample->clock_sm_mhz, ==, 1001);
  g_assert_cmpfloat (sample->clock_memory_mhz, ==, 1002);
  g_assert_cmpfloat (sample->clock_video_mhz, ==, 1003);
  g_assert_cmpint (sample->pcie_replays, ==, 4);
  g_assert_cmpint (sample->throttled_power_us, ==, 5000);
  g_assert_cmpint (sample->throttled_thermal_us, ==, 7);
  g_assert_true (sample->has_ecc_corrected_errors);
  g_assert_cmpint (sample->ecc_corrected_errors, ==, 0);
  g_assert_cmpint (sample->ecc_uncorrected_errors, ==, 10);
  g_assert_true (sample->has_lost);
  g_assert_false (sample->lost);
  g_assert_cmpuint (sample->xids->len, ==, 0);
  g_assert_cmpuint (sample->processes->len, ==, 0);
}

static void
test_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ages); i++) {
    Probe probe = { 0 };
    g_autoptr (OrfProbeMessage) hello = NULL;
    g_autoptr (OrfProbeMessage) message = NULL;
    const OrfProbeDeviceSample *sample = NULL;

    start (&probe, ages[i],
           "set 0 total 1000\nset 0 free 400\nset 0 reserved 100\nset 0 violation1 7000\n");
    hello = read_hello (&probe);
    message = ask (&probe);
    sample = get (message, 0);
    check_values (sample);
    /* what only some ages have */
    g_assert_cmpint (sample->driver_reserved_bytes, ==, i < 2 ? 0 : 100);
    g_assert_cmpint (sample->has_driver_reserved_bytes, ==, i >= 2);
    g_assert_cmpint (sample->retired_pages, ==, i == 0 ? 3 + 4 : 2 + 1);
    g_assert_cmpint (sample->retirement_pending, ==, i == 0);
    g_assert_cmpint (sample->has_retirement_failed, ==, i > 0);
    g_assert_true (isnan (sample->temperature_memory_c) == (i == 0));
    g_assert_cmpint (stop (&probe), ==, 0);
  }
}

static void
test_throttle_reasons (void)
{
  const struct {
    const char *script, *expected;
  } rows[] = {
    { "set 0 throttle 0", "" },
    { "set 0 throttle 511",
      "idle application_clocks power_cap hw_slowdown sync_boost thermal hw_thermal hw_power_brake "
      "display_clocks" },
    { "set 0 throttle 4612", "power_cap unknown-1200" },
  };
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;

  start (&probe, "3", "");
  hello = read_hello (&probe);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (OrfProbeMessage) message = NULL;
    g_autofree char *got = NULL;

    write_script (&probe, rows[i].script);
    message = ask (&probe);
    g_assert_nonnull (get (message, 0)->throttle_reasons);
    got = g_strjoinv (" ", get (message, 0)->throttle_reasons);
    g_assert_cmpstr (got, ==, rows[i].expected);
  }
  g_assert_cmpint (stop (&probe), ==, 0);
}

static void
test_bus (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) first = NULL;
  g_autoptr (OrfProbeMessage) second = NULL;
  g_autoptr (OrfProbeMessage) third = NULL;

  start (&probe, "3", "set 0 field197 1000\nset 0 field198 1000\n");
  hello = read_hello (&probe);
  first = ask (&probe);
  g_assert_true (isnan (get (first, 0)->pcie_sent_bytes_per_s));
  write_script (&probe, "set 0 field197 1001000\nset 0 field198 1000\n");
  second = ask (&probe);
  g_assert_cmpfloat (get (second, 0)->pcie_sent_bytes_per_s, >, 0);
  g_assert_cmpfloat (get (second, 0)->pcie_received_bytes_per_s, ==, 0);
  write_script (&probe, "set 0 field197 5\nset 0 field198 2000\n"); /* began anew */
  third = ask (&probe);
  g_assert_true (isnan (get (third, 0)->pcie_sent_bytes_per_s));
  g_assert_cmpfloat (get (third, 0)->pcie_received_bytes_per_s, >, 0);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* Without counters of the bus, by the call that measures for itself. */
static void
test_bus_of_old (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "2", "set 0 throughput0 3\nset 0 throughput1 4\n");
  hello = read_hello (&probe);
  message = ask (&probe);
  g_assert_cmpfloat (get (message, 0)->pcie_sent_bytes_per_s, ==, 3 * 1024);
  g_assert_cmpfloat (get (message, 0)->pcie_received_bytes_per_s, ==, 4 * 1024);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void
test_processes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ages); i++) {
    Probe probe = { 0 };
    g_autoptr (OrfProbeMessage) hello = NULL;
    g_autoptr (OrfProbeMessage) message = NULL;
    g_autofree char *script = g_strdup_printf (
      "gpus 2\nprocess 0 compute %d 5000000000\nprocess 0 graphics %d 5000000000\n"
      "process 0 compute 99999999 -1\nprocess 0 mps 99999998 77\nprocess 1 graphics 99999997 3\n",
      getpid (), getpid ());
    const OrfProbeProcess *rows[3] = { NULL };

    start (&probe, ages[i], script);
    hello = read_hello (&probe);
    message = ask (&probe);
    g_assert_cmpuint (get (message, 0)->processes->len, ==, 3); /* ours once */
    for (guint k = 0; k < 3; k++)
      rows[k] = g_ptr_array_index (get (message, 0)->processes, k);
    g_assert_cmpint (rows[0]->pid, ==, getpid ());
    g_assert_cmpint (rows[0]->used_bytes, ==, 5000000000);
    g_assert_cmpstr (rows[0]->name, ==, "test-probe-nvml");
    g_assert_cmpint (rows[1]->used_bytes, ==, 77);
    g_assert_cmpstr (rows[1]->name, ==, "stranger-99999998"); /* not the rest of its words */
    g_assert_false (rows[2]->has_used_bytes);
    g_assert_cmpuint (get (message, 1)->processes->len, ==, 1);
    g_assert_cmpint (stop (&probe), ==, 0);
  }
}

/* For whom the device computed, by the driver's last sample, each of which is told once. */
static void
test_use_of_processes (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) first = NULL, second = NULL;
  const GPtrArray *rows;

  start (&probe, ages[0],
         "gpus 2\nprocess 0 compute 50000000 5\nprocess 0 compute 50000001 6\n"
         "process 0 compute 50000002 7\nprocess 1 compute 50000000 5\n"
         "use 0 50000000 30 1000\nuse 0 50000002 250 1001\nuse 0 77 9 999\n");
  hello = read_hello (&probe);
  first = ask (&probe);
  rows = get (first, 0)->processes;
  g_assert_cmpfloat (((OrfProbeProcess *) rows->pdata[0])->utilization_percent, ==, 30);
  g_assert_cmpfloat (((OrfProbeProcess *) rows->pdata[1])->utilization_percent, ==, 0);
  g_assert_cmpfloat (((OrfProbeProcess *) rows->pdata[2])->utilization_percent, ==, 100);
  rows = get (first, 1)->processes;
  g_assert_true (isnan (((OrfProbeProcess *) rows->pdata[0])->utilization_percent));
  second = ask (&probe); /* nothing new */
  rows = get (second, 0)->processes;
  g_assert_true (isnan (((OrfProbeProcess *) rows->pdata[0])->utilization_percent));
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* More than the room that is offered first. */
static void
test_many_processes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ages); i++) {
    Probe probe = { 0 };
    g_autoptr (OrfProbeMessage) hello = NULL;
    g_autoptr (OrfProbeMessage) message = NULL;
    g_autoptr (GString) script = g_string_new (NULL);

    for (guint k = 0; k < 300; k++)
      g_string_append_printf (script, "process 0 compute %u %u\n", 50000000 + k, 1000 + k);
    start (&probe, ages[i], script->str);
    hello = read_hello (&probe);
    message = ask (&probe);
    g_assert_cmpuint (get (message, 0)->processes->len, ==, 300);
    for (guint k = 0; k < 300; k++) {
      const OrfProbeProcess *row = g_ptr_array_index (get (message, 0)->processes, k);

      g_assert_cmpint (row->pid, ==, 50000000 + k);
      g_assert_cmpint (row->used_bytes, ==, 1000 + k);
    }
    g_assert_cmpint (stop (&probe), ==, 0);
  }
}

/* A driver that tells no processes is not one that has none. */
static void
test_no_process_info (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) denied = NULL;
  g_autoptr (OrfProbeMessage) allowed = NULL;

  start (&probe, "3", "fail nvmlDeviceGetComputeRunningProcesses_v3 4\n");
  hello = read_hello (&probe);
  denied = ask (&probe);
  g_assert_null (get (denied, 0)->processes);
  g_assert_true (get (denied, 0)->has_used_bytes);
  write_script (&probe, "");
  allowed = ask (&probe);
  g_assert_nonnull (get (allowed, 0)->processes);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* A version that the library names and the driver does not have. */
static void
test_versions_fall_back (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "3",
         "fail nvmlDeviceGetComputeRunningProcesses_v3 13\n"
         "fail nvmlDeviceGetComputeRunningProcesses_v2 13\n"
         "fail nvmlDeviceGetMemoryInfo_v2 13\n"
         "process 0 compute 50000000 123\nprocess 0 compute 50000001 124\n");
  hello = read_hello (&probe);
  message = ask (&probe);
  g_assert_cmpuint (get (message, 0)->processes->len, ==, 2);
  g_assert_cmpint (
    ((OrfProbeProcess *) g_ptr_array_index (get (message, 0)->processes, 1))->used_bytes, ==, 124);
  g_assert_true (get (message, 0)->has_used_bytes);
  g_assert_false (get (message, 0)->has_driver_reserved_bytes);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void
test_parts (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;
  const OrfProbeDevice *part = NULL;
  const OrfProbeDeviceSample *sample = NULL;

  start (&probe, "3",
         "gpus 2\nmig 0 2\nset 0 part1-total 500\nset 0 part1-free 300\n"
         "part-process 0 1 50000000 150\nprocess 0 compute 50000000 150\n");
  hello = read_hello (&probe);
  g_assert_cmpuint (hello->hello->devices->len, ==, 4);
  part = g_ptr_array_index (hello->hello->devices, 2);
  g_assert_cmpstr (part->device, ==, "uuid-00000000000040008000000000000002");
  g_assert_cmpstr (part->uuid, ==, "MIG-00000000-0000-4000-8000-000000000002");
  g_assert_cmpstr (part->parent, ==, "pci-0000:a0:00.0");
  g_assert_cmpint (part->instance, ==, 8);
  g_assert_cmpint (part->index, ==, 0);

  message = ask (&probe);
  sample = get (message, 2);
  g_assert_cmpint (sample->total_bytes, ==, 500);
  g_assert_cmpint (sample->used_bytes, ==, 200);
  g_assert_cmpuint (sample->processes->len, ==, 1);
  g_assert_true (isnan (sample->power_w));
  g_assert_cmpuint (get (message, 1)->processes->len, ==, 0);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* Divided anew, the hello no longer holds. */
static void
test_divided_anew (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;
  g_autofree char *after = NULL;

  start (&probe, "3", "mig 0 2\n");
  hello = read_hello (&probe);
  message = ask (&probe);
  write_script (&probe, "mig 0 3\n");
  after = ask_text (&probe);
  g_assert_null (after);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void
test_xids (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) first = NULL;
  g_autoptr (OrfProbeMessage) second = NULL;

  start (&probe, "3", "gpus 2\nmig 1 2\nxid 0 13\n");
  hello = read_hello (&probe);
  write_script (&probe, "gpus 2\nmig 1 2\nxid 0 13\nxid 0 31\nxid 0 79\nxid 1 43 8\nxid 1 48\n");
  first = ask (&probe);
  g_assert_cmpuint (get (first, 0)->xids->len, ==, 2); /* 13 was before us */
  g_assert_cmpint (g_array_index (get (first, 0)->xids, gint64, 0), ==, 31);
  g_assert_cmpint (g_array_index (get (first, 0)->xids, gint64, 1), ==, 79);
  g_assert_cmpuint (get (first, 1)->xids->len, ==, 1);
  g_assert_cmpint (g_array_index (get (first, 1)->xids, gint64, 0), ==, 48);
  g_assert_cmpuint (get (first, 2)->xids->len, ==, 0);
  g_assert_cmpint (g_array_index (get (first, 3)->xids, gint64, 0), ==, 43); /* instance 8 */
  second = ask (&probe);
  g_assert_cmpuint (get (second, 0)->xids->len, ==, 0);
  g_assert_cmpint (stop (&probe), ==, 0);
}

static void
test_no_xids (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "3", "fail nvmlDeviceRegisterEvents 3\nxid 0 13\n");
  hello = read_hello (&probe);
  message = ask (&probe);
  g_assert_null (get (message, 0)->xids); /* not known, which is not none */
  g_assert_cmpint (stop (&probe), ==, 0);
}

static void
test_lost (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "3", "gpus 2\n");
  hello = read_hello (&probe);
  write_script (&probe, "gpus 2\nfail nvmlDeviceGetMemoryInfo 15 0\n"
                        "fail nvmlDeviceGetMemoryInfo_v2 15 0\nxid 0 79\n");
  message = ask (&probe);
  g_assert_true (get (message, 0)->lost);
  g_assert_false (get (message, 0)->has_used_bytes);
  g_assert_null (get (message, 0)->processes);
  g_assert_cmpint (g_array_index (get (message, 0)->xids, gint64, 0), ==, 79);
  g_assert_false (get (message, 1)->lost);
  g_assert_true (get (message, 1)->has_used_bytes);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* Each call by itself: what it tells is left out, and nothing else. */
static void
test_each_call_fails (void)
{
  const struct {
    const char *call;
    const char *members[3];
  } rows[] = {
    { "nvmlDeviceGetUtilizationRates", { "utilization_percent", "memory_utilization_percent" } },
    { "nvmlDeviceGetEncoderUtilization", { "encoder_percent" } },
    { "nvmlDeviceGetDecoderUtilization", { "decoder_percent" } },
    { "nvmlDeviceGetFanSpeed", { "fan_percent" } },
    { "nvmlDeviceGetTemperature", { "temperature_c" } },
    { "nvmlDeviceGetPowerUsage", { "power_w" } },
    { "nvmlDeviceGetEnforcedPowerLimit", { "power_limit_w" } },
    { "nvmlDeviceGetTotalEnergyConsumption", { "energy_j" } },
    { "nvmlDeviceGetClockInfo", { "clock_graphics_mhz", "clock_sm_mhz", "clock_video_mhz" } },
    { "nvmlDeviceGetCurrentClocksEventReasons", { "throttle_reasons" } },
    { "nvmlDeviceGetViolationStatus", { "throttled_power_us", "throttled_thermal_us" } },
    { "nvmlDeviceGetTotalEccErrors", { "ecc_corrected_errors", "ecc_uncorrected_errors" } },
    { "nvmlDeviceGetPcieReplayCounter", { "pcie_replays" } },
    { "nvmlDeviceGetFieldValues", { "temperature_memory_c" } },
    { "nvmlDeviceGetMemoryInfo_v2", { "driver_reserved_bytes" } },
    { "nvmlDeviceGetComputeRunningProcesses_v3", { "processes" } },
  };
  const int errors[] = { 13, 999 };

  for (guint e = 0; e < G_N_ELEMENTS (errors); e++) {
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
      Probe probe = { 0 };
      g_autofree char *script = g_strdup_printf ("fail %s %d\n", rows[i].call, errors[e]);
      g_autoptr (OrfProbeMessage) hello = NULL;
      g_autofree char *line = NULL;
      g_autoptr (OrfProbeMessage) message = NULL;

      start (&probe, "3", script);
      hello = read_hello (&probe);
      line = ask_text (&probe);
      message = decode (line);
      g_assert_true (get (message, 0)->has_used_bytes);
      for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
        gboolean fell_back = errors[e] == 13 && i == G_N_ELEMENTS (rows) - 1;

        for (guint m = 0; m < 3 && rows[r].members[m]; m++) {
          g_autofree char *member = g_strdup_printf ("\"%s\":", rows[r].members[m]);

          g_assert_cmpint (strstr (line, member) != NULL, ==, r != i || fell_back);
        }
      }
      g_assert_cmpint (stop (&probe), ==, 0);
    }
  }
}

/* What a device cannot do is not asked for again, however long it takes to say so. */
static void
test_not_supported_is_asked_once (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) first = NULL;
  g_autoptr (OrfProbeMessage) second = NULL;

  start (&probe, "3", "fail nvmlDeviceGetFanSpeed 3\nfail nvmlDeviceGetPowerUsage 999\n");
  hello = read_hello (&probe);
  first = ask (&probe);
  write_script (&probe, "crash nvmlDeviceGetFanSpeed\n");
  second = ask (&probe);
  g_assert_true (isnan (get (second, 0)->fan_percent));
  g_assert_cmpfloat (get (second, 0)->power_w, ==, 250.5);
  g_assert_cmpint (stop (&probe), ==, 0);
}

static void
test_nonsense (void)
{
  const char *const scripts[] = { "set 0 total 0\n", "set 0 total 5\nset 0 free 6\n",
                                  "set 0 total 18446744073709551615\nset 0 free 1\n" };
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;

  start (&probe, "3", "");
  hello = read_hello (&probe);
  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++) {
    g_autoptr (OrfProbeMessage) message = NULL;

    write_script (&probe, scripts[i]);
    message = ask (&probe);
    g_assert_false (get (message, 0)->has_used_bytes);
    g_assert_cmpfloat (get (message, 0)->power_w, ==, 250.5);
  }
  write_script (&probe, "set 0 ecc0 18446744073709551615\nset 0 busy 4000000000\n");
  {
    g_autoptr (OrfProbeMessage) message = ask (&probe);

    g_assert_false (get (message, 0)->has_ecc_corrected_errors);
    g_assert_cmpfloat (get (message, 0)->utilization_percent, ==, 100);
  }
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* A chip without memory of its own: the host's is told. */
static void
test_unified (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "3", "fail nvmlDeviceGetMemoryInfo 3\nfail nvmlDeviceGetMemoryInfo_v2 3\n");
  hello = read_hello (&probe);
  g_assert_true (((OrfProbeDevice *) g_ptr_array_index (hello->hello->devices, 0))->unified);
  message = ask (&probe);
  g_assert_true (get (message, 0)->has_used_bytes);
  g_assert_cmpint (get (message, 0)->used_bytes, >, 0);
  g_assert_cmpint (stop (&probe), ==, 0);
}

/* ---- no use ---------------------------------------------------------------------------------- */

static void
test_driver_gone (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, "3", "");
  hello = read_hello (&probe);
  write_script (&probe, "fail nvmlDeviceGetMemoryInfo 9\nfail nvmlDeviceGetMemoryInfo_v2 9\n");
  message = ask (&probe);
  g_assert_cmpstr (message->error, ==, "no device tells its memory: Driver Not Loaded");
  g_assert_cmpint (stop (&probe), ==, 0);
}

static void
check_refusal (const char *age, const char *script, const char *expected)
{
  Probe probe = { 0 };
  g_autofree char *line = NULL;
  g_autoptr (OrfProbeMessage) message = NULL;

  start (&probe, age, script);
  line = read_line (&probe);
  message = decode (line);
  g_assert_nonnull (message->error);
  if (!strstr (message->error, expected))
    g_error ("%s: not %s", message->error, expected);
  g_assert_cmpint (WEXITSTATUS (stop (&probe)), ==, 1);
}

static void
test_refusals (void)
{
  check_refusal ("3", "fail nvmlInit_v2 9\n", "no NVIDIA driver: nvmlInit: Driver Not Loaded");
  check_refusal ("1", "fail nvmlInit 9\n", "Driver Not Loaded");
  if (!ORF_SANITIZED)
    check_refusal ("3", "fail nvmlInit_v2 4\n", "[gpu] probe_sandbox=false asks without)");
  check_refusal ("3", "gpus 0\n", "shows no device: there is none");
  check_refusal ("3", "fail nvmlDeviceGetCount 999\n", "shows no device: Unknown Error");
  check_refusal ("3", "fail nvmlDeviceGetHandleByIndex 4 0\n", "shows no device");
  check_refusal ("none-of-that-name", "", "no NVML library");
}

/* One that cannot be had does not hide the others. */
static void
test_one_is_broken (void)
{
  Probe probe = { 0 };
  g_autoptr (OrfProbeMessage) hello = NULL;

  start (&probe, "3", "gpus 3\nfail nvmlDeviceGetHandleByIndex 15 1\n");
  hello = read_hello (&probe);
  g_assert_cmpuint (hello->hello->devices->len, ==, 2);
  g_assert_cmpint (((OrfProbeDevice *) g_ptr_array_index (hello->hello->devices, 1))->index, ==, 2);
  g_assert_cmpint (stop (&probe), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-nvml/facts", test_facts);
  g_test_add_func ("/probe-nvml/values", test_values);
  g_test_add_func ("/probe-nvml/throttle-reasons", test_throttle_reasons);
  g_test_add_func ("/probe-nvml/bus", test_bus);
  g_test_add_func ("/probe-nvml/bus-of-old", test_bus_of_old);
  g_test_add_func ("/probe-nvml/processes", test_processes);
  g_test_add_func ("/probe-nvml/use-of-processes", test_use_of_processes);
  g_test_add_func ("/probe-nvml/many-processes", test_many_processes);
  g_test_add_func ("/probe-nvml/no-process-info", test_no_process_info);
  g_test_add_func ("/probe-nvml/versions-fall-back", test_versions_fall_back);
  g_test_add_func ("/probe-nvml/parts", test_parts);
  g_test_add_func ("/probe-nvml/divided-anew", test_divided_anew);
  g_test_add_func ("/probe-nvml/xids", test_xids);
  g_test_add_func ("/probe-nvml/no-xids", test_no_xids);
  g_test_add_func ("/probe-nvml/lost", test_lost);
  g_test_add_func ("/probe-nvml/each-call-fails", test_each_call_fails);
  g_test_add_func ("/probe-nvml/not-supported-is-asked-once", test_not_supported_is_asked_once);
  g_test_add_func ("/probe-nvml/nonsense", test_nonsense);
  g_test_add_func ("/probe-nvml/unified", test_unified);
  g_test_add_func ("/probe-nvml/driver-gone", test_driver_gone);
  g_test_add_func ("/probe-nvml/refusals", test_refusals);
  g_test_add_func ("/probe-nvml/one-is-broken", test_one_is_broken);
  return g_test_run ();
}
