/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gmodule.h>

G_BEGIN_DECLS

/*
 * NVIDIA's management library as far as we ask it, loaded at run time.  Names, numbers and layouts
 * are those of its published interface; calls that a driver does not have are NULL.
 */
typedef struct _OrfNvmlHandle *OrfNvmlHandle; /* a device, or a part of one (MIG) */
typedef struct _OrfNvmlSet *OrfNvmlSet;       /* of events */

/* What calls return. */
#define ORF_NVML_OK                0
#define ORF_NVML_NOT_SUPPORTED     3
#define ORF_NVML_NO_PERMISSION     4
#define ORF_NVML_NOT_FOUND         6
#define ORF_NVML_INSUFFICIENT_SIZE 7
#define ORF_NVML_TIMEOUT           10
#define ORF_NVML_NO_FUNCTION       13
#define ORF_NVML_LOST              15

#define ORF_NVML_EVENT_XID G_GUINT64_CONSTANT (8)
/* of gpu_instance and compute_instance: none */
#define ORF_NVML_NO_INSTANCE G_MAXUINT32
/* of a process's memory: not told */
#define ORF_NVML_NOT_AVAILABLE G_MAXUINT64
/* Larger numbers are none, and could not be told on: integers are within 2^53. */
#define ORF_NVML_MAX_VALUE (G_GUINT64_CONSTANT (1) << 53)

typedef struct {
  guint64 total, free, used;
} OrfNvmlMemory;

typedef struct {
  guint32 version;
  guint64 total, reserved, free, used;
} OrfNvmlMemory2;
#define ORF_NVML_MEMORY2_VERSION ((guint32) (sizeof (OrfNvmlMemory2) | 2u << 24))

typedef struct {
  guint32 gpu_percent, memory_percent;
} OrfNvmlUtilization;

typedef struct {
  char legacy_id[16];
  guint32 domain, bus, device, device_id, subsystem_id;
  char id[32]; /* in the call's second version: reserved */
} OrfNvmlPci;

typedef struct {
  guint64 reference_us, violation_ns;
} OrfNvmlViolation;

typedef struct {
  guint32 field, scope;
  gint64 t_us, latency_us;
  guint32 type; /* 0: double, 1: unsigned 32 bits, 2 and 3: unsigned 64 */
  gint32 rc;
  union {
    double number;
    guint32 u32;
    guint64 u64;
  } value;
} OrfNvmlField;
#define ORF_NVML_FIELD_MEMORY_TEMPERATURE 82
#define ORF_NVML_FIELD_PCIE_SENT_BYTES    197
#define ORF_NVML_FIELD_PCIE_RECEIVED      198

/* Its first version ends before gpu_instance. */
typedef struct {
  OrfNvmlHandle device;
  guint64 type, data;
  guint32 gpu_instance, compute_instance;
} OrfNvmlEvent;

/* How busy a process kept the device, by the driver's last sample of it. */
typedef struct {
  guint32 pid;
  guint64 t_us;
  guint32 sm_percent, memory_percent, encoder_percent, decoder_percent;
} OrfNvmlProcessUse;

typedef int (*OrfNvmlProcessCall) (OrfNvmlHandle, guint32 *n, gpointer processes);

/* A call in the versions that there are, and the size of a row in each. */
typedef struct {
  OrfNvmlProcessCall v3, v2; /* 24 bytes a row; 32 in some drivers of the 535 line */
  OrfNvmlProcessCall v1;     /* 16 */
} OrfNvmlProcessCalls;

typedef struct {
  GModule *module;
  int (*init) (void);
  int (*shutdown) (void);
  const char *(*error_string) (int);
  int (*driver_version) (char *, guint32);
  int (*process_name) (guint32 pid, char *, guint32);
  int (*device_count) (guint32 *);
  int (*device_by_index) (guint32, OrfNvmlHandle *);

  int (*name) (OrfNvmlHandle, char *, guint32);
  int (*uuid) (OrfNvmlHandle, char *, guint32);
  int (*pci) (OrfNvmlHandle, OrfNvmlPci *);
  int (*mig_mode) (OrfNvmlHandle, guint32 *current, guint32 *pending);
  int (*mig_count) (OrfNvmlHandle, guint32 *);
  int (*mig_by_index) (OrfNvmlHandle, guint32, OrfNvmlHandle *);
  int (*gpu_instance) (OrfNvmlHandle, guint32 *);

  int (*memory) (OrfNvmlHandle, OrfNvmlMemory *);
  int (*memory2) (OrfNvmlHandle, OrfNvmlMemory2 *);
  int (*utilization) (OrfNvmlHandle, OrfNvmlUtilization *);
  int (*encoder) (OrfNvmlHandle, guint32 *percent, guint32 *period_us);
  int (*decoder) (OrfNvmlHandle, guint32 *percent, guint32 *period_us);
  int (*fan) (OrfNvmlHandle, guint32 *percent);
  int (*temperature) (OrfNvmlHandle, guint32 sensor, guint32 *celsius);
  int (*power) (OrfNvmlHandle, guint32 *milliwatts);
  int (*power_limit) (OrfNvmlHandle, guint32 *milliwatts);
  int (*energy) (OrfNvmlHandle, guint64 *millijoules);
  int (*clock) (OrfNvmlHandle, guint32 kind, guint32 *mhz);
  int (*throttle_reasons) (OrfNvmlHandle, guint64 *);
  int (*violation) (OrfNvmlHandle, guint32 policy, OrfNvmlViolation *);
  int (*pcie_replays) (OrfNvmlHandle, guint32 *);
  int (*pcie_throughput) (OrfNvmlHandle, guint32 counter, guint32 *kb_per_s);
  int (*fields) (OrfNvmlHandle, int n, OrfNvmlField *);
  int (*ecc_errors) (OrfNvmlHandle, guint32 kind, guint32 counter, guint64 *);
  int (*remapped_rows) (
    OrfNvmlHandle, guint32 *corrected, guint32 *uncorrected, guint32 *pending, guint32 *failed);
  int (*retired_pages) (OrfNvmlHandle, guint32 cause, guint32 *n, guint64 *addresses);
  int (*retirement_pending) (OrfNvmlHandle, guint32 *);
  OrfNvmlProcessCalls compute, graphics, mps;
  int (*process_use) (OrfNvmlHandle, OrfNvmlProcessUse *, guint32 *n, guint64 since_us);

  int (*set_create) (OrfNvmlSet *);
  int (*set_free) (OrfNvmlSet);
  int (*set_wait) (OrfNvmlSet, OrfNvmlEvent *, guint32 timeout_ms);
  int (*event_types) (OrfNvmlHandle, guint64 *);
  int (*register_events) (OrfNvmlHandle, guint64 types, OrfNvmlSet);
} OrfNvml;

/* Loads path, or libnvidia-ml.so.1 (NULL), and initialises it.  UNAVAILABLE with a reason where
 * there is no library or driver. */
OrfNvml *orf_nvml_open (const char *path, GError **error);
void orf_nvml_free (OrfNvml *nvml);

/* What a call's return means, for a person. */
const char *orf_nvml_describe (OrfNvml *nvml, int rc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNvml, orf_nvml_free)

G_END_DECLS
