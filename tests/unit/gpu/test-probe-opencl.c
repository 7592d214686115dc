/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <glib.h>

#include "orf-decode.h"
#include "orf-schema-types.h"

/* The probe's OpenCL backend beside OpenCL itself and /proc. */
#define MOVES_BYTES                                                                                \
  (G_GINT64_CONSTANT (1) << 30) /* how much a busy machine may use between two looks */

static char **
run_probe (const char *input, const char *icd_vendors)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("printf '%s' | %s%s \"$ORFEAS_PROBE\" opencl", input,
                                              icd_vendors ? "OCL_ICD_VENDORS=" : "",
                                              icd_vendors ? icd_vendors : "");
  const char *argv[] = { "/bin/sh", "-c", command, NULL };
  g_autofree char *out = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strchomp (out), "\n", -1);
}

static OrfProbeMessage *
decode (const char *line)
{
  g_autoptr (GError) error = NULL;
  OrfProbeMessage *message = orf_decode_text (&orf_probe_message_desc, line, strlen (line),
                                              ORF_DECODE_STRICT, &error);

  g_assert_no_error (error);
  return message;
}

/* The first device as OpenCL itself tells it; FALSE where there is none. */
static gboolean
find_device (cl_device_id *device)
{
  cl_platform_id platform = NULL;

  return clGetPlatformIDs (1, &platform, NULL) == CL_SUCCESS &&
         clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, 1, device, NULL) == CL_SUCCESS;
}

static const OrfProbeDevice *
find_by_name (const OrfProbeHello *hello, const char *name)
{
  for (guint i = 0; i < hello->devices->len; i++) {
    const OrfProbeDevice *device = g_ptr_array_index (hello->devices, i);

    if (g_strcmp0 (device->name, name) == 0)
      return device;
  }

  return NULL;
}

static void
test_facts (void)
{
  g_auto (GStrv) lines = run_probe ("", NULL);
  g_autoptr (OrfProbeMessage) message = NULL;
  const OrfProbeDevice *found = NULL;
  cl_device_id device = NULL;
  char name[256] = { 0 };
  char vendor[256] = { 0 };
  cl_ulong total_bytes = 0;

  if (!find_device (&device)) {
    g_test_skip ("no OpenCL device");
    return;
  }
  clGetDeviceInfo (device, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
  clGetDeviceInfo (device, CL_DEVICE_VENDOR, sizeof vendor - 1, vendor, NULL);
  clGetDeviceInfo (device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof total_bytes, &total_bytes, NULL);

  message = decode (lines[0]);
  g_assert_nonnull (message->hello);
  g_assert_cmpstr (message->hello->backend, ==, "opencl");
  g_assert_nonnull (message->hello->version);
  found = find_by_name (message->hello, g_strstrip (name));
  g_assert_nonnull (found);
  g_assert_cmpstr (found->vendor, ==, g_strstrip (vendor));
  g_assert_cmpint (found->total_bytes, ==, (gint64) total_bytes);
}

static gint64
read_used_bytes (void)
{
  g_autofree char *text = NULL;
  gint64 total_kib = 0;
  gint64 available_kib = 0;

  g_assert_true (g_file_get_contents ("/proc/meminfo", &text, NULL, NULL));
  sscanf (strstr (text, "MemTotal:"), "MemTotal: %ld", &total_kib);
  sscanf (strstr (text, "MemAvailable:"), "MemAvailable: %ld", &available_kib);
  return (total_kib - available_kib) * 1024;
}

static void
test_sample (void)
{
  g_auto (GStrv) lines = run_probe ("sample\\nnonsense\\nsample\\n", NULL);
  gint64 used_bytes = read_used_bytes ();
  cl_device_id device = NULL;

  if (!find_device (&device)) {
    g_test_skip ("no OpenCL device");
    return;
  }

  g_assert_cmpuint (g_strv_length (lines), ==, 3); /* hello and two samples */
  for (guint i = 1; i < 3; i++) {
    g_autoptr (OrfProbeMessage) hello = decode (lines[0]);
    g_autoptr (OrfProbeMessage) message = decode (lines[i]);
    const OrfProbeDevice *facts = g_ptr_array_index (hello->hello->devices, 0);
    const OrfProbeDeviceSample *sample = g_ptr_array_index (message->sample->devices, 0);

    g_assert_cmpstr (sample->device, ==, facts->device);
    if (!facts->unified || !sample->has_used_bytes)
      continue;
    g_assert_cmpint (sample->used_bytes + sample->free_bytes, ==, sample->total_bytes);
    if (sample->total_bytes == facts->total_bytes) /* else a cgroup's limit counts */
      g_assert_cmpint (ABS (sample->used_bytes - used_bytes), <, MOVES_BYTES);
  }
}

/* The same in every run. */
static void
test_stable_ids (void)
{
  g_auto (GStrv) first = run_probe ("", NULL);
  g_auto (GStrv) second = run_probe ("", NULL);

  g_assert_cmpstr (first[0], ==, second[0]);
}

static void
test_no_platform (void)
{
  g_auto (GStrv) lines = run_probe ("sample\\n", "/nonexistent");
  g_autoptr (OrfProbeMessage) message = decode (lines[0]);

  g_assert_cmpuint (g_strv_length (lines), ==, 1);
  g_assert_nonnull (message->error);
  g_assert_nonnull (strstr (message->error, "no OpenCL platform"));
}

/* The driver is let go of where it is not needed: no library of OpenCL is mapped any more. */
static void
test_driver_is_gone (void)
{
  const char *argv[] = { g_getenv ("ORFEAS_PROBE"), "opencl", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *maps_path = NULL;
  g_autofree char *maps = NULL;
  char line[4096] = { 0 };
  GPid pid = -1;
  int in = -1;
  int out = -1;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                            &in, &out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (out, line, sizeof line - 1), >, 0); /* hello */
  maps_path = g_strdup_printf ("/proc/%d/maps", (int) pid);
  g_assert_true (g_file_get_contents (maps_path, &maps, NULL, NULL));
  if (strstr (line, "\"unified\":true") && !strstr (line, "\"unified\":false"))
    g_assert_null (strstr (maps, "libOpenCL"));

  close (in); /* which ends it */
  close (out);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-opencl/facts", test_facts);
  g_test_add_func ("/probe-opencl/sample", test_sample);
  g_test_add_func ("/probe-opencl/stable-ids", test_stable_ids);
  g_test_add_func ("/probe-opencl/no-platform", test_no_platform);
  g_test_add_func ("/probe-opencl/driver-is-gone", test_driver_is_gone);
  return g_test_run ();
}
