/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what the kernel tells in /proc and /sys: of the host, of processes, and of AMD's
 * devices.  What is said is within what the text can say. */
#include <stdint.h>
#include <string.h>

#include <glib.h>

#include "host/orf-proc-text.h"
#include "probe/orf-amdgpu-metrics.h"
#include "probe/orf-drm-fdinfo.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
device_cb (gpointer user_data, const char *name, const OrfTraffic *traffic)
{
  const char *text = user_data;

  if (name[0] == '\0' || strlen (name) > strlen (text))
    g_error ("a device without a name, or with one that is not in the text");
}

static void
read_host (char *text)
{
  OrfCpuTime cpu;
  OrfLoad load;
  OrfHostMemory memory;

  if (orf_proc_parse_cpu (text, &cpu) && cpu.busy > cpu.total)
    g_error ("busier than there is time");
  if (orf_proc_parse_load (text, &load) && !(load.load_1m >= 0 && load.load_15m >= 0))
    g_error ("a load of %g", load.load_1m);
  if (orf_proc_parse_memory (text, &memory) &&
      (memory.total_bytes < 0 || memory.swap_used_bytes < 0))
    g_error ("less memory than none");
  orf_proc_parse_disks (text, device_cb, text);
  orf_proc_parse_network (text, device_cb, text);
}

static void
read_process (const char *text)
{
  OrfProcessStat process;
  OrfDrmClient client;
  gint64 pages;

  orf_proc_parse_process (text, &process);
  if (orf_proc_parse_resident (text, &pages) && pages < 0)
    g_error ("less than no pages");
  if (orf_drm_fdinfo_parse (text, &client) &&
      memchr (client.pdev, '\0', sizeof client.pdev) == NULL)
    g_error ("a device whose name does not end");
}

static void
read_metrics (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);
  OrfAmdgpuMetrics metrics;

  if (orf_amdgpu_metrics_parse (data, size, &metrics))
    orf_amdgpu_metrics_add_reasons (&metrics, reasons);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_host (text);
  read_process (text);
  read_metrics (data, size);
  return 0;
}
