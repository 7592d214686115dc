/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-sample-batch.h"

#include <malloc.h>
#include <math.h>

OrfSampleBatch *
orf_sample_batch_new (guint expected)
{
  OrfSampleBatch *batch = g_new0 (OrfSampleBatch, 1);

  batch->samples = g_array_sized_new (FALSE, FALSE, sizeof (OrfSample), expected);
  batch->new_series = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  return batch;
}

void
orf_sample_batch_free (OrfSampleBatch *batch)
{
  if (batch == NULL)
    return;
  g_array_unref (batch->samples);
  g_ptr_array_unref (batch->new_series);
  g_free (batch);
}

void
orf_sample_batch_add (OrfSampleBatch *batch, gint64 t_us, gint64 series_id, double value)
{
  OrfSample sample = { t_us, series_id, value };

  /* SQLite has no NaN: it would store NULL, and what is unknown is no sample. */
  if (!isnan (value))
    g_array_append_val (batch->samples, sample);
}

gsize
orf_sample_batch_measure (const OrfSampleBatch *batch)
{
  gsize bytes = sizeof *batch + sizeof *batch->samples + malloc_usable_size (batch->samples->data);

  for (guint i = 0; i < batch->new_series->len; i++)
    bytes += orf_series_row_measure (batch->new_series->pdata[i]);
  return bytes;
}

void
orf_sample_batch_move_series (OrfSampleBatch *batch, GPtrArray *rows)
{
  while (batch->new_series->len > 0)
    g_ptr_array_add (rows, g_ptr_array_steal_index (batch->new_series, 0));
}
