/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-batch.h"

/* What a series' name and labels take, about: not worth counting each string. */
#define SERIES_BYTES 512

OrfOtlpSeries *
orf_otlp_series_new (void)
{
  return g_new0 (OrfOtlpSeries, 1);
}

void
orf_otlp_series_free (OrfOtlpSeries *series)
{
  if (series == NULL)
    return;
  g_free (series->name);
  g_free (series->unit);
  g_free (series->help);
  g_strfreev (series->labels);
  g_free (series);
}

OrfOtlpBatch *
orf_otlp_batch_new (void)
{
  OrfOtlpBatch *batch = g_new0 (OrfOtlpBatch, 1);

  batch->rows = g_array_new (FALSE, FALSE, sizeof (OrfOtlpRow));
  batch->new_series = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_otlp_series_free);
  return batch;
}

void
orf_otlp_batch_free (OrfOtlpBatch *batch)
{
  if (batch == NULL)
    return;
  g_array_unref (batch->rows);
  g_ptr_array_unref (batch->new_series);
  g_free (batch->reason);
  g_free (batch);
}

void
orf_otlp_batch_reject (OrfOtlpBatch *batch, const char *name, const char *message)
{
  batch->n_rejected++;
  if (batch->reason == NULL)
    batch->reason = g_strdup_printf ("metric %.200s: %s", name, message);
}

gsize
orf_otlp_batch_measure (const OrfOtlpBatch *batch)
{
  return sizeof *batch + batch->rows->len * sizeof (OrfOtlpRow) +
         batch->new_series->len * SERIES_BYTES;
}
