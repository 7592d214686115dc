/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-backends.h"

#include "orf-error.h"

static void
add_simulated_arguments (GStrvBuilder *arguments, const OrfConfig *config)
{
  g_autofree char *devices = g_strdup_printf ("devices=%" G_GINT64_FORMAT,
                                              config->gpu.simulated_devices);
  g_autofree char *total = g_strdup_printf ("total_bytes=%" G_GINT64_FORMAT,
                                            config->gpu.simulated_total_bytes);
  g_autofree char *period = g_strdup_printf ("period_us=%" G_GINT64_FORMAT,
                                             config->gpu.simulated_period_us);

  g_strv_builder_add_many (arguments, devices, total, period, NULL);
}

/* A vendor's own interface knows more of a device than OpenCL, so it comes first. */
static const struct {
  const char *name;
  gboolean in_auto;
  void (*add_arguments) (GStrvBuilder *arguments, const OrfConfig *config); /* may be NULL */
} known[] = {
  { "nvml", TRUE, NULL },
  { "amdgpu", TRUE, NULL },
  { "opencl", TRUE, NULL },
  { "simulated", FALSE, add_simulated_arguments },
};

/* Named twice is once; and by name counts for more than by `auto`. */
static void
add (GArray *backends, guint row, gboolean automatic)
{
  OrfGpuBackend backend = { known[row].name, automatic };

  for (guint i = 0; i < backends->len; i++) {
    OrfGpuBackend *other = &g_array_index (backends, OrfGpuBackend, i);

    if (g_str_equal (other->name, backend.name)) {
      other->automatic = other->automatic && automatic;
      return;
    }
  }
  g_array_append_val (backends, backend);
}

static gboolean
add_named (GArray *backends, const char *name)
{
  gboolean is_auto = g_str_equal (name, "auto");
  gboolean found = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (is_auto ? !known[i].in_auto : !g_str_equal (known[i].name, name))
      continue;
    add (backends, i, is_auto);
    found = TRUE;
  }

  return found;
}

GArray *
orf_gpu_backends_resolve (char *const *names, GError **error)
{
  g_autoptr (GArray) backends = g_array_new (FALSE, FALSE, sizeof (OrfGpuBackend));

  for (guint i = 0; names && names[i]; i++) {
    if (add_named (backends, names[i]))
      continue;
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "gpu.backends",
                                                   "auto, nvml, amdgpu, opencl, simulated",
                                                   "no GPU backend is called '%s'", names[i]));
    return NULL;
  }

  return g_steal_pointer (&backends);
}

char **
orf_gpu_backends_dup_arguments (const char *name, const OrfConfig *config)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (g_str_equal (known[i].name, name) && known[i].add_arguments)
      known[i].add_arguments (builder, config);
  }
  if (!config->gpu.probe_sandbox)
    g_strv_builder_add (builder, "sandbox=off");

  return g_strv_builder_end (builder);
}
