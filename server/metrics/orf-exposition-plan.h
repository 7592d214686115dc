/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-names.h"
#include "metrics/orf-histogram-bases.h"

G_BEGIN_DECLS

/*
 * Which of the active series are told to Prometheus, under which names: families by name, none
 * twice, and no series twice.  A function of the active series and their definitions alone, valid
 * until one of them changes.
 */
typedef enum {
  ORF_EXPOSED_VALUE,
  ORF_EXPOSED_BUCKET,
  ORF_EXPOSED_SUM,
  ORF_EXPOSED_COUNT,
} OrfExposedPart;

/* What stands behind the name of the family. */
const char *orf_exposed_part_get_ending (OrfExposedPart part, OrfSeriesKind kind);

typedef struct {
  const OrfSeries *series; /* the registry's */
  const char *labels;      /* as they are told: the end of its canonical text, or its own */
  OrfExposedPart part;
  gboolean owns_labels;
} OrfExposedSeries;

typedef struct {
  const OrfExposedName *name;
  gboolean negative; /* a histogram that has bounds below 0 */
  GArray *series;    /* OrfExposedSeries; of a histogram by labels, each its buckets by bound, its
                      * sum and its count */
} OrfExposedFamily;

/* own_labels: taken; NULL: as they stand in the series' canonical text. */
void orf_exposed_family_add (OrfExposedFamily *family,
                             const OrfSeries *series,
                             OrfExposedPart part,
                             char *own_labels);

/* Of OrfExposedFamily, by name; names outlives it. */
GPtrArray *orf_exposition_plan_new (OrfRegistry *registry,
                                    OrfHistogramBases *bases,
                                    OrfExpositionNames *names);

G_END_DECLS
