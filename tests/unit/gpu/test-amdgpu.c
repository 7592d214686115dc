/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "orf-decode.h"
#include "orf-schema-types.h"
#include "probe/orf-amdgpu-metrics.h"
#include "probe/orf-amdgpu.h"
#include "probe/orf-drm-clients.h"
#include "probe/orf-drm-fdinfo.h"
#include "tree.h"

#define MIB     (G_GINT64_CONSTANT (1) << 20)
#define CARD    "sys/class/drm/card1/device/"
#define HWMON   CARD "hwmon/hwmon3/"
#define PDEV    "0000:03:00.0"
#define SCAN_US 1000000
#define BIT(n)  (G_GUINT64_CONSTANT (1) << (n))

typedef struct {
  char *root;
} Fixture;

static void
put (Fixture *fixture, const char *path, const char *text)
{
  tree_put (fixture->root, path, text);
}

/* What a table of the firmware is made of: a head, ones, and the two fields that are read. */
static void
make_table (guint8 *table, guint8 size, guint8 format, guint8 content)
{
  memset (table, 0xff, size);
  table[0] = size;
  table[1] = 0;
  table[2] = format;
  table[3] = content;
}

static void
put_le (guint8 *table, gsize offset, gsize n_bytes, guint64 value)
{
  for (gsize i = 0; i < n_bytes; i++)
    table[offset + i] = (guint8) (value >> (8 * i));
}

static void
put_metrics (Fixture *fixture, guint64 generic)
{
  guint8 table[120];

  make_table (table, sizeof table, 1, 3);
  put_le (table, 112, 8, generic);
  tree_put_bytes (fixture->root, CARD "gpu_metrics", table, sizeof table);
}

/* A Radeon RX 6800 XT as Linux 6.1 shows it. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = tree_new ();
  put (fixture, CARD "uevent",
       "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:73BF\nPCI_SLOT_NAME=" PDEV "\n");
  put (fixture, CARD "device", "0x73bf\n");
  put (fixture, CARD "revision", "0xc1\n");
  put (fixture, CARD "mem_info_vram_total", "17163091968\n");
  put (fixture, CARD "mem_info_vram_used", "4290772992\n");
  put (fixture, CARD "mem_info_gtt_total", "16777216000\n");
  put (fixture, CARD "mem_info_gtt_used", "104857600\n");
  put (fixture, CARD "gpu_busy_percent", "37\n");
  put (fixture, CARD "mem_busy_percent", "12\n");
  put (fixture, CARD "pp_dpm_sclk", "0: 500Mhz \n1: 2575Mhz *\n");
  put (fixture, CARD "pp_dpm_mclk", "0: 96Mhz *\n1: 1000Mhz \n");
  put (fixture, CARD "power/runtime_status", "active\n");
  put (fixture, HWMON "power1_average", "213000000\n");
  put (fixture, HWMON "power1_cap", "255000000\n");
  put (fixture, HWMON "temp1_input", "61000\n");
  put (fixture, HWMON "temp1_label", "edge\n");
  put (fixture, HWMON "temp2_label", "junction\n");
  put (fixture, HWMON "temp3_label", "mem\n");
  put (fixture, HWMON "temp3_input", "72000\n");
  put (fixture, HWMON "fan1_input", "1650\n");
  put (fixture, HWMON "fan1_max", "3300\n");
  put (fixture, HWMON "freq1_input", "2479000000\n");
  put_metrics (fixture, 0);
  put (fixture, "sys/class/drm/card1-DP-1/status", "connected\n");
  put (fixture, "sys/class/drm/version", "drm 1.1.0 20060810\n");
  put (fixture, "sys/class/drm/card0/device/uevent", "DRIVER=ast\nPCI_SLOT_NAME=0000:01:00.0\n");
  put (fixture, "usr/share/libdrm/amdgpu.ids",
       "# List\n1.0.0\n73BF,\tC0,\tAMD Radeon RX 6900 XT\n73BF,\tC1,\tAMD Radeon RX 6800 XT\n");
  put (fixture, "proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  tree_free (fixture->root);
}

/* fd of pid, on PDEV. */
static void
put_client (Fixture *fixture, guint pid, guint fd, guint id, guint vram_kib, guint gtt_kib)
{
  g_autofree char *link = g_strdup_printf ("proc/%u/fd/%u", pid, fd);
  g_autofree char *info = g_strdup_printf ("proc/%u/fdinfo/%u", pid, fd);
  g_autofree char *comm = g_strdup_printf ("proc/%u/comm", pid);
  g_autofree char *text = g_strdup_printf (
    "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t685\npasid:\t32\ndrm-driver:\tamdgpu\n"
    "drm-pdev:\t" PDEV "\ndrm-client-id:\t%u\ndrm-memory-vram:\t%u KiB\n"
    "drm-memory-gtt: \t%u KiB\ndrm-memory-cpu: \t0 KiB\ndrm-engine-gfx:\t12 ns\n",
    id, vram_kib, gtt_kib);

  tree_link (fixture->root, link, "/dev/dri/renderD128");
  put (fixture, info, text);
  put (fixture, comm, "python3\n");
}

