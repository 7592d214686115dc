/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * Samples on their way to the file, with the series rows that the file may not have yet.  A plain
 * value: built in one context, given to the store, freed there.
 */
typedef struct {
  gint64 t_us;
  gint64 series_id;
  double value;
} OrfSample;

struct _OrfSampleBatch {
  GArray *samples; /* OrfSample */
  /* OrfSeriesRow, inserted before the samples where the id is not there yet.  Telling the store
   * once is enough: should the batch be refused, they come in with a later one. */
  GPtrArray *new_series;
};

OrfSampleBatch *orf_sample_batch_new (guint expected);
void orf_sample_batch_free (OrfSampleBatch *batch);
/* NAN adds nothing. */
void orf_sample_batch_add (OrfSampleBatch *batch, gint64 t_us, gint64 series_id, double value);
/* What malloc holds for it. */
gsize orf_sample_batch_measure (const OrfSampleBatch *batch);
/* Moves new_series to the end of rows, an array of OrfSeriesRow. */
void orf_sample_batch_move_series (OrfSampleBatch *batch, GPtrArray *rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSampleBatch, orf_sample_batch_free)

G_END_DECLS
