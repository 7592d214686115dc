/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "metrics/orf-sampler.h"
#include "orf-schema-config.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Device memory that belongs to no living process: what the driver still counts for one that has
 * ended, and what is in use beyond all that processes have.  Main context.
 */
typedef struct _OrfOrphans OrfOrphans;

typedef struct {
  gint64 used_bytes;
  gint64 since_us;
  gint64 pid; /* that has ended; -1: nobody knows whose it is */
  char *name; /* of the process; NULL: not told */
} OrfOrphan;

typedef struct {
  char *device;
  GPtrArray *orphans;  /* OrfOrphan that have been so for long enough */
  const char *unknown; /* why nothing can be told of memory that no process has; NULL: it can */
} OrfDeviceOrphans;

/* is_alive: whether there is such a process; NULL: /proc says so. */
OrfOrphans *orf_orphans_new (gboolean (*is_alive) (gint64 pid));
void orf_orphans_free (OrfOrphans *orphans);

/* Each sample of a device; NULL: its probe left it out.  backend: of its probe, which tells whose
 * numbers of processes it has. */
void orf_orphans_look (OrfOrphans *orphans,
                       const char *device,
                       const char *backend,
                       const OrfProbeDeviceSample *sample,
                       gint64 now_us);

/* OrfDeviceOrphans, in the order in which devices were seen first; borrowed until the next look. */
GPtrArray *orf_orphans_get_devices (OrfOrphans *orphans);
/* Their sums go into frames from then on; it is freed after the sampler. */
void orf_orphans_join (OrfOrphans *orphans, OrfSampler *sampler, const OrfConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOrphans, orf_orphans_free)

G_END_DECLS
