/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-amdgpu.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "probe/orf-amdgpu-metrics.h"

/*
 * Files and units: the kernel's Documentation/gpu/amdgpu/{driver-misc,thermal}.rst and
 * amdgpu_ras.c.  pcie_bw is left out: reading it takes a second.
 */
#define CLASS_DIRECTORY "sys/class/drm"
#define NAMES_FILE      "usr/share/libdrm/amdgpu.ids"
/* gpu_metrics has 264 bytes in its largest layout so far; no other file comes near. */
#define MAX_TEXT 65536

struct _OrfAmdgpu {
  guint card;
  char *path;  /* of the PCI device's directory */
  char *hwmon; /* of its sensors; NULL: it has none */
  char *pdev;  /* "0000:03:00.0" */
  char *id;
  char *name;
  gboolean is_apu; /* its memory is a part set apart and what it borrows from the host */
};

/* ---- files ----------------------------------------------------------------------------------- */

/* NULL: not there, not allowed, or refused by the driver for now. */
static char *
read_text (const char *directory, const char *file, gsize *size)
{
  g_autofree char *path = g_build_filename (directory, file, NULL);
  g_autofree char *text = NULL;
  gsize length = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize n;

  if (fd < 0)
    return NULL;
  text = g_malloc (MAX_TEXT + 1);
  while (length < MAX_TEXT && (n = read (fd, text + length, MAX_TEXT - length)) > 0)
    length += (gsize) n;
  close (fd);
  if (length == 0)
    return NULL;

  text[length] = '\0';
  if (size)
    *size = length;
  return g_steal_pointer (&text);
}

static char *
read_line (const char *directory, const char *file)
{
  char *text = read_text (directory, file, NULL);

  if (text)
    g_strstrip (text);
  return text;
}

static gboolean
read_number (const char *directory, const char *file, gint64 *number)
{
  g_autofree char *text = directory ? read_line (directory, file) : NULL;

  return text && g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, number, NULL);
}

/* In units of 1/divisor; NAN: unknown. */
static double
read_scaled (const char *directory, const char *file, double divisor)
{
  gint64 number = 0;

  return read_number (directory, file, &number) ? (double) number / divisor : NAN;
}

static double
read_percent (const char *directory, const char *file)
{
  double percent = read_scaled (directory, file, 1);

  return percent <= 100 ? percent : NAN;
}

/* ---- what there is --------------------------------------------------------------------------- */

/* "card0", and not "card0-DP-1". */
static gboolean
parse_card (const char *name, guint *card)
{
  guint64 number = 0;

  if (!g_str_has_prefix (name, "card") ||
      !g_ascii_string_to_unsigned (name + strlen ("card"), 10, 0, G_MAXUINT16, &number, NULL))
    return FALSE;
  *card = (guint) number;
  return TRUE;
}

/* The value of a line KEY=VALUE. */
static char *
dup_value (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize length = strlen (key);

  for (guint i = 0; lines[i]; i++) {
    if (strncmp (lines[i], key, length) == 0 && lines[i][length] == '=')
      return g_strdup (lines[i] + length + 1);
  }
  return NULL;
}

static char *
find_hwmon (const char *path)
{
  g_autofree char *parent = g_build_filename (path, "hwmon", NULL);
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name (dir));) {
    if (g_str_has_prefix (name, "hwmon"))
      return g_build_filename (parent, name, NULL);
  }
  return NULL;
}

/* A line of libdrm's list: "73BF,\tC1,\tAMD Radeon RX 6800 XT". */
static char *
parse_listed_name (const char *line, guint64 device, guint64 revision)
{
  g_auto (GStrv) parts = g_strsplit (line, ",", 3);
  guint64 listed_device = 0;
  guint64 listed_revision = 0;

  if (g_strv_length (parts) != 3 ||
      !g_ascii_string_to_unsigned (g_strstrip (parts[0]), 16, 0, G_MAXUINT16, &listed_device,
                                   NULL) ||
      !g_ascii_string_to_unsigned (g_strstrip (parts[1]), 16, 0, G_MAXUINT16, &listed_revision,
                                   NULL) ||
      listed_device != device || listed_revision != revision)
    return NULL;
  return g_strdup (g_strstrip (parts[2]));
}