static OrfProbeDeviceSample *
sample (Fixture *fixture, GPtrArray *uses)
{
  g_autoptr (GPtrArray) gpus = orf_amdgpu_find (fixture->root);
  OrfProbeDeviceSample *sample = orf_probe_device_sample_new ();

  g_assert_cmpuint (gpus->len, ==, 1);
  orf_amdgpu_sample (g_ptr_array_index (gpus, 0), uses, sample);
  return sample;
}

/* ---- fdinfo ---------------------------------------------------------------------------------- */

static void
test_fdinfo (void)
{
  OrfDrmClient client;

  g_assert_true (orf_drm_fdinfo_parse ("drm-driver:\tamdgpu\ndrm-pdev:\t" PDEV
                                       "\ndrm-client-id:\t7\ndrm-total-vram:\t9 MiB\n"
                                       "drm-memory-vram:\t5000\ndrm-memory-gtt: \t3 KiB\n",
                                       &client));
  g_assert_cmpstr (client.pdev, ==, PDEV);
  g_assert_true (client.has_id);
  g_assert_cmpuint (client.id, ==, 7);
  g_assert_cmpint (client.vram_bytes, ==, 5000);
  g_assert_cmpint (client.gtt_bytes, ==, 3072);

  /* What is resident comes first in 6.13 and later, and is the better word. */
  g_assert_true (orf_drm_fdinfo_parse ("drm-driver:\tamdgpu\ndrm-pdev:\t" PDEV
                                       "\ndrm-resident-vram:\t4 KiB\ndrm-memory-vram:\t8 KiB\n",
                                       &client));
  g_assert_cmpint (client.vram_bytes, ==, 4096);
  g_assert_cmpint (client.gtt_bytes, ==, -1);
  g_assert_false (client.has_id);

  /* Before 5.19. */
  g_assert_true (orf_drm_fdinfo_parse ("pdev:\t" PDEV "\npasid:\t1\nvram mem:\t12 kB\n", &client));
  g_assert_cmpint (client.vram_bytes, ==, 12288);
}

