/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "core/orf-percent.h"
#include "host/orf-proc-file.h"
#include "host/orf-proc-text.h"

static const char stat_text[] = "cpu  100 20 30 400 50 6 7 8 9 1\ncpu0 1 2 3 4 5 6 7 8 9 1\n";
static const char meminfo_text[] =
  "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n"
  "SwapTotal:       50 kB\nSwapFree:        20 kB\n";
static const char diskstats_text[] = "   8       0 sda 1 2 10 4 5 6 20 8 0 9 10\n"
                                     "   8       1 sda1 1 2 1000 4 5 6 2000 8 0 9 10\n"
                                     " 259       0 nvme0n1 1 2 30 4 5 6 40 8 0 9 10\n"
                                     " 259       1 nvme0n1p1 1 2 1000 4 5 6 2000 8 0 9 10\n"
                                     " 179       0 mmcblk0 1 2 1 4 5 6 1 8 0 9 10\n"
                                     " 179       1 mmcblk0p12 1 2 999 4 5 6 999 8 0 9 10\n"
                                     "   7       0 loop0 1 2 1000 4 5 6 2000 8 0 9 10\n"
                                     " 253       0 dm-0 1 2 1000 4 5 6 2000 8 0 9 10\n"
                                     " 254       0 vda 1 2 100 4 5 6 100 8 0 9 10\n";
static const char net_dev_text[] = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes\n"
                                   "    lo: 9000 1 0 0 0 0 0 0 9000 1 0 0 0 0 0 0\n"
                                   "  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n"
                                   "wlan0:10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
                                   "docker0: 5000 1 0 0 0 0 0 0 5000 1 0 0 0 0 0 0\n"
                                   " bond0: 6000 1 0 0 0 0 0 0 6000 1 0 0 0 0 0 0\n"
                                   "eth0.7: 7000 1 0 0 0 0 0 0 7000 1 0 0 0 0 0 0\n"
                                   "  ifb0: 8000 1 0 0 0 0 0 0 8000 1 0 0 0 0 0 0\n";
static const char process_text[] =
  "42 (a) b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 70 30 0 0 20 0 5 0 1000 1 1\n";

static const char loadavg_text[] = "0.52 0.58 1.59 1/123 456\n";
static const char statm_text[] = "5000 1234 3 4 5 6 7\n";

static void
test_cpu (void)
{
  OrfCpuTime before = { 0, 0 }, after;

  g_assert_true (orf_proc_parse_cpu (stat_text, &after));
  /* guest is part of user; iowait is idle */
  g_assert_cmpuint (after.busy, ==, 100 + 20 + 30 + 6 + 7 + 8);
  g_assert_cmpuint (after.total, ==, after.busy + 450);
  g_assert_cmpfloat_with_epsilon (orf_cpu_time_get_percent (&before, &after), 100.0 * 171 / 621,
                                  1e-9);
  g_assert_true (isnan (orf_cpu_time_get_percent (&after, &after)));
  before = (OrfCpuTime){ after.busy + 1, after.total - 10 };
  g_assert_cmpfloat (orf_cpu_time_get_percent (&before, &after), ==, 0); /* never negative */
}

static void
test_memory (void)
{
  OrfHostMemory memory;

  g_assert_true (orf_proc_parse_memory (meminfo_text, &memory));
  g_assert_cmpint (memory.total_bytes, ==, 1000 * 1024);
  g_assert_cmpint (memory.available_bytes, ==, 400 * 1024);
  g_assert_cmpint (memory.swap_used_bytes, ==, 30 * 1024);
}

/* Those of diskstats_text that are disks of their own. */
static gboolean
is_disk (const char *name)
{
  const char *const disks[] = { "sda", "nvme0n1", "mmcblk0", "vda", NULL };

  return g_strv_contains (disks, name);
}

static void
add_disk_cb (gpointer user_data, const char *name, const OrfTraffic *traffic)
{
  OrfTraffic *sum = user_data;

  if (!is_disk (name))
    return;
  sum->in_bytes += traffic->in_bytes;
  sum->out_bytes += traffic->out_bytes;
}

