/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "core/orf-clock.h"
#include "gpu/orf-dcgm-text.h"
#include "gpu/orf-gpu-snapshot.h"

static const OrfPressureThresholds thresholds = { 60, 75, 90 };

static OrfGpuSnapshot *
make (const char *backend, const char *id, const char *name, const char *uuid, gint64 index)
{
  g_autoptr (OrfProbeDevice) facts = orf_probe_device_new ();

  facts->device = g_strdup (id);
  facts->name = g_strdup (name);
  facts->uuid = g_strdup (uuid);
  facts->has_index = TRUE;
  facts->index = index;
  return orf_gpu_snapshot_new (backend, facts, NULL);
}

static OrfGpuSnapshot *
make_part (const OrfGpuSnapshot *whole, const char *name, gint64 instance)
{
  g_autoptr (OrfProbeDevice) facts = orf_probe_device_new ();

  facts->device = g_strdup_printf ("uuid-%" G_GINT64_FORMAT, instance);
  facts->name = g_strdup (name);
  facts->uuid = g_strdup ("MIG-1");
  facts->parent = g_strdup (whole->device->device);
  facts->has_instance = TRUE;
  facts->instance = instance;
  return orf_gpu_snapshot_new ("nvml", facts, NULL);
}

static void
update (OrfGpuSnapshot *snapshot, gint64 used_mib, double power_w, gint64 xid, gint64 now_us)
{
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  sample->device = g_strdup (snapshot->device->device);
  sample->has_total_bytes = sample->has_used_bytes = sample->has_free_bytes = TRUE;
  sample->total_bytes = G_GINT64_CONSTANT (1000) << 20;
  sample->used_bytes = used_mib << 20;
  sample->free_bytes = sample->total_bytes - sample->used_bytes;
  sample->has_driver_reserved_bytes = TRUE;
  sample->driver_reserved_bytes = 100 << 20;
  sample->power_w = power_w;
  sample->energy_j = 1.5;
  sample->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (xid > 0)
    g_array_append_val (sample->xids, xid);
  orf_gpu_snapshot_update (snapshot, sample, &thresholds, now_us);
}

static char *
write_text (GPtrArray *devices, OrfExpositionFormat format)
{
  GString *text = g_string_new (NULL);

  orf_dcgm_text_append (devices, "host \"a\"", format, text);
  return g_string_free (text, FALSE);
}

static GPtrArray *
new_devices (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_snapshot_free);
}

#define WHOLE                                                                                      \
  "{gpu=\"1\",UUID=\"GPU-1\",pci_bus_id=\"00000000:A0:00.0\",device=\"nvidia1\","                  \
  "Hostname=\"host \\\"a\\\"\""

static void
test_one (void)
{
  g_autoptr (GPtrArray) devices = new_devices ();
  g_autofree char *text = NULL;
  g_autofree char *open = NULL;

  g_ptr_array_add (devices, make ("nvml", "pci-0000:a0:00.0", "H", "GPU-1", 1));
  update (devices->pdata[0], 300, 250.25, 0, orf_clock_now_us ());
  text = write_text (devices, ORF_EXPOSITION_TEXT);
  g_assert_nonnull (strstr (text, "# TYPE DCGM_FI_DEV_FB_USED gauge\n"
                                  "DCGM_FI_DEV_FB_USED" WHOLE "} 200\n"));
  g_assert_nonnull (strstr (text, "DCGM_FI_DEV_FB_RESERVED" WHOLE "} 100\n"));
  g_assert_nonnull (strstr (text, "DCGM_FI_DEV_FB_FREE" WHOLE "} 700\n"));
  g_assert_nonnull (strstr (text, "DCGM_FI_DEV_POWER_USAGE" WHOLE "} 250.25\n"));
  g_assert_nonnull (strstr (text, "# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION untyped\n"
                                  "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION" WHOLE "} 1500\n"));
  g_assert_nonnull (strstr (text, "DCGM_FI_DEV_XID_ERRORS" WHOLE "} 0\n"));
  /* what is not known has neither line nor head */
  g_assert_null (strstr (text, "DCGM_FI_DEV_GPU_UTIL"));
  g_assert_null (strstr (text, "DCGM_FI_DEV_ECC"));
  open = write_text (devices, ORF_EXPOSITION_OPENMETRICS);
  g_assert_nonnull (strstr (open, "# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION unknown\n"));
}

