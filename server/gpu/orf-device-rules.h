/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What a device's sample says that somebody should know: errors of its driver (XID) and memory,
 * throttling, loss.  Pure: what was counted before and a sample in, findings out, by the order of
 * the rules.
 */

/* Counters of the sample before; -1: not told yet, so that nothing is known to have grown. */
typedef struct {
  gint64 ecc_corrected, ecc_uncorrected;
  gint64 retired_pages;
} OrfDeviceCounters;

#define ORF_DEVICE_COUNTERS_NONE ((OrfDeviceCounters){ -1, -1, -1 })

/* Something that is so, or has just happened. */
typedef struct {
  const char *kind; /* xid, ecc, retired_pages, throttle, lost; static */
  char key[48];     /* tells apart what may be so at once, together with kind */
  OrfSeverity severity;
  gint64 code; /* the driver's; -1: there is none */
  char *text;
  gint64 hold_us;  /* so long it must have been so before it is worth telling */
  gint64 quiet_us; /* and so long not, before it is over */
} OrfDeviceFinding;

void orf_device_finding_free (OrfDeviceFinding *finding);

/* sample NULL: its probe answered, and left it out.  OrfDeviceFinding; counters are those of this
 * sample then. */
GPtrArray *orf_device_rules_find (OrfDeviceCounters *counters, const OrfProbeDeviceSample *sample);

G_END_DECLS
