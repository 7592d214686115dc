/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-nvml-xids.h"

/* Of the probe's message, and a bound where a device does nothing but fail. */
#define MAX_XIDS 256

struct _OrfNvmlXids {
  OrfNvml *nvml;
  GPtrArray *devices; /* OrfNvmlDevice, borrowed */
  OrfNvmlSet set;     /* NULL: none can be had */
  gboolean *watched;  /* by device */
};

static gboolean
watch (OrfNvmlXids *xids, const OrfNvmlDevice *device)
{
  OrfNvml *nvml = xids->nvml;
  OrfNvmlHandle handle = orf_nvml_device_get_handle (device);
  guint64 types = 0;

  if (orf_nvml_device_get_parent (device)) /* its whole tells */
    return FALSE;
  if (nvml->event_types (handle, &types) != ORF_NVML_OK || !(types & ORF_NVML_EVENT_XID))
    return FALSE;

  return nvml->register_events (handle, ORF_NVML_EVENT_XID, xids->set) == ORF_NVML_OK;
}

OrfNvmlXids *
orf_nvml_xids_new (OrfNvml *nvml, GPtrArray *devices)
{
  OrfNvmlXids *xids = g_new0 (OrfNvmlXids, 1);

  xids->nvml = nvml;
  xids->devices = devices;
  xids->watched = g_new0 (gboolean, devices->len);
  if (!nvml->set_create || !nvml->set_free || !nvml->set_wait || !nvml->event_types ||
      !nvml->register_events || nvml->set_create (&xids->set) != ORF_NVML_OK)
    xids->set = NULL;
  for (guint i = 0; xids->set && i < devices->len; i++)
    xids->watched[i] = watch (xids, g_ptr_array_index (devices, i));

  return xids;
}

void
orf_nvml_xids_free (OrfNvmlXids *xids)
{
  if (!xids)
    return;

  if (xids->set)
    xids->nvml->set_free (xids->set);
  g_free (xids->watched);
  g_free (xids);
}

static gboolean
is_watched (OrfNvmlXids *xids, const OrfNvmlDevice *whole)
{
  for (guint i = 0; i < xids->devices->len; i++) {
    if (g_ptr_array_index (xids->devices, i) == whole)
      return xids->watched[i];
  }

  return FALSE;
}

/* Empty is "none", not "not known". */
static void
begin (OrfNvmlXids *xids, GPtrArray *samples)
{
  for (guint i = 0; i < samples->len; i++) {
    const OrfNvmlDevice *device = g_ptr_array_index (xids->devices, i);
    const OrfNvmlDevice *parent = orf_nvml_device_get_parent (device);
    OrfProbeDeviceSample *sample = g_ptr_array_index (samples, i);

    if (is_watched (xids, parent ? parent : device))
      sample->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  }
}

static OrfProbeDeviceSample *
find (OrfNvmlXids *xids, const OrfNvmlEvent *event, GPtrArray *samples)
{
  OrfProbeDeviceSample *found = NULL;

  for (guint i = 0; i < samples->len; i++) {
    const OrfNvmlDevice *device = g_ptr_array_index (xids->devices, i);
    const OrfNvmlDevice *parent = orf_nvml_device_get_parent (device);

    if (!parent && orf_nvml_device_get_handle (device) == event->device)
      found = g_ptr_array_index (samples, i);
    if (parent && orf_nvml_device_get_handle (parent) == event->device &&
        event->gpu_instance != ORF_NVML_NO_INSTANCE &&
        orf_nvml_device_get_instance (device) == event->gpu_instance)
      return g_ptr_array_index (samples, i);
  }

  return found;
}

void
orf_nvml_xids_read (OrfNvmlXids *xids, GPtrArray *samples)
{
  if (!xids->set)
    return;

  begin (xids, samples);
  for (guint i = 0; i < MAX_XIDS; i++) {
    OrfNvmlEvent event = { .gpu_instance = ORF_NVML_NO_INSTANCE,
                           .compute_instance = ORF_NVML_NO_INSTANCE };
    OrfProbeDeviceSample *sample = NULL;
    gint64 xid = 0;

    /* a timeout is the end of them; any other error would come again */
    if (xids->nvml->set_wait (xids->set, &event, 0) != ORF_NVML_OK)
      return;

    sample = find (xids, &event, samples);
    xid = (gint64) MIN (event.data, (guint64) G_MAXUINT32);
    if ((event.type & ORF_NVML_EVENT_XID) && sample && sample->xids)
      g_array_append_val (sample->xids, xid);
  }
}
