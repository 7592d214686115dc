/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-device.h"

#include <glib.h>
#include <sched.h>
#include <stdlib.h>

void
fake_device_init (FakeDevice *device, uint64_t capacity_bytes)
{
  *device = (FakeDevice){ .capacity_bytes = capacity_bytes };
  pthread_mutex_init (&device->lock, NULL);
}

void
fake_device_clear (FakeDevice *device)
{
  g_assert_null (device->segments);
  g_assert_cmpuint (device->used_bytes, ==, 0);
  g_assert_cmpuint (device->n_views, ==, 0);
  g_assert_cmpuint (device->n_fences, ==, 0);
  pthread_mutex_destroy (&device->lock);
}

static bool
consume (atomic_int *count)
{
  int left = atomic_load (count);

  while (left > 0) {
    if (atomic_compare_exchange_weak (count, &left, left - 1))
      return true;
  }
  return false;
}

static OrfStatus
create (void *self, size_t bytes, void **memory)
{
  FakeDevice *device = self;
  FakeSegment *segment = NULL;

  if (consume (&device->fail_creates))
    return ORF_STATUS_FAILED;
  pthread_mutex_lock (&device->lock);
  if (bytes <= device->capacity_bytes - device->used_bytes) {
    segment = calloc (1, sizeof *segment + bytes / FAKE_GRANULE_BYTES);
    segment->bytes = bytes;
    segment->after = device->segments;
    if (device->segments != NULL)
      device->segments->before = segment;
    device->segments = segment;
    device->used_bytes += bytes;
  }
  pthread_mutex_unlock (&device->lock);
  atomic_fetch_add (segment != NULL ? &device->n_created : &device->n_refused, 1);
  if (segment == NULL)
    return ORF_STATUS_NO_MEMORY;
  *memory = segment;
  return ORF_STATUS_OK;
}

static void
destroy (void *self, void *memory)
{
  FakeDevice *device = self;
  FakeSegment *segment = memory;

  while (atomic_load (&device->hold_destroys))
    sched_yield ();
  pthread_mutex_lock (&device->lock);
  if (segment->before != NULL)
    segment->before->after = segment->after;
  else
    device->segments = segment->after;
  if (segment->after != NULL)
    segment->after->before = segment->before;
  device->used_bytes -= segment->bytes;
  pthread_mutex_unlock (&device->lock);
  free (segment);
}

static OrfStatus
create_view (void *self, void *memory, size_t offset, size_t bytes, void **view)
{
  FakeDevice *device = self;
  FakeView *made;

  if (consume (&device->fail_views))
    return ORF_STATUS_FAILED;
  made = calloc (1, sizeof *made);
  *made = (FakeView){ memory, offset, bytes };
  atomic_fetch_add (&device->n_views, 1);
  *view = made;
  return ORF_STATUS_OK;
}

static void
destroy_view (void *self, void *view)
{
  atomic_fetch_sub (&((FakeDevice *) self)->n_views, 1);
  free (view);
}

static bool
is_done (void *self, void *fence)
{
  return atomic_load (&((FakeFence *) fence)->is_done);
}

static void
wait (void *self, void *fence)
{
  atomic_fetch_add (&((FakeDevice *) self)->n_waited, 1);
  atomic_store (&((FakeFence *) fence)->is_done, true);
}

static void
destroy_fence (void *self, void *fence)
{
  atomic_fetch_sub (&((FakeDevice *) self)->n_fences, 1);
  free (fence);
}

static void
trimmed (void *self)
{
  atomic_fetch_add (&((FakeDevice *) self)->n_trimmed, 1);
}

static void
free_self (void *self)
{
  atomic_fetch_add (&((FakeDevice *) self)->n_freed, 1);
}

OrfGpuBackend
fake_device_get_backend (FakeDevice *device)
{
  return (OrfGpuBackend){
    .self = device,
    .create = create,
    .destroy = destroy,
    .create_view = create_view,
    .destroy_view = destroy_view,
    .is_done = is_done,
    .wait = wait,
    .destroy_fence = destroy_fence,
    .trimmed = trimmed,
    .free_self = free_self,
  };
}

FakeFence *
fake_fence_new (FakeDevice *device)
{
  FakeFence *fence = calloc (1, sizeof *fence);

  atomic_fetch_add (&device->n_fences, 1);
  return fence;
}
