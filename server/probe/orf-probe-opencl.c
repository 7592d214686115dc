/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orf-error.h"
#include "probe/orf-opencl.h"
#include "probe/orf-system-memory.h"

/*
 * Loading a driver costs 60 MiB and more for as long as the process lives, and most of them have
 * nothing to say after the first look: a device that shares the host's memory is sampled from
 * /proc, and NVIDIA's OpenCL tells no free memory.  So the facts go into a memory file and the
 * program executes itself anew, same process and same pipes, without the driver.  Only devices that
 * must be asked again (AMD) keep it.
 */
#define FACTS_FD    "ORFEAS_PROBE_FACTS_FD"
#define MAX_DEVICES 64

typedef struct {
  GArray *facts;     /* OrfOpenclFacts */
  OrfOpencl *opencl; /* NULL: not needed any more */
} State;

/* NULL where this is the first life of the process. */
static GArray *
take_facts (void)
{
  const char *text = g_getenv (FACTS_FD);
  g_autoptr (GArray) facts = g_array_new (FALSE, TRUE, sizeof (OrfOpenclFacts));
  OrfOpenclFacts one;
  guint64 fd = 0;

  if (!text || !g_ascii_string_to_unsigned (text, 10, 3, G_MAXINT, &fd, NULL))
    return NULL;

  while (facts->len < MAX_DEVICES && read ((int) fd, &one, sizeof one) == sizeof one)
    g_array_append_val (facts, one);
  close ((int) fd);
  g_unsetenv (FACTS_FD);
  return facts->len > 0 ? g_steal_pointer (&facts) : NULL;
}

/* Does not return where it works.  Where it does not, the driver simply stays. */
static void
start_anew (GArray *facts, char **argv)
{
  gsize size = facts->len * sizeof (OrfOpenclFacts);
  int fd = memfd_create ("orfeas-probe-facts", 0); /* is to survive exec */
  g_autofree char *text = NULL;

  if (fd < 0)
    return;
  if (write (fd, facts->data, size) == (gssize) size && lseek (fd, 0, SEEK_SET) == 0) {
    text = g_strdup_printf ("%d", fd);
    g_setenv (FACTS_FD, text, TRUE);
    execv ("/proc/self/exe", argv);
    g_unsetenv (FACTS_FD);
  }
  g_message ("the OpenCL driver stays loaded: %s", g_strerror (errno));
  close (fd);
}

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
  g_autoptr (GArray) facts = take_facts ();
  g_autoptr (OrfOpencl) opencl = NULL;
  State *self = NULL;

  if (!facts) {
    opencl = orf_opencl_open (error);
    if (!opencl)
      return FALSE;
    facts = g_array_ref (orf_opencl_get_facts (opencl));
    if (!is_needed (facts))
      start_anew (facts, argv);
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