static void
test_fdinfo_of_others (void)
{
  static const char *const texts[] = {
    "", "pos:\t0\nflags:\t02\n", "drm-driver:\txe\ndrm-pdev:\t" PDEV "\ndrm-total-vram0:\t1 KiB\n",
    "drm-driver:\tamdgpu\ndrm-memory-vram:\t1 KiB\n", /* of which device? */
  };
  OrfDrmClient client = { .vram_bytes = 42 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (orf_drm_fdinfo_parse (texts[i], &client));
  g_assert_cmpint (client.vram_bytes, ==, 42);

  /* Numbers that are none, or too large, are unknown. */
  g_assert_true (orf_drm_fdinfo_parse ("drm-driver:\tamdgpu\ndrm-pdev:\tx\n"
                                       "drm-memory-vram:\t-1 KiB\n"
                                       "drm-memory-gtt:\t18446744073709551615 MiB\n",
                                       &client));
  g_assert_cmpint (client.vram_bytes, ==, -1);
  g_assert_cmpint (client.gtt_bytes, ==, -1);
}

/* ---- processes ------------------------------------------------------------------------------- */

static const OrfDrmUse *
use_at (OrfDrmClients *clients, guint index)
{
  GPtrArray *uses = orf_drm_clients_get_uses (clients);

  g_assert_cmpuint (index, <, uses->len);
  return g_ptr_array_index (uses, index);
}

static void
test_clients (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfDrmClients) clients = orf_drm_clients_new (fixture->root, SCAN_US);

  put_client (fixture, 4242, 5, 7, 1024, 16);
  put_client (fixture, 4242, 6, 7, 1024, 16); /* the same one again */
  put_client (fixture, 4242, 9, 8, 512, 0);
  put_client (fixture, 911, 3, 9, 2048, 0);
  put_client (fixture, 5000, 3, 9, 2048, 0); /* what 911 handed on */
  tree_link (fixture->root, "proc/4242/fd/0", "/dev/null");
  put (fixture, "proc/77/comm", "sh\n"); /* no files of its own that may be read */

  g_assert_true (orf_drm_clients_look (clients, SCAN_US));
  g_assert_cmpuint (orf_drm_clients_get_uses (clients)->len, ==, 2);
  g_assert_cmpint (use_at (clients, 0)->pid, ==, 911);
  g_assert_cmpint (use_at (clients, 0)->vram_bytes, ==, 2 * MIB);
  g_assert_cmpint (use_at (clients, 1)->pid, ==, 4242);
  g_assert_cmpstr (use_at (clients, 1)->name, ==, "python3");
  g_assert_cmpint (use_at (clients, 1)->vram_bytes, ==, 1536 * 1024);
  g_assert_cmpint (use_at (clients, 1)->gtt_bytes, ==, 16 * 1024);
  g_assert_true (orf_drm_clients_is_complete (clients));
}

/* Those known are asked each time, and new ones are seen with the next scan. */
static void
test_clients_over_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfDrmClients) clients = orf_drm_clients_new (fixture->root, SCAN_US);

  put_client (fixture, 10, 3, 1, 100, 0);
  g_assert_true (orf_drm_clients_look (clients, SCAN_US));
  g_assert_cmpuint (orf_drm_clients_get_uses (clients)->len, ==, 1);

  put_client (fixture, 11, 3, 2, 100, 0);
  tree_remove (fixture->root, "proc/10/fd/3");
  put_client (fixture, 10, 3, 1, 300, 0);
  g_assert_true (orf_drm_clients_look (clients, SCAN_US + 1));
  g_assert_cmpuint (orf_drm_clients_get_uses (clients)->len, ==, 1);
  g_assert_cmpint (use_at (clients, 0)->vram_bytes, ==, 300 * 1024);

  tree_remove (fixture->root, "proc/10");
  g_assert_true (orf_drm_clients_look (clients, SCAN_US + 2));
  g_assert_cmpuint (orf_drm_clients_get_uses (clients)->len, ==, 0);

  g_assert_true (orf_drm_clients_look (clients, 2 * SCAN_US));
  g_assert_cmpint (use_at (clients, 0)->pid, ==, 11);
}

static void
test_no_proc (void)
{
  g_autoptr (OrfDrmClients) clients = orf_drm_clients_new ("/nonexistent", SCAN_US);

  g_assert_false (orf_drm_clients_look (clients, 1));
}

/* ---- the firmware's table -------------------------------------------------------------------- */

static char *
dup_reasons (const OrfAmdgpuMetrics *metrics)
{
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);

  orf_amdgpu_metrics_add_reasons (metrics, reasons);
  g_ptr_array_add (reasons, NULL);
  return g_strjoinv (" ", (char **) reasons->pdata);
}

static void
check_reasons (guint8 size,
               guint8 format,
               guint8 content,
               gsize offset,
               gsize n_bytes,
               guint64 bits,
               const char *expected)
{
  g_autofree char *reasons = NULL;
  OrfAmdgpuMetrics metrics;
  guint8 table[200];

  make_table (table, size, format, content);
  put_le (table, offset, n_bytes, bits);
  g_assert_true (orf_amdgpu_metrics_parse (table, size, &metrics));
  g_assert_true (metrics.has_throttle);
  g_assert_cmpint (metrics.is_apu, ==, format >= 2);
  reasons = dup_reasons (&metrics);
  g_assert_cmpstr (reasons, ==, expected);
}

