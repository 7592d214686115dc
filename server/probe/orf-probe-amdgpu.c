/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include <string.h>

#include "orf-error.h"
#include "probe/orf-amdgpu.h"
#include "probe/orf-probe-cage.h"

/*
 * Devices of the kernel's amdgpu driver, by files alone: no library is loaded, no device is woken.
 * Settings are words KEY=VALUE of the command line: `root`, where sys, proc and usr are, else
 * ORFEAS_AMDGPU_ROOT, else "/"; `scan_us`.
 */

/* Reading the open files of all processes takes some ms on a busy server, and one that takes up a
 * device now is worth noticing within this time. */
#define SCAN_US 5000000

typedef struct {
  GPtrArray *gpus; /* OrfAmdgpu */
  OrfDrmClients *clients;
  char *version;
} State;

static void
close_amdgpu (gpointer state)
{
  State *self = state;

  g_ptr_array_unref (self->gpus);
  orf_drm_clients_free (self->clients);
  g_free (self->version);
  g_free (self);
}

/* The driver is the kernel's, and so is its version. */
static char *
read_version (const char *root)
{
  g_autofree char *path = g_build_filename (root, "proc", "sys", "kernel", "osrelease", NULL);
  char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    g_strstrip (text);
  return text;
}

static gboolean
open_amdgpu (gpointer *state, char **argv, GError **error)
{
  const char *root = g_getenv ("ORFEAS_AMDGPU_ROOT") ?: "/";
  gint64 scan_us = SCAN_US;
  g_autoptr (GPtrArray) gpus = NULL;
  State *self = NULL;

  for (guint i = 2; argv[i]; i++) {
    if (g_str_has_prefix (argv[i], "root=")) {
      root = argv[i] + strlen ("root=");
    } else if (!g_str_has_prefix (argv[i], "scan_us=") ||
               !g_ascii_string_to_signed (argv[i] + strlen ("scan_us="), 10, 0, G_MAXINT32,
                                          &scan_us, NULL)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "no such setting: %s", argv[i]);
      return FALSE;
    }
  }

  orf_probe_cage_enter (ORF_PROBE_CAGE_READER, argv);
  gpus = orf_amdgpu_find (root);
  if (gpus->len == 0) {
    g_autofree char *sys = g_build_filename (root, "sys", NULL);

    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no device of the amdgpu driver in %s",
                 sys);
    return FALSE;
  }
  self = g_new0 (State, 1);
  self->gpus = g_steal_pointer (&gpus);
  self->clients = orf_drm_clients_new (root, scan_us);
  self->version = read_version (root);
  *state = self;
  return TRUE;
}

static void
describe (gpointer state, OrfProbeHello *hello)
{
  State *self = state;

  hello->version = g_strdup (self->version);
  for (guint i = 0; i < self->gpus->len; i++) {
    OrfProbeDevice *device = orf_probe_device_new ();

    orf_amdgpu_describe (g_ptr_array_index (self->gpus, i), device);
    g_ptr_array_add (hello->devices, device);
  }
}

static gboolean
sample (gpointer state, OrfProbeSample *answer, GError **error)
{
  State *self = state;
  gboolean known = orf_drm_clients_look (self->clients, g_get_monotonic_time ());
  GPtrArray *uses = known ? orf_drm_clients_get_uses (self->clients) : NULL;

  for (guint i = 0; i < self->gpus->len; i++) {
    OrfProbeDeviceSample *device = orf_probe_device_sample_new ();

    orf_amdgpu_sample (g_ptr_array_index (self->gpus, i), uses, device);
    if (device->processes) {
      device->has_processes_complete = TRUE;
      device->processes_complete = orf_drm_clients_is_complete (self->clients);
    }
    g_ptr_array_add (answer->devices, device);
  }
  return TRUE;
}

const OrfProbeBackend orf_probe_amdgpu = {
  .name = "amdgpu",
  .open = open_amdgpu,
  .describe = describe,
  .sample = sample,
  .close = close_amdgpu,
};
