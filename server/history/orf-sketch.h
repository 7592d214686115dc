/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far from the true value a quantile may be, as a share of it. */
#define ORF_SKETCH_ACCURACY 0.01

/*
 * Quantiles of many values in a few bytes, mergeable: a DDSketch (Masson, Rim, Lee, VLDB 2019);
 * doc/sketch-format.md.  The sketch of all values and the merged sketches of their parts are the
 * same, whatever the order.  A plain value: one thread at a time.
 */
typedef struct _OrfSketch OrfSketch;

OrfSketch *orf_sketch_new (void);
void orf_sketch_free (OrfSketch *self);

/* NAN adds nothing. */
void orf_sketch_add (OrfSketch *self, double value);
void orf_sketch_merge (OrfSketch *self, const OrfSketch *other);
/* How many values it is of. */
guint64 orf_sketch_get_count (const OrfSketch *self);
/* share: 0 to 1.  The value at rank ⌊share × (count − 1)⌋, within ORF_SKETCH_ACCURACY: it may lie
 * that far beyond the smallest and the largest value there is.  NAN of nothing. */
double orf_sketch_quantile (const OrfSketch *self, double share);

GByteArray *orf_sketch_encode (const OrfSketch *self);
/* DATA_LOSS: no sketch.  Holds 33 KiB at most, whatever the bytes say. */
OrfSketch *orf_sketch_decode (const guint8 *data, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSketch, orf_sketch_free)

G_END_DECLS
