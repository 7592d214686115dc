/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../metrics/metrics-fixture.h"
#include "host/orf-host-monitor.h"
#include "host/orf-self-monitor.h"

typedef struct {
  MetricsFixture base;
  OrfSampler *sampler;
  OrfHostMonitor *host;
  OrfSelfMonitor *self;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  OrfSelfMonitorParts parts;

  metrics_fixture_set_up (&fixture->base, data);
  fixture->base.config->host.sample_us = 100000;
  fixture->sampler = orf_sampler_new (fixture->base.registry, fixture->base.store.store,
                                      fixture->base.config);
  fixture->host = orf_host_monitor_new (fixture->sampler, fixture->base.config,
                                        fixture->base.store.path);
  parts = (OrfSelfMonitorParts){ fixture->sampler, fixture->base.registry,
                                 fixture->base.store.store, fixture->base.router,
                                 fixture->base.config };
  fixture->self = orf_self_monitor_new (&parts);
  orf_sampler_start (fixture->sampler);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  orf_sampler_free (fixture->sampler);
  orf_host_monitor_free (fixture->host);
  orf_self_monitor_free (fixture->self);
  metrics_fixture_tear_down (&fixture->base, data);
}

static double
newest (Fixture *fixture, const char *name, const char *const *labels)
{
  OrfSeries *series = orf_registry_find (fixture->base.registry, name, (char *const *) labels);
  OrfPoint point;

  g_assert_nonnull (series);
  g_assert_true (orf_open_chunk_get_last (&series->chunk, &point));
  return point.value;
}

static void
wait_for_frames (Fixture *fixture, guint n)
{
  gint64 seen_us = 0;

  for (guint i = 0; i < n; seen_us = orf_host_monitor_get_sampled_us (fixture->host), i++)
    while (orf_host_monitor_get_sampled_us (fixture->host) == seen_us)
      g_main_context_iteration (NULL, TRUE);
}

static void
test_host (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dir = g_path_get_dirname (fixture->base.store.path);
  const char *const path[] = { "path", dir, NULL };
  struct statvfs room;
  double total, used, available;

  wait_for_frames (fixture, 2);
  g_assert_cmpfloat (newest (fixture, "host.cpu.count", NULL), ==,
                     (double) sysconf (_SC_NPROCESSORS_ONLN));
  g_assert_cmpfloat (newest (fixture, "host.cpu.used_percent", NULL), >=, 0);
  g_assert_cmpfloat (newest (fixture, "host.cpu.used_percent", NULL), <=, 100);
  total = newest (fixture, "host.memory.total_bytes", NULL);
  used = newest (fixture, "host.memory.used_bytes", NULL);
  available = newest (fixture, "host.memory.available_bytes", NULL);
  g_assert_cmpfloat (total, ==,
                     (double) sysconf (_SC_PHYS_PAGES) * (double) sysconf (_SC_PAGESIZE));
  g_assert_cmpfloat (used + available, ==, total);
  g_assert_cmpint (statvfs (dir, &room), ==, 0);
  g_assert_cmpfloat (newest (fixture, "host.disk.total_bytes", path), ==,
                     (double) room.f_blocks * (double) room.f_frsize);
}

/* A second reader, which knows /proc by itself: bytes of disks that sysfs has, but loops and the
 * like. */
static double
read_disks (guint column)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  double sectors = 0;

  g_assert_true (g_file_get_contents ("/proc/diskstats", &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
    unsigned long long io[7];
    char name[64];
    g_autofree char *path = NULL;

    g_assert_cmpint (sscanf (lines[i], "%*d %*d %63s %llu %llu %llu %llu %llu %llu %llu", name,
                             &io[0], &io[1], &io[2], &io[3], &io[4], &io[5], &io[6]),
                     ==, 8);
    path = g_strdup_printf ("/sys/block/%s", name);
    if (g_file_test (path, G_FILE_TEST_EXISTS) &&
        !g_regex_match_simple ("^(loop|z?ram|dm-|md|drbd|bcache|zd)", name, 0, 0))
      sectors += (double) io[column];
  }
  return 512 * sectors;
}

