/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actuators/orf-actuators.h"

struct _OrfActuators {
  const OrfConfig *config;
  OrfActuatorParts parts;
  OrfGpuMonitor *gpu;
  GPtrArray *servers; /* OrfActuator, owned */
};

/* What is not known is not low. */
static gboolean
is_low_cb (gpointer user_data, const char *device)
{
  OrfActuators *actuators = user_data;
  GPtrArray *devices = orf_gpu_monitor_get_devices (actuators->gpu);
  guint n_low = 0;

  for (guint i = 0; i < devices->len; i++) {
    const OrfGpuSnapshot *snapshot = devices->pdata[i];

    if (device != NULL && !g_str_equal (snapshot->device->device, device))
      continue;
    if (snapshot->gone || snapshot->device->pressure_level != ORF_PRESSURE_LEVEL_LOW)
      return FALSE;
    n_low++;
  }
  return n_low > 0;
}

static OrfActuator *
find (OrfActuators *actuators, const OrfConfigActuator *settings)
{
  for (guint i = 0; i < actuators->servers->len; i++)
    if (orf_actuator_has_settings (actuators->servers->pdata[i], settings))
      return actuators->servers->pdata[i];
  return NULL;
}

/* Two with one name are one worker: what is left goes before what is new comes. */
static void
drop_changed (OrfActuators *actuators)
{
  const GPtrArray *wanted = actuators->config->actuators.servers;

  for (guint i = actuators->servers->len; i > 0; i--) {
    gboolean stays = FALSE;

    for (guint j = 0; j < wanted->len && !stays; j++)
      stays = orf_actuator_has_settings (actuators->servers->pdata[i - 1], wanted->pdata[j]);
    if (!stays)
      g_ptr_array_remove_index (actuators->servers, i - 1);
  }
}

gboolean
orf_actuators_reload (OrfActuators *actuators, GError **error)
{
  const GPtrArray *wanted = actuators->config->actuators.servers;

  for (guint i = 0; i < wanted->len; i++)
    if (!orf_actuator_kind_check (wanted->pdata[i], error))
      return FALSE;
  drop_changed (actuators);
  for (guint i = 0; i < wanted->len; i++) {
    OrfActuator *server;

    if (find (actuators, wanted->pdata[i]) != NULL)
      continue;
    server = orf_actuator_new (&actuators->parts, wanted->pdata[i], error);
    if (server == NULL)
      return FALSE;
    g_ptr_array_add (actuators->servers, server);
  }
  return TRUE;
}

OrfActuators *
orf_actuators_new (const OrfConfig *config, OrfWorkers *workers, OrfGpuMonitor *gpu, GError **error)
{
  g_autoptr (OrfActuators) actuators = g_new0 (OrfActuators, 1);

  actuators->config = config;
  actuators->gpu = gpu;
  actuators->parts = (OrfActuatorParts){ config, workers, is_low_cb, actuators };
  actuators->servers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_actuator_free);
  return orf_actuators_reload (actuators, error) ? g_steal_pointer (&actuators) : NULL;
}

void
orf_actuators_free (OrfActuators *actuators)
{
  g_ptr_array_unref (actuators->servers);
  g_free (actuators);
}