/* An error is told for five minutes, not for ever. */
static void
test_xid_goes (void)
{
  g_autoptr (GPtrArray) devices = new_devices ();
  gint64 now_us = orf_clock_now_us ();
  g_autofree char *during = NULL;
  g_autofree char *after = NULL;

  g_ptr_array_add (devices, make ("nvml", "pci-0000:a0:00.0", "H", "GPU-1", 1));
  update (devices->pdata[0], 300, 1, 79, now_us - 299 * ORF_US_PER_S);
  update (devices->pdata[0], 300, 1, 0, now_us);
  during = write_text (devices, ORF_EXPOSITION_TEXT);
  g_assert_nonnull (strstr (during, "DCGM_FI_DEV_XID_ERRORS" WHOLE "} 79\n"));
  update (devices->pdata[0], 300, 1, 0, now_us + 2 * ORF_US_PER_S);
  after = write_text (devices, ORF_EXPOSITION_TEXT);
  g_assert_nonnull (strstr (after, "DCGM_FI_DEV_XID_ERRORS" WHOLE "} 0\n"));
}

static void
test_parts (void)
{
  g_autoptr (GPtrArray) devices = new_devices ();
  g_autofree char *text = NULL;

  g_ptr_array_add (devices, make ("nvml", "pci-0000:a0:00.0", "H", "GPU-1", 1));
  g_ptr_array_add (devices, make_part (devices->pdata[0], "H MIG 1g.10gb", 7));
  update (devices->pdata[0], 300, 250, 0, orf_clock_now_us ());
  update (devices->pdata[1], 150, NAN, 0, orf_clock_now_us ());
  text = write_text (devices, ORF_EXPOSITION_TEXT);
  g_assert_nonnull (
    strstr (text, "DCGM_FI_DEV_FB_USED" WHOLE ",GPU_I_PROFILE=\"1g.10gb\",GPU_I_ID=\"7\"} 50\n"));
  g_assert_null (strstr (text, "DCGM_FI_DEV_FB_USED" WHOLE "}"));
  g_assert_nonnull (strstr (text, "DCGM_FI_DEV_POWER_USAGE" WHOLE "} 250\n"));
}

/* Other vendors' devices, and those of which nothing is known now. */
static void
test_nothing (void)
{
  g_autoptr (GPtrArray) devices = new_devices ();
  g_autofree char *text = NULL;

  g_ptr_array_add (devices, make ("opencl", "pci-0000:a0:00.0", "H", "GPU-1", 1));
  g_ptr_array_add (devices, make ("nvml", "pci-0000:a1:00.0", "H", "GPU-2", 2));
  g_ptr_array_add (devices, make ("nvml", "pci-0000:a2:00.0", "H", "GPU-3", 3));
  update (devices->pdata[0], 300, 250, 0, orf_clock_now_us ());
  update (devices->pdata[1], 300, 250, 0, orf_clock_now_us ());
  orf_gpu_snapshot_set_gone (devices->pdata[1]);
  update (devices->pdata[2], 300, 250, 0, orf_clock_now_us () - 301 * ORF_US_PER_S);
  text = write_text (devices, ORF_EXPOSITION_TEXT);
  g_assert_cmpstr (text, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dcgm-text/one", test_one);
  g_test_add_func ("/dcgm-text/xid-goes", test_xid_goes);
  g_test_add_func ("/dcgm-text/parts", test_parts);
  g_test_add_func ("/dcgm-text/nothing", test_nothing);
  return g_test_run ();
}
