/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "metrics/orf-exposition-plan.h"

G_BEGIN_DECLS

/*
 * All of a page but its values: what a plan comes to, with nothing of the registry in it, so that
 * the page can be written in another thread.  Whoever has it owns it alone.
 */

/* One sample. */
typedef struct {
  guint32 start; /* in OrfExpositionSheet.lines: NAME{LABELS} and a blank */
  guint32 length;
  guint32 part; /* OrfExposedPart */
} OrfSheetLine;

typedef struct {
  char *heads[ORF_EXPOSITION_N_FORMATS]; /* HELP, TYPE, UNIT */
  guint first, n;                        /* its lines */
  OrfSeriesKind kind;
  double multiply, divide; /* of values and sums */
  gboolean negative;       /* a histogram that has bounds below 0 */
} OrfSheetFamily;

typedef struct {
  GArray *families; /* OrfSheetFamily */
  GArray *entries;  /* OrfSheetLine */
  GByteArray *lines;
} OrfExpositionSheet;

/* plan: OrfExposedFamily; not kept. */
OrfExpositionSheet *orf_exposition_sheet_new (const GPtrArray *plan);
void orf_exposition_sheet_free (OrfExpositionSheet *sheet);
gsize orf_exposition_sheet_get_size_bytes (const OrfExpositionSheet *sheet);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExpositionSheet, orf_exposition_sheet_free)

G_END_DECLS
