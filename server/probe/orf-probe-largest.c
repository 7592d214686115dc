/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include <string.h>

#include "orf-error.h"
#include "probe/orf-opencl-largest.h"
#include "probe/orf-probe-cage.h"

/*
 * One device, whose largest free block is found by asking for it: gpu.largest starts this program
 * for one sample.  Settings: device=ID max_bytes=N.
 */
typedef struct {
  OrfOpencl *opencl;
  guint index;
  gint64 max_bytes;
} State;

static gboolean
find_device (OrfOpencl *opencl, const char *id, guint *index)
{
  GArray *facts = orf_opencl_get_facts (opencl);

  for (guint i = 0; i < facts->len; i++) {
    if (g_strcmp0 (g_array_index (facts, OrfOpenclFacts, i).id, id) == 0) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
open_largest (gpointer *state, char **argv, GError **error)
{
  g_autoptr (OrfOpencl) opencl = NULL;
  const char *device = NULL;
  gint64 max_bytes = 0;
  guint index = 0;
  State *self = NULL;

  for (guint i = 2; argv[i]; i++) {
    if (g_str_has_prefix (argv[i], "device="))
      device = argv[i] + strlen ("device=");
    else if (g_str_has_prefix (argv[i], "max_bytes="))
      max_bytes = g_ascii_strtoll (argv[i] + strlen ("max_bytes="), NULL, 10);
  }
  if (!device || max_bytes <= 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "device=ID max_bytes=N is needed");
    return FALSE;
  }

  orf_probe_cage_enter (ORF_PROBE_CAGE_DRIVER, argv);
  opencl = orf_opencl_open (error);
  if (!opencl)
    return FALSE;
  if (!find_device (opencl, device, &index)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "OpenCL does not know device %s", device);
    return FALSE;
  }
  self = g_new0 (State, 1);
  self->opencl = g_steal_pointer (&opencl);
  self->index = index;
  self->max_bytes = max_bytes;
  *state = self;
  return TRUE;
}

static void
close_largest (gpointer state)
{
  State *self = state;

  orf_opencl_free (self->opencl);
  g_free (self);
}

static const OrfOpenclFacts *
get_facts (const State *self)
{
  return &g_array_index (orf_opencl_get_facts (self->opencl), OrfOpenclFacts, self->index);
}

static void
describe (gpointer state, OrfProbeHello *hello)
{
  const OrfOpenclFacts *facts = get_facts (state);
  OrfProbeDevice *device = orf_probe_device_new ();

  hello->version = g_strdup (facts->version);
  device->device = g_strdup (facts->id);
  device->name = g_strdup (facts->name);
  device->vendor = g_strdup (facts->vendor);
  device->unified = facts->unified;
  g_ptr_array_add (hello->devices, device);
}

static gboolean
sample (gpointer state, OrfProbeSample *answer, GError **error)
{
  State *self = state;
  g_autoptr (OrfProbeDeviceSample) device = orf_probe_device_sample_new ();

  device->device = g_strdup (get_facts (self)->id);
  if (!orf_opencl_measure_largest (self->opencl, self->index, self->max_bytes,
                                   &device->largest_free_bytes, error))
    return FALSE;
  device->has_largest_free_bytes = TRUE;
  g_ptr_array_add (answer->devices, g_steal_pointer (&device));
  return TRUE;
}

const OrfProbeBackend orf_probe_largest = {
  .name = "largest",
  .open = open_largest,
  .describe = describe,
  .sample = sample,
  .close = close_largest,
};
