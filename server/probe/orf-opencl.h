/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gmodule.h>

G_BEGIN_DECLS

/*
 * Facts about OpenCL devices, read through the ICD loader and without a context: on NVIDIA a
 * context alone takes hundreds of MiB of the very memory that is watched.
 *
 * A plain value of fixed size, so that a process which has let go of the library can keep it.
 */
typedef struct {
  char id[64]; /* stable and opaque, see orf_opencl_open() */
  char name[256];
  char vendor[128];
  char version[128];        /* of the driver */
  gint64 total_bytes;       /* CL_DEVICE_GLOBAL_MEM_SIZE */
  gboolean unified;         /* the memory is the host's */
  gboolean has_free_memory; /* AMD: orf_opencl_read_free() works */
} OrfOpenclFacts;

typedef struct _OrfOpencl OrfOpencl;

/* Ends each text where its room or its UTF-8 does; they may be another process's. */
void orf_opencl_facts_end_texts (OrfOpenclFacts *facts);

/* Loads the library and reads the facts of every device: accelerators first, CPUs last, else in the
 * order of platforms.  UNAVAILABLE with a reason when there is no library, platform or device.
 *
 * A device's id is "pci-DDDD:BB:DD.F" where the driver tells the bus address (cl_khr_pci_bus_info,
 * cl_amd_device_attribute_query, cl_nv_device_attribute_query), else "uuid-HEX"
 * (cl_khr_device_uuid), else "opencl-HEX", HEX a hash of platform and device name, with "-N" for
 * the second and later of the same.  A device that two platforms offer is told once. */
OrfOpencl *orf_opencl_open (GError **error);
void orf_opencl_free (OrfOpencl *opencl);

/* Of OrfOpenclFacts; borrowed. */
GArray *orf_opencl_get_facts (OrfOpencl *opencl);
/* Bytes free, and in the largest free block.  Only where has_free_memory. */
gboolean
orf_opencl_read_free (OrfOpencl *opencl, guint index, gint64 *free_bytes, gint64 *largest_bytes);

/* For those who need more of the library: its module, and the cl_device_id. */
GModule *orf_opencl_get_module (OrfOpencl *opencl);
gpointer orf_opencl_get_device (OrfOpencl *opencl, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOpencl, orf_opencl_free)

G_END_DECLS