static void
add_interface_cb (gpointer user_data, const char *name, const OrfTraffic *traffic)
{
  OrfTraffic *sum = user_data;

  g_assert_cmpstr (name, !=, "lo");
  sum->in_bytes += traffic->in_bytes;
  sum->out_bytes += traffic->out_bytes;
}

static gboolean
sum_disks (const char *text, OrfTraffic *sum)
{
  *sum = (OrfTraffic){ 0, 0 };
  return orf_proc_parse_disks (text, add_disk_cb, sum);
}

static gboolean
sum_network (const char *text, OrfTraffic *sum)
{
  *sum = (OrfTraffic){ 0, 0 };
  return orf_proc_parse_network (text, add_interface_cb, sum);
}

static void
test_disks (void)
{
  OrfTraffic traffic;

  g_assert_true (sum_disks (diskstats_text, &traffic));
  g_assert_cmpuint (traffic.in_bytes, ==, (10 + 30 + 1 + 100) * 512);
  g_assert_cmpuint (traffic.out_bytes, ==, (20 + 40 + 1 + 100) * 512);
}

static void
test_network (void)
{
  OrfTraffic traffic;

  g_assert_true (sum_network (net_dev_text, &traffic));
  g_assert_cmpuint (traffic.in_bytes, ==, 110);
  g_assert_cmpuint (traffic.out_bytes, ==, 220);
}

static void
test_process (void)
{
  OrfProcessStat process;
  gint64 pages;

  g_assert_true (orf_proc_parse_process (process_text, &process));
  g_assert_cmpuint (process.cpu_ticks, ==, 100);
  g_assert_cmpint (process.threads, ==, 5);
  g_assert_true (orf_proc_parse_resident (statm_text, &pages));
  g_assert_cmpint (pages, ==, 1234);
}

static void
test_load (void)
{
  OrfLoad load;

  g_assert_true (orf_proc_parse_load (loadavg_text, &load));
  g_assert_cmpfloat (load.load_1m, ==, 0.52);
  g_assert_cmpfloat (load.load_15m, ==, 1.59);
}

/* A cut text may still have some lines whole: any of their sums, and no other. */
static gboolean
sum_at (const guint64 *sums, guint n_sums, guint64 sum)
{
  for (guint i = 0; i < n_sums; i++)
    if (sums[i] == sum)
      return TRUE;
  return FALSE;
}

static void
check_cut (const char *text, const char *cut)
{
  static const guint64 read_sectors[] = { 0, 10, 40, 41, 141 }, received[] = { 0, 100, 110 };
  OrfTraffic traffic = { 1, 1 };
  OrfProcessStat process;
  OrfHostMemory memory;
  OrfCpuTime cpu;
  OrfLoad load;
  gint64 pages;

  if (orf_proc_parse_cpu (cut, &cpu))
    g_assert_cmpuint (cpu.total, ==, 621);
  if (orf_proc_parse_memory (cut, &memory)) {
    g_assert_cmpint (memory.total_bytes, ==, 1000 * 1024);
    g_assert_cmpint (memory.swap_used_bytes, ==, 30 * 1024);
  }
  if (sum_disks (cut, &traffic))
    g_assert_true (sum_at (read_sectors, G_N_ELEMENTS (read_sectors), traffic.in_bytes / 512));
  if (sum_network (cut, &traffic))
    g_assert_true (sum_at (received, G_N_ELEMENTS (received), traffic.in_bytes));
  if (orf_proc_parse_process (cut, &process))
    g_assert_cmpint (process.threads, ==, 5);
  if (text == loadavg_text && orf_proc_parse_load (cut, &load))
    g_assert_cmpfloat (load.load_15m, ==, 1.59);
  if (text == statm_text && orf_proc_parse_resident (cut, &pages))
    g_assert_cmpint (pages, ==, 1234);
}

/* Wherever a text is cut, it is read rightly or not at all, and never beyond its end (ASan). */
static void
test_cut_texts (void)
{
  const char *const texts[] = { stat_text,    meminfo_text, diskstats_text, net_dev_text,
                                process_text, loadavg_text, statm_text };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (gsize length = 0; length < strlen (texts[i]); length++) {
      g_autofree char *cut = g_strndup (texts[i], length);

      check_cut (texts[i], cut);
    }
}

