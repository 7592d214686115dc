/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-nvml-device.h"

#include <string.h>

#include "probe/orf-nvml-processes.h"
#include "probe/orf-nvml-values.h"
#include "probe/orf-system-memory.h"

struct _OrfNvmlDevice {
  OrfNvml *nvml;
  OrfNvmlHandle handle;
  OrfNvmlDevice *parent;
  guint index;
  guint32 instance;
  char *id;
  char *uuid;            /* NULL: not told */
  gboolean unified;      /* no memory of its own: the host's */
  guint64 use_seen_us;   /* the driver's last sample of processes that were busy */
  gboolean no_processes; /* the driver does not tell them, and never will */
  OrfNvmlValues *values; /* NULL of a part: those are told of the whole */
};

static char *
dup_text (OrfNvml *nvml, OrfNvmlHandle handle, int (*call) (OrfNvmlHandle, char *, guint32))
{
  char text[128] = { 0 }; /* 96 is the most that the interface asks for */

  if (!call || call (handle, text, sizeof text - 1) != ORF_NVML_OK || !*text)
    return NULL;

  return g_utf8_make_valid (text, -1);
}

/* "GPU-12345678-1234-…" → "uuid-123456781234…", as OpenCL's backend has it. */
static char *
make_uuid_id (const char *uuid)
{
  const char *digits = strchr (uuid, '-');
  GString *id = g_string_new ("uuid-");

  for (const char *p = digits ? digits : uuid; *p; p++) {
    if (g_ascii_isxdigit (*p))
      g_string_append_c (id, g_ascii_tolower (*p));
  }

  return g_string_free (id, FALSE);
}

static char *
make_id (OrfNvmlDevice *device)
{
  OrfNvml *nvml = device->nvml;
  OrfNvmlPci pci = { 0 };

  if (!device->parent && nvml->pci && nvml->pci (device->handle, &pci) == ORF_NVML_OK)
    return g_strdup_printf ("pci-%04x:%02x:%02x.0", pci.domain, pci.bus, pci.device);
  if (device->uuid)
    return make_uuid_id (device->uuid);
  if (device->parent)
    return g_strdup_printf ("%s-%u", device->parent->id, device->instance);

  return g_strdup_printf ("nvidia-%u", device->index);
}

OrfNvmlDevice *
orf_nvml_device_new (OrfNvml *nvml, OrfNvmlHandle handle, guint index, OrfNvmlDevice *parent)
{
  OrfNvmlDevice *device = g_new0 (OrfNvmlDevice, 1);
  OrfNvmlMemory memory = { 0 };

  device->nvml = nvml;
  device->handle = handle;
  device->parent = parent;
  device->index = index;
  device->instance = ORF_NVML_NO_INSTANCE;
  if (parent && nvml->gpu_instance)
    nvml->gpu_instance (handle, &device->instance);
  device->uuid = dup_text (nvml, handle, nvml->uuid);
  device->id = make_id (device);
  /* Chips that share the host's memory have none to tell of. */
  device->unified = !parent && nvml->memory (handle, &memory) == ORF_NVML_NOT_SUPPORTED;
  device->values = parent ? NULL : orf_nvml_values_new (nvml, handle);
  return device;
}

void
orf_nvml_device_free (OrfNvmlDevice *device)
{
  if (!device)
    return;

  orf_nvml_values_free (device->values);
  g_free (device->id);
  g_free (device->uuid);
  g_free (device);
}

OrfNvmlHandle
orf_nvml_device_get_handle (const OrfNvmlDevice *device)
{
  return device->handle;
}

const OrfNvmlDevice *
orf_nvml_device_get_parent (const OrfNvmlDevice *device)
{
  return device->parent;
}

const char *
orf_nvml_device_get_id (const OrfNvmlDevice *device)
{
  return device->id;
}

