/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/gpu-pool.h>
#include <pthread.h>
#include <stdatomic.h>

/* A device of the test's own: so many bytes, no memory behind them.  Its segments know which thread
 * has which granule, so that a block given to two is seen at once. */

#define FAKE_GRANULE_BYTES 512

typedef struct FakeSegment FakeSegment;
struct FakeSegment {
  size_t bytes;
  FakeSegment *before, *after;
  atomic_uchar owners[]; /* a granule each, 0: nobody */
};

typedef struct {
  FakeSegment *segment;
  size_t offset;
  size_t bytes;
} FakeView;

typedef struct {
  atomic_bool is_done;
} FakeFence;

typedef struct {
  pthread_mutex_t lock; /* of the list and the capacity */
  FakeSegment *segments;
  uint64_t capacity_bytes;
  uint64_t used_bytes;
  atomic_int fail_creates; /* so many of the next fail for another reason than memory */
  atomic_int fail_views;
  atomic_bool hold_destroys; /* until it is false again */
  atomic_uint n_created, n_refused, n_views, n_fences, n_waited, n_trimmed, n_freed;
} FakeDevice;

void fake_device_init (FakeDevice *device, uint64_t capacity_bytes);
/* Asserts that everything came back. */
void fake_device_clear (FakeDevice *device);
OrfGpuBackend fake_device_get_backend (FakeDevice *device);
FakeFence *fake_fence_new (FakeDevice *device);
