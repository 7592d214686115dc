/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-nvml.h"

#include "orf-error.h"
#include "probe/orf-probe-cage.h"

#define LIBRARY "libnvidia-ml.so.1" /* of the driver; the name without .1 is of the toolkit */

/* name: of the interface; older: what a driver from before that version calls it. */
typedef struct {
  const char *name, *older;
  gsize offset;
  gboolean needed;
} Symbol;

#define AT(member) G_STRUCT_OFFSET (OrfNvml, member)

static const Symbol symbols[] = {
  { "nvmlInit_v2", "nvmlInit", AT (init), TRUE },
  { "nvmlShutdown", NULL, AT (shutdown), TRUE },
  { "nvmlErrorString", NULL, AT (error_string), FALSE },
  { "nvmlSystemGetDriverVersion", NULL, AT (driver_version), FALSE },
  { "nvmlSystemGetProcessName", NULL, AT (process_name), FALSE },
  { "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", AT (device_count), TRUE },
  { "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", AT (device_by_index), TRUE },
  { "nvmlDeviceGetName", NULL, AT (name), FALSE },
  { "nvmlDeviceGetUUID", NULL, AT (uuid), FALSE },
  { "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", AT (pci), FALSE },
  { "nvmlDeviceGetMigMode", NULL, AT (mig_mode), FALSE },
  { "nvmlDeviceGetMaxMigDeviceCount", NULL, AT (mig_count), FALSE },
  { "nvmlDeviceGetMigDeviceHandleByIndex", NULL, AT (mig_by_index), FALSE },
  { "nvmlDeviceGetGpuInstanceId", NULL, AT (gpu_instance), FALSE },
  { "nvmlDeviceGetMemoryInfo", NULL, AT (memory), TRUE },
  { "nvmlDeviceGetMemoryInfo_v2", NULL, AT (memory2), FALSE },
  { "nvmlDeviceGetUtilizationRates", NULL, AT (utilization), FALSE },
  { "nvmlDeviceGetEncoderUtilization", NULL, AT (encoder), FALSE },
  { "nvmlDeviceGetDecoderUtilization", NULL, AT (decoder), FALSE },
  { "nvmlDeviceGetFanSpeed", NULL, AT (fan), FALSE },
  { "nvmlDeviceGetTemperature", NULL, AT (temperature), FALSE },
  { "nvmlDeviceGetPowerUsage", NULL, AT (power), FALSE },
  { "nvmlDeviceGetEnforcedPowerLimit", NULL, AT (power_limit), FALSE },
  { "nvmlDeviceGetTotalEnergyConsumption", NULL, AT (energy), FALSE },
  { "nvmlDeviceGetClockInfo", NULL, AT (clock), FALSE },
  { "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons",
    AT (throttle_reasons), FALSE },
  { "nvmlDeviceGetViolationStatus", NULL, AT (violation), FALSE },
  { "nvmlDeviceGetPcieReplayCounter", NULL, AT (pcie_replays), FALSE },
  { "nvmlDeviceGetPcieThroughput", NULL, AT (pcie_throughput), FALSE },
  { "nvmlDeviceGetFieldValues", NULL, AT (fields), FALSE },
  { "nvmlDeviceGetTotalEccErrors", NULL, AT (ecc_errors), FALSE },
  { "nvmlDeviceGetRemappedRows", NULL, AT (remapped_rows), FALSE },
  { "nvmlDeviceGetRetiredPages", NULL, AT (retired_pages), FALSE },
  { "nvmlDeviceGetRetiredPagesPendingStatus", NULL, AT (retirement_pending), FALSE },
  { "nvmlDeviceGetComputeRunningProcesses_v3", NULL, AT (compute.v3), FALSE },
  { "nvmlDeviceGetComputeRunningProcesses_v2", NULL, AT (compute.v2), FALSE },
  { "nvmlDeviceGetComputeRunningProcesses", NULL, AT (compute.v1), FALSE },
  { "nvmlDeviceGetGraphicsRunningProcesses_v3", NULL, AT (graphics.v3), FALSE },
  { "nvmlDeviceGetGraphicsRunningProcesses_v2", NULL, AT (graphics.v2), FALSE },
  { "nvmlDeviceGetGraphicsRunningProcesses", NULL, AT (graphics.v1), FALSE },
  { "nvmlDeviceGetMPSComputeRunningProcesses_v3", NULL, AT (mps.v3), FALSE },
  { "nvmlDeviceGetMPSComputeRunningProcesses_v2", NULL, AT (mps.v2), FALSE },
  { "nvmlDeviceGetMPSComputeRunningProcesses", NULL, AT (mps.v1), FALSE },
  { "nvmlDeviceGetProcessUtilization", NULL, AT (process_use), FALSE },
  { "nvmlEventSetCreate", NULL, AT (set_create), FALSE },
  { "nvmlEventSetFree", NULL, AT (set_free), FALSE },
  { "nvmlEventSetWait_v2", "nvmlEventSetWait", AT (set_wait), FALSE },
  { "nvmlDeviceGetSupportedEventTypes", NULL, AT (event_types), FALSE },
  { "nvmlDeviceRegisterEvents", NULL, AT (register_events), FALSE },
};

static gboolean
load_symbols (OrfNvml *nvml, const char *path, GError **error)
{
  nvml->module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (!nvml->module) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no NVML library: %s", g_module_error ());
    return FALSE;
  }

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++) {
    gpointer *target = (gpointer *) (gpointer) ((char *) nvml + symbols[i].offset);

    if (g_module_symbol (nvml->module, symbols[i].name, target) && *target)
      continue;
    if (symbols[i].older && g_module_symbol (nvml->module, symbols[i].older, target) && *target)
      continue;
    *target = NULL;
    if (symbols[i].needed) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s lacks %s", path, symbols[i].name);
      return FALSE;
    }
  }

  return TRUE;
}

OrfNvml *
orf_nvml_open (const char *path, GError **error)
{
  g_autoptr (OrfNvml) nvml = g_new0 (OrfNvml, 1);
  int rc = 0;

  if (!load_symbols (nvml, path ? path : LIBRARY, error))
    return NULL;

  rc = nvml->init ();
  if (rc != ORF_NVML_OK) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no NVIDIA driver: nvmlInit: %s%s",
                 orf_nvml_describe (nvml, rc), orf_probe_cage_get_hint ());
    nvml->shutdown = NULL;
    return NULL;
  }

  return g_steal_pointer (&nvml);
}

void
orf_nvml_free (OrfNvml *nvml)
{
  if (!nvml)
    return;

  /* The module stays loaded, as the process ends anyway: a driver's threads and exit handlers would
   * run into unmapped code. */
  if (nvml->module && nvml->shutdown)
    nvml->shutdown ();
  g_free (nvml);
}

const char *
orf_nvml_describe (OrfNvml *nvml, int rc)
{
  const char *text = nvml->error_string ? nvml->error_string (rc) : NULL;

  return text ? text : "it does not say why";
}
