/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/orf-orphans.h"

#define SECOND G_GINT64_CONSTANT (1000000)
#define MIB    (G_GINT64_CONSTANT (1) << 20)
#define AT     (G_GINT64_CONSTANT (1760000000) * SECOND)

/* Odd numbers are of processes that have ended. */
static gboolean
is_even (gint64 pid)
{
  return pid % 2 == 0;
}

static OrfProbeDeviceSample *
make_sample (gint64 used_mib)
{
  OrfProbeDeviceSample *sample = orf_probe_device_sample_new ();

  sample->has_used_bytes = TRUE;
  sample->used_bytes = used_mib * MIB;
  sample->processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_probe_process_free);
  sample->has_processes_complete = sample->processes_complete = TRUE;
  return sample;
}

static OrfProbeProcess *
add_process (OrfProbeDeviceSample *sample, gint64 pid, gint64 mib)
{
  OrfProbeProcess *process = orf_probe_process_new ();

  process->pid = pid;
  process->name = g_strdup ("worker");
  process->has_used_bytes = TRUE;
  process->used_bytes = mib * MIB;
  g_ptr_array_add (sample->processes, process);
  return process;
}

/* "pid:MiB@seconds …", or why not. */
static void
check_told (OrfOrphans *orphans, const char *expected, const char *unknown)
{
  const OrfDeviceOrphans *device = g_ptr_array_index (orf_orphans_get_devices (orphans), 0);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < device->orphans->len; i++) {
    const OrfOrphan *orphan = g_ptr_array_index (device->orphans, i);

    g_string_append_printf (text, "%s%d:%d@%d", i > 0 ? " " : "", (int) orphan->pid,
                            (int) (orphan->used_bytes / MIB),
                            (int) ((orphan->since_us - AT) / SECOND));
  }
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_cmpstr (device->unknown, ==, unknown);
}

static void
look (OrfOrphans *orphans, const OrfProbeDeviceSample *sample, gint64 after_s)
{
  orf_orphans_look (orphans, "d0", "amdgpu", sample, AT + after_s * SECOND);
}

static void
test_ended (void)
{
  g_autoptr (OrfOrphans) orphans = orf_orphans_new (is_even);
  g_autoptr (OrfProbeDeviceSample) sample = make_sample (1000);

  add_process (sample, 2, 700);
  add_process (sample, 3, 100);
  add_process (sample, 5, 0);
  look (orphans, sample, 0);
  check_told (orphans, "", NULL);
  look (orphans, sample, 4);
  check_told (orphans, "", NULL);
  look (orphans, sample, 5);
  check_told (orphans, "3:100@0", NULL);
  g_ptr_array_set_size (sample->processes, 1);
  look (orphans, sample, 6);
  check_told (orphans, "", NULL);
  add_process (sample, 3, 100); /* another of the same number begins anew */
  look (orphans, sample, 7);
  check_told (orphans, "", NULL);
}

/* What is left over when all that is known is taken off. */
static void
test_unaccounted (void)
{
  g_autoptr (OrfOrphans) orphans = orf_orphans_new (is_even);
  g_autoptr (OrfProbeDeviceSample) sample = make_sample (2000);

  add_process (sample, 2, 900);
  add_process (sample, 3, 100);
  sample->has_driver_reserved_bytes = TRUE;
  sample->driver_reserved_bytes = 400 * MIB;
  look (orphans, sample, 0);
  look (orphans, sample, 9);
  check_told (orphans, "3:100@0 -1:600@0", NULL);
  sample->driver_reserved_bytes = 500 * MIB; /* 500 are left: less than drivers may keep */
  look (orphans, sample, 10);
  check_told (orphans, "3:100@0", NULL);
}

/* A probe may say anything: sums of it stay numbers. */
static void
test_without_bounds (void)
{
  g_autoptr (OrfOrphans) orphans = orf_orphans_new (is_even);
  g_autoptr (OrfProbeDeviceSample) sample = make_sample (2000);

  for (gint64 i = 0; i < 4096; i++)
    add_process (sample, 2 * i, G_GINT64_CONSTANT (1) << 33);
  look (orphans, sample, 0);
  look (orphans, sample, 9);
  check_told (orphans, "", NULL);
}

static void
test_unknown (void)
{
  g_autoptr (OrfOrphans) orphans = orf_orphans_new (is_even);
  g_autoptr (OrfProbeDeviceSample) sample = make_sample (9000);
  OrfProbeProcess *process = add_process (sample, 3, 100);

  process->has_used_bytes = FALSE;
  look (orphans, sample, 0);
  look (orphans, sample, 9);
  check_told (orphans, "", "what some processes use is not told");
  process->has_used_bytes = TRUE;
  sample->processes_complete = FALSE; /* what one that has ended holds is told all the same */
  look (orphans, sample, 10);
  look (orphans, sample, 19);
  check_told (orphans, "3:100@10", "not all processes may be looked at");
  sample->processes_complete = TRUE;
  sample->has_used_bytes = FALSE;
  look (orphans, sample, 20);
  check_told (orphans, "3:100@10", "how much is in use is not known");
  g_clear_pointer (&sample->processes, g_ptr_array_unref);
  look (orphans, sample, 21);
  check_told (orphans, "", "its backend does not tell which processes use it");
  look (orphans, NULL, 22);
  check_told (orphans, "", "its probe does not tell of it");
}

/* By /proc: a process of ours is alive, one that was reaped is not. */
static void
test_real_processes (void)
{
  g_autoptr (OrfOrphans) orphans = orf_orphans_new (NULL);
  g_autoptr (OrfProbeDeviceSample) sample = make_sample (300);
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "true", NULL };
  g_autofree char *expected = NULL;
  GPid pid = 0;
  int status = 0;

  g_assert_true (g_spawn_async (NULL, (char **) argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                &error));
  g_assert_no_error (error);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  add_process (sample, pid, 100);
  add_process (sample, getpid (), 100);
  look (orphans, sample, 0);
  look (orphans, sample, 5);
  expected = g_strdup_printf ("%d:100@0", (int) pid);
  check_told (orphans, expected, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/orphans/ended", test_ended);
  g_test_add_func ("/orphans/unaccounted", test_unaccounted);
  g_test_add_func ("/orphans/without-bounds", test_without_bounds);
  g_test_add_func ("/orphans/unknown", test_unknown);
  g_test_add_func ("/orphans/real-processes", test_real_processes);
  return g_test_run ();
}
