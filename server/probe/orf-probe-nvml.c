/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include <stdlib.h>
#include <string.h>

#include "orf-error.h"
#include "probe/orf-nvml-device.h"
#include "probe/orf-nvml-xids.h"
#include "probe/orf-nvml.h"
#include "probe/orf-probe-cage.h"

/*
 * NVIDIA's devices by its management library.  The word library=PATH, or else ORFEAS_NVML_LIBRARY
 * in the environment, names another library than the driver's, which is how tests bring one;
 * census_us=N is theirs, too.
 */
#define LIBRARY_KEY "library="
#define LIBRARY_ENV "ORFEAS_NVML_LIBRARY"
#define CENSUS_KEY  "census_us="
#define MAX_DEVICES 64 /* of the probe's message */
/* How soon it is noticed that a device has been divided anew (MIG), added or taken out. */
#define CENSUS_US (10 * G_USEC_PER_SEC)

typedef struct {
  OrfNvml *nvml;
  GPtrArray *devices; /* OrfNvmlDevice; parts after their whole */
  OrfNvmlXids *xids;
  gint64 counted_us; /* monotonic: when the devices were last counted */
  gint64 census_us;  /* how often they are */
} State;

static void
state_free (gpointer data)
{
  State *self = data;

  orf_nvml_xids_free (self->xids);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  orf_nvml_free (self->nvml);
  g_free (self);
}

/* What follows key in the program's words; NULL: none begins so. */
static const char *
find_word (char **argv, const char *key)
{
  for (char **word = argv; *word; word++) {
    if (g_str_has_prefix (*word, key))
      return *word + strlen (key);
  }

  return NULL;
}

/* ---- which devices there are ----------------------------------------------------------------- */

static gboolean
is_divided (OrfNvml *nvml, OrfNvmlHandle handle)
{
  guint32 current = 0;
  guint32 pending = 0;

  return nvml->mig_mode && nvml->mig_count && nvml->mig_by_index &&
         nvml->mig_mode (handle, &current, &pending) == ORF_NVML_OK && current == 1;
}

static void
add_parts (OrfNvml *nvml, OrfNvmlDevice *whole, guint index, GPtrArray *devices)
{
  OrfNvmlHandle handle = orf_nvml_device_get_handle (whole);
  guint32 n = 0;

  if (!is_divided (nvml, handle) || nvml->mig_count (handle, &n) != ORF_NVML_OK)
    return;

  /* Places that hold no part answer with an error. */
  for (guint32 i = 0; i < n && devices->len < MAX_DEVICES; i++) {
    OrfNvmlHandle part = NULL;

    if (nvml->mig_by_index (handle, i, &part) == ORF_NVML_OK)
      g_ptr_array_add (devices, orf_nvml_device_new (nvml, part, index, whole));
  }
}

/* *rc: the last error.  A device that is broken, or not ours to see, does not hide the others. */
static GPtrArray *
find_devices (OrfNvml *nvml, int *rc)
{
  g_autoptr (GPtrArray)
    devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_nvml_device_free);
  guint32 n = 0;

  *rc = nvml->device_count (&n);
  if (*rc != ORF_NVML_OK)
    return NULL;

  for (guint32 i = 0; i < n && devices->len < MAX_DEVICES; i++) {
    OrfNvmlHandle handle = NULL;
    OrfNvmlDevice *whole = NULL;
    int one = nvml->device_by_index (i, &handle);

    if (one != ORF_NVML_OK) {
      *rc = one;
      continue;
    }

    whole = orf_nvml_device_new (nvml, handle, i, NULL);
    g_ptr_array_add (devices, whole);
    add_parts (nvml, whole, i, devices);
  }

  return g_steal_pointer (&devices);
}

static gboolean
are_same (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;

  for (guint i = 0; i < a->len; i++) {
    if (!g_str_equal (orf_nvml_device_get_id (g_ptr_array_index (a, i)),
                      orf_nvml_device_get_id (g_ptr_array_index (b, i))))
      return FALSE;
  }

  return TRUE;
}

/* What the hello said no longer holds: the daemon starts us again.  A device that is lost does not
 * count as gone, it is told so. */
static void
count_again (State *self)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autoptr (GPtrArray) devices = NULL;
  int rc = 0;

  if (now_us - self->counted_us < self->census_us)
    return;

  self->counted_us = now_us;
  devices = find_devices (self->nvml, &rc);
  if (!devices || rc != ORF_NVML_OK || are_same (devices, self->devices))
    return;

  g_printerr ("there are other devices now: starting anew\n");
  exit (0);
}

/* ---- the backend ----------------------------------------------------------------------------- */

static gboolean
open_nvml (gpointer *state, char **argv, GError **error)
{
  const char *library = find_word (argv, LIBRARY_KEY);
  const char *census = find_word (argv, CENSUS_KEY);
  g_autoptr (OrfNvml) nvml = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  State *self = NULL;
  int rc = 0;

  orf_probe_cage_enter (ORF_PROBE_CAGE_DRIVER, argv);
  nvml = orf_nvml_open (library ? library : g_getenv (LIBRARY_ENV), error);
  if (!nvml)
    return FALSE;

  devices = find_devices (nvml, &rc);
  if (!devices || devices->len == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "NVIDIA's driver shows no device: %s%s",
                 rc == ORF_NVML_OK ? "there is none" : orf_nvml_describe (nvml, rc),
                 orf_probe_cage_get_hint ());
    return FALSE;
  }

  self = g_new0 (State, 1);
  self->xids = orf_nvml_xids_new (nvml, devices);
  self->nvml = g_steal_pointer (&nvml);
  self->devices = g_steal_pointer (&devices);
  self->counted_us = g_get_monotonic_time ();
  self->census_us = census ? g_ascii_strtoll (census, NULL, 10) : CENSUS_US;
  *state = self;
  return TRUE;
}

static void
describe (gpointer state, OrfProbeHello *hello)
{
  State *self = state;
  char version[128] = { 0 }; /* 80 is the most that the interface asks for */

  if (self->nvml->driver_version &&
      self->nvml->driver_version (version, sizeof version - 1) == ORF_NVML_OK)
    hello->version = g_utf8_make_valid (version, -1);
  for (guint i = 0; i < self->devices->len; i++)
    g_ptr_array_add (hello->devices,
                     orf_nvml_device_describe (g_ptr_array_index (self->devices, i)));
}

/* A driver that says nothing of any device is worth a new start, which main's error leads to. */
static gboolean
sample (gpointer state, OrfProbeSample *answer, GError **error)
{
  State *self = state;
  gboolean any = FALSE;
  int rc = 0;

  count_again (self);
  for (guint i = 0; i < self->devices->len; i++) {
    int one = 0;

    g_ptr_array_add (answer->devices,
                     orf_nvml_device_sample (g_ptr_array_index (self->devices, i), &one));
    any = any || one == ORF_NVML_OK || one == ORF_NVML_LOST;
    rc = one == ORF_NVML_OK ? rc : one;
  }
  orf_nvml_xids_read (self->xids, answer->devices);
  if (any)
    return TRUE;

  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no device tells its memory: %s",
               orf_nvml_describe (self->nvml, rc));
  return FALSE;
}

const OrfProbeBackend orf_probe_nvml = {
  .name = "nvml",
  .open = open_nvml,
  .describe = describe,
  .sample = sample,
  .close = state_free,
};