static char *
find_listed_name (const char *root, guint64 device, guint64 revision)
{
  g_autofree char *text = read_text (root, NAMES_FILE, NULL);
  g_auto (GStrv) lines = text ? g_strsplit (text, "\n", -1) : NULL;

  for (guint i = 0; lines && lines[i]; i++) {
    char *name = parse_listed_name (lines[i], device, revision);

    if (name)
      return name;
  }
  return NULL;
}

static guint64
read_hex (const char *directory, const char *file)
{
  g_autofree char *text = read_line (directory, file);

  return text ? g_ascii_strtoull (text, NULL, 16) : 0;
}

/* What the card itself tells (few do), what libdrm's list says of its numbers, or the numbers. */
static char *
dup_name (const char *root, const char *path)
{
  g_autofree char *product = read_line (path, "product_name");
  guint64 device = read_hex (path, "device");
  guint64 revision = read_hex (path, "revision");
  char *name = NULL;

  if (product && *product)
    name = g_utf8_make_valid (product, -1);
  if (!name)
    name = find_listed_name (root, device, revision);
  if (!name)
    name = g_strdup_printf ("AMD GPU 1002:%04x", (guint) device);
  return name;
}

static gboolean
read_is_apu (const char *path)
{
  gsize size = 0;
  g_autofree char *data = read_text (path, "gpu_metrics", &size);
  OrfAmdgpuMetrics metrics = { 0 };

  return data && orf_amdgpu_metrics_parse ((const guint8 *) data, size, &metrics) && metrics.is_apu;
}

/* NULL: it is no such device.  Parts of a device, which have cards of their own, are of another
 * driver and are not told apart from the whole. */
static OrfAmdgpu *
open_card (const char *root, guint card)
{
  g_autofree char *directory = g_strdup_printf ("card%u", card);
  g_autofree char *path = g_build_filename (root, CLASS_DIRECTORY, directory, "device", NULL);
  g_autofree char *uevent = read_text (path, "uevent", NULL);
  g_autofree char *driver = uevent ? dup_value (uevent, "DRIVER") : NULL;
  g_autofree char *pdev = uevent ? dup_value (uevent, "PCI_SLOT_NAME") : NULL;
  OrfAmdgpu *gpu = NULL;

  if (g_strcmp0 (driver, "amdgpu") != 0 || !pdev || !*pdev)
    return NULL;

  gpu = g_new0 (OrfAmdgpu, 1);
  gpu->card = card;
  gpu->hwmon = find_hwmon (path);
  gpu->name = dup_name (root, path);
  gpu->is_apu = read_is_apu (path);
  gpu->id = g_strconcat ("pci-", pdev, NULL); /* as OpenCL's backend names it */
  gpu->pdev = g_steal_pointer (&pdev);
  gpu->path = g_steal_pointer (&path);
  return gpu;
}

static gint
compare_cards (gconstpointer a, gconstpointer b)
{
  const OrfAmdgpu *left = *(const OrfAmdgpu *const *) a;
  const OrfAmdgpu *right = *(const OrfAmdgpu *const *) b;

  return (left->card > right->card) - (left->card < right->card);
}

GPtrArray *
orf_amdgpu_find (const char *root)
{
  g_autofree char *path = g_build_filename (root, CLASS_DIRECTORY, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_amdgpu_free);
  guint card = 0;

  for (const char *name; dir && (name = g_dir_read_name (dir));) {
    OrfAmdgpu *gpu = parse_card (name, &card) ? open_card (root, card) : NULL;

    if (gpu)
      g_ptr_array_add (gpus, gpu);
  }
  g_ptr_array_sort (gpus, compare_cards);
  return gpus;
}

