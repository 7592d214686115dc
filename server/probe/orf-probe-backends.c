/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

static const OrfProbeBackend *const backends[] = {
  &orf_probe_nvml, &orf_probe_opencl, &orf_probe_amdgpu, &orf_probe_simulated, &orf_probe_largest,
};

static gboolean
open_nothing (gpointer *state, char **argv, GError **error)
{
  return TRUE;
}

static void
describe_nothing (gpointer state, OrfProbeHello *hello)
{
}

static gboolean
sample_nothing (gpointer state, OrfProbeSample *sample, GError **error)
{
  return TRUE;
}

static void
close_nothing (gpointer state)
{
}

gboolean
orf_probe_backend_find (const char *name, OrfProbeBackend *backend)
{
  for (guint i = 0; i < G_N_ELEMENTS (backends); i++) {
    const OrfProbeBackend *row = backends[i];

    if (!g_str_equal (row->name, name))
      continue;

    backend->name = row->name;
    backend->open = row->open ? row->open : open_nothing;
    backend->describe = row->describe ? row->describe : describe_nothing;
    backend->sample = row->sample ? row->sample : sample_nothing;
    backend->close = row->close ? row->close : close_nothing;
    return TRUE;
  }

  return FALSE;
}

char *
orf_probe_backend_dup_names (void)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (backends); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", backends[i]->name);

  return g_string_free (names, FALSE);
}