guint32
orf_nvml_device_get_instance (const OrfNvmlDevice *device)
{
  return device->instance;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void
set_memory (OrfProbeDeviceSample *sample, guint64 total_bytes, guint64 free_bytes)
{
  if (total_bytes == 0 || total_bytes > ORF_NVML_MAX_VALUE || free_bytes > total_bytes)
    return;

  sample->has_total_bytes = sample->has_free_bytes = sample->has_used_bytes = TRUE;
  sample->total_bytes = (gint64) total_bytes;
  sample->free_bytes = (gint64) free_bytes;
  sample->used_bytes = (gint64) (total_bytes - free_bytes);
}

static int
read_host_memory (OrfProbeDeviceSample *sample)
{
  OrfSystemMemory memory = { 0 };
  OrfDeviceMemory device = { 0 };

  if (orf_system_memory_read ("/", &memory, NULL) &&
      orf_system_memory_of_device (&memory, memory.total_bytes, &device))
    set_memory (sample, (guint64) device.total_bytes,
                (guint64) (device.total_bytes - device.used_bytes));
  return ORF_NVML_OK;
}

/* `used` of the two versions differs by what the driver keeps; total less free does not. */
static int
read_memory (OrfNvmlDevice *device, OrfProbeDeviceSample *sample)
{
  OrfNvml *nvml = device->nvml;
  OrfNvmlMemory2 memory2 = { .version = ORF_NVML_MEMORY2_VERSION };
  OrfNvmlMemory memory = { 0 };
  int rc = 0;

  if (device->unified)
    return read_host_memory (sample);

  if (nvml->memory2 && nvml->memory2 (device->handle, &memory2) == ORF_NVML_OK) {
    set_memory (sample, memory2.total, memory2.free);
    if (sample->has_used_bytes && memory2.reserved <= (guint64) sample->used_bytes) {
      sample->has_driver_reserved_bytes = TRUE;
      sample->driver_reserved_bytes = (gint64) memory2.reserved;
    }
    return ORF_NVML_OK;
  }

  rc = nvml->memory (device->handle, &memory);
  if (rc == ORF_NVML_OK)
    set_memory (sample, memory.total, memory.free);
  return rc;
}

/* ---- what is told of it ---------------------------------------------------------------------- */

OrfProbeDevice *
orf_nvml_device_describe (OrfNvmlDevice *device)
{
  OrfProbeDevice *facts = orf_probe_device_new ();
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  read_memory (device, sample);
  facts->device = g_strdup (device->id);
  facts->name = dup_text (device->nvml, device->handle, device->nvml->name);
  facts->vendor = g_strdup ("NVIDIA Corporation"); /* as its OpenCL has it */
  facts->unified = device->unified;
  facts->has_total_bytes = sample->has_total_bytes;
  facts->total_bytes = sample->total_bytes;
  facts->uuid = g_strdup (device->uuid);
  facts->has_index = TRUE;
  facts->index = device->index;
  if (!device->parent)
    return facts;

  facts->parent = g_strdup (device->parent->id);
  facts->has_instance = device->instance <= G_MAXUINT16;
  facts->instance = device->instance;
  return facts;
}

static void
read_processes (OrfNvmlDevice *device, OrfProbeDeviceSample *sample)
{
  int rc = 0;

  if (device->no_processes)
    return;

  sample->processes = orf_nvml_processes_read (device->nvml, device->handle, &rc);
  sample->has_processes_complete = sample->processes != NULL;
  sample->processes_complete = sample->processes != NULL; /* of all users and namespaces */
  if (sample->processes != NULL && device->parent == NULL)
    orf_nvml_processes_read_use (device->nvml, device->handle, &device->use_seen_us,
                                 sample->processes);
  device->no_processes = rc == ORF_NVML_NO_FUNCTION || rc == ORF_NVML_NOT_SUPPORTED;
}

OrfProbeDeviceSample *
orf_nvml_device_sample (OrfNvmlDevice *device, int *rc)
{
  OrfProbeDeviceSample *sample = orf_probe_device_sample_new ();

  sample->device = g_strdup (device->id);
  *rc = read_memory (device, sample);
  if (*rc == ORF_NVML_LOST) {
    sample->has_lost = sample->lost = TRUE;
    return sample; /* no other call would do better, and each can take long */
  }

  sample->has_lost = TRUE;
  read_processes (device, sample);
  if (device->values)
    orf_nvml_values_read (device->values, sample);
  return sample;
}