static double
read_meminfo (const char *key)
{
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents ("/proc/meminfo", &text, NULL, NULL));
  at = strstr (text, key);
  g_assert_nonnull (at);
  return 1024 * g_ascii_strtod (at + strlen (key), NULL);
}

/* What only grows lies between what the other reader finds before and after. */
static void
test_beside_another_reader (Fixture *fixture, gconstpointer data)
{
  double read_before, written_before;
  g_autofree char *dir = g_path_get_dirname (fixture->base.store.path);
  const char *const path[] = { "path", dir, NULL };
  double total, free_bytes, percent;
  struct statvfs room;

  if (!g_file_test ("/sys/block", G_FILE_TEST_EXISTS)) {
    g_test_skip ("no /sys/block");
    return;
  }
  wait_for_frames (fixture, 1);
  read_before = read_disks (2);
  written_before = read_disks (6);
  wait_for_frames (fixture, 2);
  g_assert_cmpfloat (newest (fixture, "host.disk.read_bytes", NULL), >=, read_before);
  g_assert_cmpfloat (newest (fixture, "host.disk.read_bytes", NULL), <=, read_disks (2));
  g_assert_cmpfloat (newest (fixture, "host.disk.written_bytes", NULL), >=, written_before);
  g_assert_cmpfloat (newest (fixture, "host.disk.written_bytes", NULL), <=, read_disks (6));
  g_assert_cmpfloat (newest (fixture, "host.memory.total_bytes", NULL), ==,
                     read_meminfo ("MemTotal:"));
  /* as df has it: used of used and available, root's reserve in neither */
  total = newest (fixture, "host.disk.total_bytes", path);
  free_bytes = newest (fixture, "host.disk.free_bytes", path);
  percent = newest (fixture, "host.disk.used_percent", path);
  g_assert_cmpint (statvfs (dir, &room), ==, 0);
  g_assert_cmpfloat (free_bytes, <=,
                     total - (double) (room.f_bfree - room.f_bavail) * (double) room.f_frsize);
  g_assert_cmpfloat_with_epsilon (percent,
                                  100.0 * (double) (room.f_blocks - room.f_bfree) /
                                    (double) (room.f_blocks - room.f_bfree + room.f_bavail),
                                  1.0); /* others write there meanwhile */
}

/* The first sample has no share of CPU time: there is nothing before it. */
static void
test_first_is_unknown (Fixture *fixture, gconstpointer data)
{
  wait_for_frames (fixture, 1);
  g_assert_null (orf_registry_find (fixture->base.registry, "host.cpu.used_percent", NULL));
  g_assert_null (orf_registry_find (fixture->base.registry, "orfeas.cpu_percent", NULL));
  g_assert_nonnull (orf_registry_find (fixture->base.registry, "host.load.1m", NULL));
}

static void
test_self (Fixture *fixture, gconstpointer data)
{
  OrfSelfCost cost = orf_self_cost_read ();

  wait_for_frames (fixture, 3);
  g_assert_cmpint (cost.rss_bytes, >, 1024 * 1024);
  g_assert_cmpint (cost.threads, >=, 4); /* a writer, two readers, and this one */
  g_assert_cmpfloat (newest (fixture, "orfeas.memory.rss_bytes", NULL), >, 1024 * 1024);
  g_assert_cmpfloat (newest (fixture, "orfeas.cpu_percent", NULL), >=, 0);
  g_assert_cmpfloat (orf_self_monitor_get_cpu_percent (fixture->self), <, 800);
  g_assert_cmpint (orf_self_monitor_get_sampled_us (fixture->self), >, 0);
  g_assert_cmpfloat (newest (fixture, "orfeas.series", NULL), >, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/host-monitor/host", Fixture, NULL, set_up, test_host, tear_down);
  g_test_add ("/host-monitor/beside-another-reader", Fixture, NULL, set_up,
              test_beside_another_reader, tear_down);
  g_test_add ("/host-monitor/first-is-unknown", Fixture, NULL, set_up, test_first_is_unknown,
              tear_down);
  g_test_add ("/host-monitor/self", Fixture, NULL, set_up, test_self, tear_down);
  return g_test_run ();
}