static void
test_throttle (void)
{
  check_reasons (120, 1, 3, 112, 8, 0, "");
  check_reasons (120, 1, 3, 112, 8, BIT (0) | BIT (17) | BIT (36) | BIT (45) | BIT (57),
                 "power_cap thermal hw_thermal unknown-200000000000000");
  check_reasons (120, 1, 3, 68, 4, 0, ""); /* the bits of all devices are ones: its own */
  check_reasons (128, 2, 2, 120, 8, BIT (32), "thermal");
  check_reasons (96, 1, 1, 68, 4, 0x12, "unknown-12");
  check_reasons (176, 1, 4, 40, 4, 2, "unknown-2");
}

static void
test_throttle_unknown (void)
{
  OrfAmdgpuMetrics metrics = { .throttle = 42 };
  guint8 table[200];

  make_table (table, 120, 1, 3); /* all ones */
  g_assert_true (orf_amdgpu_metrics_parse (table, 120, &metrics));
  g_assert_false (metrics.has_throttle);

  metrics.throttle = 42;
  g_assert_false (orf_amdgpu_metrics_parse (table, 3, &metrics));
  g_assert_false (orf_amdgpu_metrics_parse (table, 100, &metrics)); /* cut short */
  table[3] = 99;
  g_assert_false (orf_amdgpu_metrics_parse (table, 120, &metrics));
  g_assert_cmpuint (metrics.throttle, ==, 42);

  /* A table that says it is shorter than where the field would be. */
  make_table (table, 60, 1, 3);
  g_assert_true (orf_amdgpu_metrics_parse (table, 120, &metrics));
  g_assert_false (metrics.has_throttle);
}

/* ---- a device -------------------------------------------------------------------------------- */

static void
test_describe (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) gpus = orf_amdgpu_find (fixture->root);
  g_autoptr (OrfProbeDevice) device = orf_probe_device_new ();

  g_assert_cmpuint (gpus->len, ==, 1);
  orf_amdgpu_describe (g_ptr_array_index (gpus, 0), device);
  g_assert_cmpstr (device->device, ==, "pci-" PDEV);
  g_assert_cmpstr (device->name, ==, "AMD Radeon RX 6800 XT");
  g_assert_cmpint (device->index, ==, 1);
  g_assert_cmpint (device->total_bytes, ==, 17163091968);
  g_assert_false (device->unified);
}

static void
check_name (Fixture *fixture, const char *expected)
{
  g_autoptr (GPtrArray) gpus = orf_amdgpu_find (fixture->root);
  g_autoptr (OrfProbeDevice) device = orf_probe_device_new ();

  orf_amdgpu_describe (g_ptr_array_index (gpus, 0), device);
  g_assert_cmpstr (device->name, ==, expected);
}

static void
test_names (Fixture *fixture, gconstpointer data)
{
  tree_remove (fixture->root, "usr");
  check_name (fixture, "AMD GPU 1002:73bf");
  put (fixture, CARD "product_name", "\n");
  check_name (fixture, "AMD GPU 1002:73bf");
  put (fixture, CARD "product_name", "AMD Instinct MI210\n");
  check_name (fixture, "AMD Instinct MI210");
}

