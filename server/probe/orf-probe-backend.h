/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * One way of asking devices, as a row of functions.  A backend may hang, crash or eat memory: the
 * daemon kills the whole process then.  Any function may be left out; what stands in for it does
 * nothing and succeeds.
 */
typedef struct {
  const char *name;
  /* Enters the cage (orf-probe-cage.h), and loads what it needs.  argv: the program's, whose words
   * after the backend's name are its own. UNAVAILABLE where there is nothing to watch. */
  gboolean (*open) (gpointer *state, char **argv, GError **error);
  /* Fills in version and devices. */
  void (*describe) (gpointer state, OrfProbeHello *hello);
  /* Adds a row for each device it can say something about; what it cannot know stays unset. */
  gboolean (*sample) (gpointer state, OrfProbeSample *sample, GError **error);
  void (*close) (gpointer state);
} OrfProbeBackend;

/* FALSE: no such backend.  Otherwise no function of *backend is NULL. */
gboolean orf_probe_backend_find (const char *name, OrfProbeBackend *backend);
/* "nvml, opencl, amdgpu, simulated" */
char *orf_probe_backend_dup_names (void);

extern const OrfProbeBackend orf_probe_amdgpu;
extern const OrfProbeBackend orf_probe_nvml;
extern const OrfProbeBackend orf_probe_largest;
extern const OrfProbeBackend orf_probe_opencl;
extern const OrfProbeBackend orf_probe_simulated;

G_END_DECLS