/* Each byte in turn made another: refused or read, without a fault (ASan, UBSan). */
static void
test_garbled_texts (void)
{
  static const char bytes[] = { '\0', '\n', ' ', '-', '9', ')', ':', (char) 0xff };
  const char *const texts[] = { stat_text,    meminfo_text, diskstats_text, net_dev_text,
                                process_text, loadavg_text, statm_text };
  OrfTraffic traffic;
  OrfProcessStat process;
  OrfHostMemory memory;
  OrfCpuTime cpu;
  OrfLoad load;
  gint64 pages;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (gsize at = 0; at < strlen (texts[i]) * sizeof bytes; at++) {
      g_autofree char *text = g_strdup (texts[i]);

      text[at / sizeof bytes] = bytes[at % sizeof bytes];
      sum_disks (text, &traffic);
      sum_network (text, &traffic);
      orf_proc_parse_process (text, &process);
      orf_proc_parse_resident (text, &pages);
      if (orf_proc_parse_load (text, &load))
        g_assert_true (isfinite (load.load_1m) && load.load_1m >= 0);
      if (orf_proc_parse_memory (text, &memory))
        g_assert_cmpint (memory.available_bytes, <=, memory.total_bytes);
      if (orf_proc_parse_cpu (text, &cpu))
        g_assert_cmpuint (cpu.busy, <=, cpu.total);
    }
}

/* What does not say it leaves the result as it was. */
static void
test_refused (void)
{
  OrfCpuTime cpu = { 1, 2 };
  OrfHostMemory memory = { 1, 2, 3 };
  OrfTraffic traffic = { 1, 2 };

  g_assert_false (orf_proc_parse_cpu ("cpu  1 2 3 4\n", &cpu));
  g_assert_false (orf_proc_parse_cpu ("cpu  99999999999999999999 2 3 4 5 6 7 8 9 1\n", &cpu));
  g_assert_cmpuint (cpu.total, ==, 2);
  /* a kernel without MemAvailable: unknown, not free memory instead */
  g_assert_false (
    orf_proc_parse_memory ("MemTotal: 10 kB\nMemFree: 5 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
                           &memory));
  g_assert_cmpint (memory.total_bytes, ==, 1);
  g_assert_false (sum_disks ("", &traffic));
  g_assert_false (sum_network ("one line\n", &traffic));
  g_assert_cmpuint (traffic.in_bytes, ==, 0); /* no device was told */
}

static void
test_files (void)
{
  OrfProcFile file;
  const char *text;

  orf_proc_file_open (&file, "/proc/self/stat");
  text = orf_proc_file_read (&file);
  g_assert_nonnull (strchr (text, ')'));
  g_assert_cmpstr (orf_proc_file_read (&file), !=, "");
  orf_proc_file_close (&file);
  orf_proc_file_open (&file, "/proc/kallsyms"); /* larger than any buffer it begins with */
  text = orf_proc_file_read (&file);
  g_assert_true (text == NULL || strlen (text) > 4096);
  orf_proc_file_close (&file);
  orf_proc_file_open (&file, "/proc/no-such-file");
  g_assert_null (orf_proc_file_read (&file));
  orf_proc_file_close (&file);
}

static void
test_percent (void)
{
  g_assert_cmpfloat (orf_percent_of (1, 3), ==, 33.333);
  g_assert_true (isnan (orf_percent_of (1, 0)));
  g_assert_true (isnan (orf_percent_round (NAN)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proc-text/cpu", test_cpu);
  g_test_add_func ("/proc-text/memory", test_memory);
  g_test_add_func ("/proc-text/disks", test_disks);
  g_test_add_func ("/proc-text/network", test_network);
  g_test_add_func ("/proc-text/process", test_process);
  g_test_add_func ("/proc-text/load", test_load);
  g_test_add_func ("/proc-text/cut-texts", test_cut_texts);
  g_test_add_func ("/proc-text/garbled-texts", test_garbled_texts);
  g_test_add_func ("/proc-text/refused", test_refused);
  g_test_add_func ("/proc-text/files", test_files);
  g_test_add_func ("/proc-text/percent", test_percent);
  return g_test_run ();
}
