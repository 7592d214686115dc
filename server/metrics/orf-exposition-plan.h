/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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

typedef struct {
  const OrfSeries *series; /* the registry's */
  char *labels;            /* NULL: as in its canonical text */
  OrfExposedPart part;
} OrfExposedSeries;

typedef struct {
  char *name;       /* without _total */
  const char *unit; /* static; "": none */
  OrfSeriesKind kind;
  char *help;
  double multiply, divide;
  gboolean negative; /* a histogram that has bounds below 0 */
  GArray *series;    /* OrfExposedSeries; of a histogram by labels, each its buckets by bound, its
                      * sum and its count */
} OrfExposedFamily;

/* Of OrfExposedFamily, by name. */
GPtrArray *orf_exposition_plan_new (OrfRegistry *registry, OrfHistogramBases *bases);

/* For those who make one. */
OrfExposedFamily *orf_exposed_family_new (OrfSeriesKind kind);
void orf_exposed_family_free (OrfExposedFamily *family);

G_END_DECLS
