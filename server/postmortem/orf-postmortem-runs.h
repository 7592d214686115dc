/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* For how long values of a series were within bounds.  Pure. */
typedef struct {
  gint64 from_us, to_us; /* what began before is told from from_us on */
  double at_least, at_most;
  gint64 apart_us; /* two that are less than that apart are one */
  guint max;       /* later ones are left out */
} OrfPostmortemRunSpec;

typedef struct {
  gint64 from_us;
  gint64 until_us; /* the first value that is not; -1: the last of the span is still within */
  double highest;
} OrfPostmortemRun;

/* points: OrfPoint by time.  OrfPostmortemRun by time. */
GArray *orf_postmortem_runs_find (const GArray *points, const OrfPostmortemRunSpec *spec);

G_END_DECLS
