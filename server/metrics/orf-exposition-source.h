/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-sheet.h"

G_BEGIN_DECLS

/*
 * Where the values of a sheet's lines come from: the registry's series.  Main context.
 */

/* A gauge that was not measured for as long is not known any more.  Prometheus takes a series for
 * gone after as long, too. */
#define ORF_EXPOSITION_STALE_US (300 * G_GINT64_CONSTANT (1000000))

typedef struct {
  const OrfSeries *series; /* the registry's */
  guint8 gauge;
  guint8 counted;   /* one of a histogram's counters */
  guint8 exemplary; /* OpenMetrics lets it have an exemplar, and it is ours */
} OrfExpositionSource;

/* Of OrfExpositionSource, in the order of the sheet that is made of plan; valid as long as plan. */
GArray *orf_exposition_sources_new (const GPtrArray *plan);
/* Of double: NAN where there is none to tell. */
GArray *orf_exposition_sources_read (const GArray *sources, gint64 now_us);

G_END_DECLS
