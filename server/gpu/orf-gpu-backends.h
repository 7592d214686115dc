/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* What [gpu] backends names; the functions are in the probe. */
typedef struct {
  const char *name;
  gboolean automatic; /* only `auto` asked for it: that there is nothing for it is no fault */
} OrfGpuBackend;

/* Of OrfGpuBackend, each once, `auto` told in full.  INVALID_ARGUMENT (field gpu.backends) for an
 * unknown one. */
GArray *orf_gpu_backends_resolve (char *const *names, GError **error);
/* The probe's words beside the name. */
char **orf_gpu_backends_dup_arguments (const char *name, const OrfConfig *config);

G_END_DECLS
