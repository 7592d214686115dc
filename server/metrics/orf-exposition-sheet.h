/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "metrics/orf-exposition-plan.h"

G_BEGIN_DECLS

/*
 * All of a page but its values: what a plan comes to, with nothing of the registry in it, so that
 * the page can be written in another thread.  Whoever has it owns it alone; the names in it are not
 * changed while another thread has it.
 */

/* One sample. */
typedef struct {
  guint32 start; /* in OrfExpositionSheet.lines: NAME{LABELS} and a blank */
  guint32 length;
  guint32 part; /* OrfExposedPart */
} OrfSheetLine;

typedef struct {
  const OrfExposedName *name; /* scale is of values and sums */
  guint first, n;             /* its lines */
  gboolean negative;          /* a histogram that has bounds below 0 */
} OrfSheetFamily;

typedef struct {
  GArray *families; /* OrfSheetFamily */
  GArray *entries;  /* OrfSheetLine */
  GByteArray *lines;
} OrfExpositionSheet;

OrfExpositionSheet *orf_exposition_sheet_new (void);
/* plan: OrfExposedFamily; not kept, but for their names.  What was there before goes, its memory is
 * used again. */
void orf_exposition_sheet_fill (OrfExpositionSheet *sheet, const GPtrArray *plan);
void orf_exposition_sheet_free (OrfExpositionSheet *sheet);
gsize orf_exposition_sheet_get_size_bytes (const OrfExpositionSheet *sheet);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExpositionSheet, orf_exposition_sheet_free)

G_END_DECLS