void
orf_amdgpu_free (OrfAmdgpu *gpu)
{
  if (!gpu)
    return;

  g_free (gpu->path);
  g_free (gpu->hwmon);
  g_free (gpu->pdev);
  g_free (gpu->id);
  g_free (gpu->name);
  g_free (gpu);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static gboolean
read_memory (const OrfAmdgpu *gpu, gint64 *total_bytes, gint64 *used_bytes)
{
  gint64 total = 0;
  gint64 used = 0;
  gint64 gtt_total = 0;
  gint64 gtt_used = 0;

  if (!read_number (gpu->path, "mem_info_vram_total", &total) ||
      !read_number (gpu->path, "mem_info_vram_used", &used))
    return FALSE;

  /* What an APU has set apart is often smaller than any model; it works in what it borrows. */
  if (gpu->is_apu && (!read_number (gpu->path, "mem_info_gtt_total", &gtt_total) ||
                      !read_number (gpu->path, "mem_info_gtt_used", &gtt_used)))
    return FALSE;
  if (total > G_MAXINT64 / 2 || gtt_total > G_MAXINT64 / 2)
    return FALSE;

  *total_bytes = total + gtt_total;
  *used_bytes = MIN (used, total) + MIN (gtt_used, gtt_total);
  return TRUE;
}

static void
sample_processes (const OrfAmdgpu *gpu, GPtrArray *uses, OrfProbeDeviceSample *sample)
{
  sample->processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_probe_process_free);
  for (guint i = 0; i < uses->len; i++) {
    const OrfDrmUse *use = g_ptr_array_index (uses, i);
    gint64 bytes = use->vram_bytes + (gpu->is_apu ? use->gtt_bytes : 0);
    OrfProbeProcess *process = NULL;

    /* A file that is open and holds nothing: every desktop program has some. */
    if (!g_str_equal (use->pdev, gpu->pdev) || bytes == 0)
      continue;
    process = orf_probe_process_new ();
    process->pid = use->pid;
    process->name = g_strdup (use->name);
    process->has_used_bytes = TRUE;
    process->used_bytes = bytes;
    g_ptr_array_add (sample->processes, process);
  }
}

/* ---- sensors --------------------------------------------------------------------------------- */

/* The channel of that label; 0: there is none. */
static guint
find_temperature (const OrfAmdgpu *gpu, const char *label)
{
  for (guint i = 1; gpu->hwmon && i <= 3; i++) {
    g_autofree char *file = g_strdup_printf ("temp%u_label", i);
    g_autofree char *told = read_line (gpu->hwmon, file);

    if (g_strcmp0 (told, label) == 0)
      return i;
  }
  return 0;
}

static double
read_fan_percent (const char *hwmon)
{
  double rpm = read_scaled (hwmon, "fan1_input", 1);
  double max_rpm = read_scaled (hwmon, "fan1_max", 1);
  double pwm = read_scaled (hwmon, "pwm1", 255);

  return max_rpm > 0 && !isnan (rpm) ? 100 * rpm / max_rpm : 100 * pwm;
}

/* The line with the asterisk: "1: 2575Mhz *". */
static double
read_dpm_mhz (const char *path, const char *file)
{
  g_autofree char *text = read_text (path, file, NULL);
  g_auto (GStrv) lines = text ? g_strsplit (text, "\n", -1) : NULL;

  for (guint i = 0; lines && lines[i]; i++) {
    const char *colon = strchr (lines[i], ':');

    if (colon && strchr (colon, '*'))
      return g_ascii_strtod (colon + 1, NULL);
  }
  return NAN;
}

static double
read_clock_mhz (const OrfAmdgpu *gpu, const char *sensor, const char *dpm)
{
  double mhz = read_scaled (gpu->hwmon, sensor, 1e6);

  return isnan (mhz) ? read_dpm_mhz (gpu->path, dpm) : mhz;
}

static void
sample_sensors (const OrfAmdgpu *gpu, OrfProbeDeviceSample *sample)
{
  guint memory = find_temperature (gpu, "mem");

  sample->utilization_percent = read_percent (gpu->path, "gpu_busy_percent");
  sample->memory_utilization_percent = read_percent (gpu->path, "mem_busy_percent");
  sample->temperature_c = read_scaled (gpu->hwmon, "temp1_input", 1000);
  if (memory > 0) {
    g_autofree char *file = g_strdup_printf ("temp%u_input", memory);

    sample->temperature_memory_c = read_scaled (gpu->hwmon, file, 1000);
  }
  /* Newer devices tell the power of now only, older ones a mean only. */
  sample->power_w = read_scaled (gpu->hwmon, "power1_average", 1e6);
  if (isnan (sample->power_w))
    sample->power_w = read_scaled (gpu->hwmon, "power1_input", 1e6);
  sample->power_limit_w = read_scaled (gpu->hwmon, "power1_cap", 1e6);
  sample->fan_percent = read_fan_percent (gpu->hwmon);
  sample->clock_graphics_mhz = read_clock_mhz (gpu, "freq1_input", "pp_dpm_sclk");
  sample->clock_memory_mhz = read_clock_mhz (gpu, "freq2_input", "pp_dpm_mclk");
  sample->has_pcie_replays = read_number (gpu->path, "pcie_replay_count", &sample->pcie_replays);
}