static void
test_sample (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfProbeDeviceSample) told = sample (fixture, NULL);

  g_assert_cmpint (told->used_bytes, ==, 4290772992);
  g_assert_cmpint (told->free_bytes, ==, 17163091968 - 4290772992);
  g_assert_cmpfloat (told->utilization_percent, ==, 37);
  g_assert_cmpfloat (told->memory_utilization_percent, ==, 12);
  g_assert_cmpfloat (told->temperature_c, ==, 61);
  g_assert_cmpfloat (told->temperature_memory_c, ==, 72);
  g_assert_cmpfloat (told->power_w, ==, 213);
  g_assert_cmpfloat (told->power_limit_w, ==, 255);
  g_assert_cmpfloat (told->fan_percent, ==, 50);
  g_assert_cmpfloat (told->clock_graphics_mhz, ==, 2479);
  g_assert_cmpfloat (told->clock_memory_mhz, ==, 96); /* no sensor: the level that is set */
  g_assert_cmpuint (g_strv_length (told->throttle_reasons), ==, 0);
  g_assert_null (told->processes);
  g_assert_false (told->has_ecc_corrected_errors);
  g_assert_false (told->has_retired_pages);
  g_assert_false (told->has_lost);
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfProbeDeviceSample) told = NULL;

  put (fixture, CARD "ras/umc_err_count", "ue: 3\nce: 17\nde: 0\n");
  put (fixture, CARD "ras/gpu_vram_bad_pages",
       "0x00000001 : 0x00001000 : R\n0x00000012 : 0x00001000 : R\n0x00000013 : 0x00001000 : P\n");
  put (fixture, CARD "pcie_replay_count", "2\n");
  put_metrics (fixture, BIT (33));
  told = sample (fixture, NULL);
  g_assert_cmpint (told->ecc_uncorrected_errors, ==, 3);
  g_assert_cmpint (told->ecc_corrected_errors, ==, 17);
  g_assert_cmpint (told->retired_pages, ==, 2);
  g_assert_true (told->retirement_pending);
  g_assert_false (told->retirement_failed);
  g_assert_cmpint (told->pcie_replays, ==, 2);
  g_assert_cmpstr (told->throttle_reasons[0], ==, "thermal");
}

/* A device that sleeps is left alone: only memory is told, which needs nothing of it. */
static void
test_asleep (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfProbeDeviceSample) told = NULL;

  put (fixture, CARD "power/runtime_status", "suspended\n");
  told = sample (fixture, NULL);
  g_assert_cmpint (told->used_bytes, ==, 4290772992);
  g_assert_true (isnan (told->utilization_percent));
  g_assert_true (isnan (told->temperature_c));
  g_assert_null (told->throttle_reasons);
}

static void
test_nothing_known (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfProbeDeviceSample) told = NULL;

  tree_remove (fixture->root, CARD "hwmon");
  tree_remove (fixture->root, CARD "gpu_metrics");
  tree_remove (fixture->root, CARD "gpu_busy_percent");
  tree_remove (fixture->root, CARD "pp_dpm_sclk");
  put (fixture, CARD "mem_info_vram_used", "what?\n");
  put (fixture, CARD "mem_busy_percent", "655\n"); /* some firmware says so */
  told = sample (fixture, NULL);
  g_assert_false (told->has_used_bytes);
  g_assert_true (isnan (told->utilization_percent));
  g_assert_true (isnan (told->memory_utilization_percent));
  g_assert_true (isnan (told->power_w));
  g_assert_true (isnan (told->fan_percent));
  g_assert_true (isnan (told->clock_graphics_mhz));
}

static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) gpus = orf_amdgpu_find (fixture->root);
  g_autoptr (OrfProbeDeviceSample) told = orf_probe_device_sample_new ();

  tree_remove (fixture->root, "sys/class/drm/card1");
  orf_amdgpu_sample (g_ptr_array_index (gpus, 0), NULL, told);
  g_assert_true (told->lost);
  g_assert_false (told->has_used_bytes);
}

/* An APU works in what it borrows from the host beside the part set apart. */
static void
test_apu (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfDrmClients) clients = orf_drm_clients_new (fixture->root, SCAN_US);
  g_autoptr (OrfProbeDeviceSample) told = NULL;
  const OrfProbeProcess *process = NULL;
  guint8 table[128];

  make_table (table, sizeof table, 2, 2);
  tree_put_bytes (fixture->root, CARD "gpu_metrics", table, sizeof table);
  put_client (fixture, 4242, 5, 7, 1024, 3072);
  g_assert_true (orf_drm_clients_look (clients, SCAN_US));
  told = sample (fixture, orf_drm_clients_get_uses (clients));
  g_assert_cmpint (told->total_bytes, ==, 17163091968 + 16777216000);
  g_assert_cmpint (told->used_bytes, ==, 4290772992 + 104857600);
  g_assert_cmpuint (told->processes->len, ==, 1);
  process = g_ptr_array_index (told->processes, 0);
  g_assert_cmpint (process->used_bytes, ==, 4 * MIB);
}

