/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-plan.h"

G_BEGIN_DECLS

/*
 * A histogram's counters, gathered: by its labels, the buckets by bound, the sum, the count.
 */
typedef struct _OrfExpositionHistogram OrfExpositionHistogram;

/* NAME_bucket, NAME_sum, NAME_count of a counter's name: which part, and how long NAME is.
 * ORF_EXPOSED_VALUE: none. */
OrfExposedPart orf_exposition_histogram_split (const char *name, gsize *base_length);

/* family outlives it. */
OrfExpositionHistogram *orf_exposition_histogram_new (const OrfFamily *family);
void orf_exposition_histogram_free (OrfExpositionHistogram *histogram);
void orf_exposition_histogram_add (OrfExpositionHistogram *histogram,
                                   OrfExposedPart part,
                                   const OrfSeries *series);
/* Those that are whole. */
void orf_exposition_histogram_expose (OrfExpositionHistogram *histogram, OrfExposedFamily *exposed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExpositionHistogram, orf_exposition_histogram_free)

G_END_DECLS
