/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How what a batch takes may grow with its size: base + a curve of the size, with a noise that may
 * grow with it too.  None of them flattens: items that take less and less each are rare, and a
 * curve that flattens where little was seen would allow anything.  A value.
 */

typedef enum {
  ORF_BATCH_SHAPE_LINEAR,
  ORF_BATCH_SHAPE_QUADRATIC, /* both: activations, and attention over them */
  ORF_BATCH_SHAPE_SQUARE,    /* attention alone */
  ORF_BATCH_SHAPE_LOG_LINEAR,
  ORF_BATCH_SHAPE_POWER_3_2,
} OrfBatchShape;

#define ORF_BATCH_N_SHAPES (ORF_BATCH_SHAPE_POWER_3_2 + 1)

/* padding of OrfBatchLaw: a batch is run as the next power of two */
#define ORF_BATCH_PADDING_POWERS 0

/* base, and at most two of its curve */
#define ORF_BATCH_MAX_COEFFICIENTS 3

typedef struct {
  OrfBatchShape shape;
  guint padding; /* sizes are run as the next multiple of it; 1: as they are */
  double noise;  /* spread grows with this power of the value: 0, 0.5 or 1 */
} OrfBatchLaw;

/* base and curve together: 2 or 3 */
guint orf_batch_law_count (const OrfBatchLaw *law);

/* The terms that the coefficients multiply; scale: a size that is about 1 afterwards. */
void orf_batch_law_fill_terms (const OrfBatchLaw *law, double size, double scale, double *terms);

/* "linear", "quadratic in steps of 8" */
char *orf_batch_law_dup_text (const OrfBatchLaw *law);

G_END_DECLS
