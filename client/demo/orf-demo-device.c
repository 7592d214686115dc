/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-device.h"

void
orf_demo_device_free (OrfDemoDevice *device)
{
  if (device != NULL)
    device->kind->free (device);
}

OrfStatus
orf_demo_device_new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool)
{
  return device->kind->new_pool (device, limit_bytes, pool);
}

const char *
orf_demo_device_get_id (OrfDemoDevice *device)
{
  return device->id;
}

gboolean
orf_demo_device_touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error)
{
  return device->kind->touch (device, block, error);
}

gboolean
orf_demo_device_compute (
  OrfDemoDevice *device, const OrfGpuBlock *block, guint64 n_items, gpointer *fence, GError **error)
{
  return device->kind->compute (device, block, n_items, fence, error);
}
