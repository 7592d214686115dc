/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_OPENCL_H
#define ORFEAS_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include <orfeas/gpu-pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* liborfeas-opencl: OrfGpuPool on OpenCL 1.2 and later. */

/*
 * A pool of buffers of a context that are meant for one of its devices; it holds a reference to the
 * context.  limit_bytes as for orf_gpu_pool_new().  A segment is made by clCreateBuffer and
 * migrated to the device at once, on a queue of the pool's own: most drivers take memory only when
 * a buffer is first used, and it is the allocation that has to fail, not a kernel.
 *
 * A block is used as a cl_mem: a sub-buffer at a multiple of CL_DEVICE_MEM_BASE_ADDR_ALIGN, so a
 * kernel takes it as it takes a buffer, and its first byte is the block's.  It is made when a block
 * is first given out and kept with it: a block from the cache costs no call of OpenCL.
 *
 * A fence is a cl_event; orf_gpu_pool_release_after() takes over one reference.
 */
OrfStatus orf_opencl_pool_new (cl_context context,
                               cl_device_id device,
                               uint64_t limit_bytes,
                               OrfGpuPool **pool);

/* Borrowed, for clSetKernelArg, clEnqueue…; of orf_gpu_block_get_bytes() bytes. */
static inline cl_mem
orf_opencl_get_mem (const OrfGpuBlock *block)
{
  return (cl_mem) orf_gpu_block_get_view (block);
}

/* The id by which the daemon knows the device ("pci-0000:01:00.0", "opencl-10c46384"), for
 * orf_worker_new(): at most size bytes with the NUL; 64 are enough.  INVALID where they are not. */
OrfStatus orf_opencl_get_device_id (cl_device_id device, char *id, size_t size);

#ifdef __cplusplus
}
#endif

#endif