static void
sample_throttle (const OrfAmdgpu *gpu, OrfProbeDeviceSample *sample)
{
  gsize size = 0;
  g_autofree char *data = read_text (gpu->path, "gpu_metrics", &size);
  OrfAmdgpuMetrics metrics = { 0 };
  GPtrArray *reasons = NULL;

  if (!data || !orf_amdgpu_metrics_parse ((const guint8 *) data, size, &metrics) ||
      !metrics.has_throttle)
    return;

  reasons = g_ptr_array_new ();
  orf_amdgpu_metrics_add_reasons (&metrics, reasons);
  g_ptr_array_add (reasons, NULL);
  sample->throttle_reasons = (char **) g_ptr_array_free (reasons, FALSE);
}

/* ---- errors of memory ------------------------------------------------------------------------ */

/* "ue: 0\nce: 12\n", and a third for what was put off. */
static gboolean
parse_count (const char *text, const char *key, gint64 *count)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize length = strlen (key);

  for (guint i = 0; lines[i]; i++) {
    if (strncmp (lines[i], key, length) == 0 && lines[i][length] == ':')
      return g_ascii_string_to_signed (g_strstrip (lines[i] + length + 1), 10, 0, G_MAXINT64, count,
                                       NULL);
  }
  return FALSE;
}

/* A line a page, "0x00000001 : 0x00001000 : R": retired, or pending, or it could not be. */
static void
count_pages (const char *text, OrfProbeDeviceSample *sample)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++) {
    char *colon = strrchr (lines[i], ':');
    char flag = colon ? *g_strchug (colon + 1) : '\0';

    sample->retired_pages += flag == 'R';
    sample->retirement_pending |= flag == 'P';
    sample->retirement_failed |= flag == 'F';
  }
}

static void
sample_errors (const OrfAmdgpu *gpu, OrfProbeDeviceSample *sample)
{
  g_autofree char *counts = read_text (gpu->path, "ras/umc_err_count", NULL);
  g_autofree char *pages = read_text (gpu->path, "ras/gpu_vram_bad_pages", NULL);

  if (counts) {
    sample->has_ecc_uncorrected_errors = parse_count (counts, "ue",
                                                      &sample->ecc_uncorrected_errors);
    sample->has_ecc_corrected_errors = parse_count (counts, "ce", &sample->ecc_corrected_errors);
  }
  if (pages) {
    sample->has_retired_pages = TRUE;
    sample->has_retirement_pending = TRUE;
    sample->has_retirement_failed = TRUE;
    count_pages (pages, sample);
  }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* A question to its firmware would wake it up, or be refused. */
static gboolean
is_asleep (const OrfAmdgpu *gpu)
{
  g_autofree char *status = read_line (gpu->path, "power/runtime_status");

  return g_strcmp0 (status, "suspended") == 0;
}

void
orf_amdgpu_describe (const OrfAmdgpu *gpu, OrfProbeDevice *device)
{
  gint64 used_bytes = 0;

  device->device = g_strdup (gpu->id);
  device->name = g_strdup (gpu->name);
  device->vendor = g_strdup ("AMD");
  device->has_index = TRUE;
  device->index = gpu->card;
  /* Not even of an APU: what it borrows is no process' resident memory, and the driver tells it. */
  device->unified = FALSE;
  device->has_total_bytes = read_memory (gpu, &device->total_bytes, &used_bytes);
}

void
orf_amdgpu_sample (const OrfAmdgpu *gpu, GPtrArray *uses, OrfProbeDeviceSample *sample)
{
  sample->device = g_strdup (gpu->id);
  if (access (gpu->path, F_OK) != 0) {
    sample->has_lost = TRUE;
    sample->lost = TRUE;
    return;
  }

  if (read_memory (gpu, &sample->total_bytes, &sample->used_bytes)) {
    sample->has_total_bytes = sample->has_used_bytes = sample->has_free_bytes = TRUE;
    sample->free_bytes = sample->total_bytes - sample->used_bytes;
  }
  if (uses)
    sample_processes (gpu, uses, sample);
  if (is_asleep (gpu))
    return;

  sample_sensors (gpu, sample);
  sample_throttle (gpu, sample);
  sample_errors (gpu, sample);
}
