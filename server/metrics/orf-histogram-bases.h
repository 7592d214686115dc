/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * Which histogram a counter belongs to.  A histogram's own row gets no samples, so that it may be
 * retired while its counters are active: here its family is asked for, and held in memory, as long
 * as counters with its name are told.  Main context.
 */
typedef struct _OrfHistogramBases OrfHistogramBases;

typedef enum {
  ORF_HISTOGRAM_BASE_ASKED, /* the file is being asked */
  ORF_HISTOGRAM_BASE_NONE,
  ORF_HISTOGRAM_BASE_FOUND,
} OrfHistogramBaseState;

/* registry outlives it.  settled: what was asked for is known now. */
OrfHistogramBases *orf_histogram_bases_new (OrfRegistry *registry,
                                            void (*settled) (gpointer user_data),
                                            gpointer user_data);
void orf_histogram_bases_free (OrfHistogramBases *bases);

/* name: the histogram's, without _bucket; family, where found, is held until the round after the
 * last in which it was looked for. */
OrfHistogramBaseState
orf_histogram_bases_find (OrfHistogramBases *bases, const char *name, const OrfFamily **family);
/* Lets go of what was not looked for since the last time, and asks for what is not known. */
void orf_histogram_bases_end_round (OrfHistogramBases *bases);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHistogramBases, orf_histogram_bases_free)

G_END_DECLS