/* ---- the program ----------------------------------------------------------------------------- */

static char **
run_probe (const char *setting)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("printf 'sample\\n' | \"$ORFEAS_PROBE\" amdgpu '%s'",
                                              setting);
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

static void
test_program (Fixture *fixture, gconstpointer data)
{
  g_autofree char *setting = g_strconcat ("root=", fixture->root, NULL);
  g_auto (GStrv) lines = NULL;
  g_autoptr (OrfProbeMessage) hello = NULL;
  g_autoptr (OrfProbeMessage) answer = NULL;
  const OrfProbeDeviceSample *device = NULL;
  const OrfProbeProcess *process = NULL;

  put_client (fixture, 4242, 5, 7, 1024, 16);
  lines = run_probe (setting);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  hello = decode (lines[0]);
  g_assert_cmpstr (hello->hello->backend, ==, "amdgpu");
  g_assert_cmpstr (hello->hello->version, ==, "6.1.0-18-amd64");
  g_assert_cmpuint (hello->hello->devices->len, ==, 1);

  answer = decode (lines[1]);
  g_assert_cmpuint (answer->sample->devices->len, ==, 1);
  device = g_ptr_array_index (answer->sample->devices, 0);
  g_assert_cmpint (device->used_bytes, ==, 4290772992);
  g_assert_true (device->processes_complete);
  g_assert_cmpuint (device->processes->len, ==, 1);
  process = g_ptr_array_index (device->processes, 0);
  g_assert_cmpint (process->pid, ==, 4242);
  g_assert_cmpstr (process->name, ==, "python3");
  g_assert_cmpint (process->used_bytes, ==, MIB); /* what it has in the host's memory is not */
}

static void
test_program_refuses (void)
{
  g_auto (GStrv) none = run_probe ("root=/nonexistent");
  g_auto (GStrv) wrong = run_probe ("colour=red");
  g_autoptr (OrfProbeMessage) message = decode (none[0]);
  g_autoptr (OrfProbeMessage) other = decode (wrong[0]);

  g_assert_cmpstr (message->error, ==, "no device of the amdgpu driver in /nonexistent/sys");
  g_assert_cmpstr (other->error, ==, "no such setting: colour=red");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/amdgpu/fdinfo", test_fdinfo);
  g_test_add_func ("/amdgpu/fdinfo-of-others", test_fdinfo_of_others);
  g_test_add ("/amdgpu/clients", Fixture, NULL, set_up, test_clients, tear_down);
  g_test_add ("/amdgpu/clients-over-time", Fixture, NULL, set_up, test_clients_over_time,
              tear_down);
  g_test_add_func ("/amdgpu/no-proc", test_no_proc);
  g_test_add_func ("/amdgpu/throttle", test_throttle);
  g_test_add_func ("/amdgpu/throttle-unknown", test_throttle_unknown);
  g_test_add ("/amdgpu/describe", Fixture, NULL, set_up, test_describe, tear_down);
  g_test_add ("/amdgpu/names", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/amdgpu/sample", Fixture, NULL, set_up, test_sample, tear_down);
  g_test_add ("/amdgpu/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add ("/amdgpu/asleep", Fixture, NULL, set_up, test_asleep, tear_down);
  g_test_add ("/amdgpu/nothing-known", Fixture, NULL, set_up, test_nothing_known, tear_down);
  g_test_add ("/amdgpu/lost", Fixture, NULL, set_up, test_lost, tear_down);
  g_test_add ("/amdgpu/apu", Fixture, NULL, set_up, test_apu, tear_down);
  g_test_add ("/amdgpu/program", Fixture, NULL, set_up, test_program, tear_down);
  g_test_add_func ("/amdgpu/program-refuses", test_program_refuses);
  return g_test_run ();
}
