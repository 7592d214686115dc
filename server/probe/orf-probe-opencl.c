/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include "probe/orf-opencl-scout.h"
#include "probe/orf-opencl.h"
#include "probe/orf-probe-cage.h"
#include "probe/orf-system-memory.h"

/*
 * Loading a driver costs 60 MiB and more for as long as the process lives, and most of them have
 * nothing to say after the first look: a device that shares the host's memory is sampled from
 * /proc, and NVIDIA's OpenCL tells no free memory.  So a scout, a child in a driver's cage, loads
 * it, tells the facts and ends.  Only devices that must be asked again (AMD) have the driver loaded
 * here too.
 */
typedef struct {
  GArray *facts;     /* OrfOpenclFacts */
  OrfOpencl *opencl; /* NULL: not needed any more */
} State;

static gboolean
is_needed (GArray *facts)
{
  for (guint i = 0; i < facts->len; i++) {
    if (g_array_index (facts, OrfOpenclFacts, i).has_free_memory)
      return TRUE;
  }

  return FALSE;
}

static gboolean
open_opencl (gpointer *state, char **argv, GError **error)
{
  g_autoptr (GArray) facts = orf_opencl_scout (argv, error);
  g_autoptr (OrfOpencl) opencl = NULL;
  State *self = NULL;

  if (facts == NULL)
    return FALSE;
  if (is_needed (facts)) {
    orf_probe_cage_enter (ORF_PROBE_CAGE_DRIVER, argv);
    opencl = orf_opencl_open (error);
    if (opencl == NULL)
      return FALSE;
    g_array_unref (facts);
    facts = g_array_ref (orf_opencl_get_facts (opencl));
  } else {
    orf_probe_cage_enter (ORF_PROBE_CAGE_READER, argv);
  }

  self = g_new0 (State, 1);
  self->facts = g_steal_pointer (&facts);
  self->opencl = g_steal_pointer (&opencl);
  *state = self;
  return TRUE;
}

static void
close_opencl (gpointer state)
{
  State *self = state;

  g_array_unref (self->facts);
  orf_opencl_free (self->opencl);
  g_free (self);
}

static void
describe (gpointer state, OrfProbeHello *hello)
{
  State *self = state;

  hello->version = g_strdup (g_array_index (self->facts, OrfOpenclFacts, 0).version);
  for (guint i = 0; i < self->facts->len; i++) {
    const OrfOpenclFacts *facts = &g_array_index (self->facts, OrfOpenclFacts, i);
    OrfProbeDevice *device = orf_probe_device_new ();

    device->device = g_strdup (facts->id);
    device->name = g_strdup (facts->name);
    device->vendor = g_strdup (facts->vendor);
    device->unified = facts->unified;
    device->has_total_bytes = facts->total_bytes > 0;
    device->total_bytes = facts->total_bytes;
    g_ptr_array_add (hello->devices, device);
  }
}

static void
set_used (OrfProbeDeviceSample *sample, gint64 total_bytes, gint64 used_bytes)
{
  sample->has_total_bytes = TRUE;
  sample->total_bytes = total_bytes;
  sample->has_used_bytes = TRUE;
  sample->used_bytes = used_bytes;
  sample->has_free_bytes = TRUE;
  sample->free_bytes = total_bytes - used_bytes;
}

/* The driver's own word where it has one, else the system's where the memory is the system's. */
static void
sample_device (State *self,
               guint index,
               const OrfSystemMemory *memory,
               OrfProbeDeviceSample *sample)
{
  const OrfOpenclFacts *facts = &g_array_index (self->facts, OrfOpenclFacts, index);
  OrfDeviceMemory device = { 0 };
  gint64 free_bytes = 0;
  gint64 largest_bytes = 0;

  sample->device = g_strdup (facts->id);
  sample->has_total_bytes = facts->total_bytes > 0;
  sample->total_bytes = facts->total_bytes;
  if (facts->total_bytes <= 0)
    return;

  if (facts->has_free_memory && self->opencl &&
      orf_opencl_read_free (self->opencl, index, &free_bytes, &largest_bytes)) {
    set_used (sample, facts->total_bytes,
              facts->total_bytes - MIN (free_bytes, facts->total_bytes));
    sample->has_largest_free_bytes = TRUE;
    sample->largest_free_bytes = MIN (largest_bytes, sample->free_bytes);
  } else if (facts->unified && memory->total_bytes > 0 &&
             orf_system_memory_of_device (memory, facts->total_bytes, &device)) {
    set_used (sample, device.total_bytes, device.used_bytes);
  }
}

static gboolean
sample (gpointer state, OrfProbeSample *answer, GError **error)
{
  State *self = state;
  OrfSystemMemory memory = { 0 };

  if (!orf_system_memory_read ("/", &memory, error))
    return FALSE;

  for (guint i = 0; i < self->facts->len; i++) {
    OrfProbeDeviceSample *device = orf_probe_device_sample_new ();

    sample_device (self, i, &memory, device);
    g_ptr_array_add (answer->devices, device);
  }

  return TRUE;
}

const OrfProbeBackend orf_probe_opencl = {
  .name = "opencl",
  .open = open_opencl,
  .describe = describe,
  .sample = sample,
  .close = close_opencl,
};
