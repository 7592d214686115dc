/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-pack-step.h"

#include "history/orf-tier-reader.h"

static void
chunk_row_free_cb (gpointer data)
{
  OrfChunkRow *row = data;

  g_byte_array_unref (row->data);
  g_free (row);
}

OrfPackStep *
orf_pack_step_new (const OrfPacking *packing)
{
  OrfPackStep *step = g_new0 (OrfPackStep, 1);

  step->packing = *packing;
  step->block.min_t_us = G_MAXINT64;
  step->block.max_t_us = G_MININT64;
  step->chunks = g_ptr_array_new_with_free_func (chunk_row_free_cb);
  step->gone_chunks = g_array_new (FALSE, FALSE, sizeof (gint64));
  step->gone_blocks = g_array_new (FALSE, FALSE, sizeof (gint64));
  step->minutes = orf_rollup_array_new ();
  step->hours = orf_rollup_array_new ();
  step->falls = g_array_new (FALSE, FALSE, sizeof (OrfCounterFall));
  return step;
}

void
orf_pack_step_free (OrfPackStep *step)
{
  if (step == NULL)
    return;
  g_ptr_array_unref (step->chunks);
  g_array_unref (step->gone_chunks);
  g_array_unref (step->gone_blocks);
  g_array_unref (step->minutes);
  g_array_unref (step->hours);
  g_array_unref (step->falls);
  g_free (step);
}

gsize
orf_pack_step_measure (const OrfPackStep *step)
{
  gsize bytes = sizeof *step + (step->minutes->len + step->hours->len) * sizeof (OrfRollup) +
                step->gone_chunks->len * sizeof (gint64);

  for (guint i = 0; i < step->chunks->len; i++)
    bytes += sizeof (OrfChunkRow) + ((const OrfChunkRow *) step->chunks->pdata[i])->data->len;
  return bytes;
}

static void
count_block (OrfChunkBlock *block, const OrfChunkRow *row)
{
  block->min_t_us = MIN (block->min_t_us, row->start_us);
  block->max_t_us = MAX (block->max_t_us, row->end_us);
  block->chunks++;
  block->samples += row->count;
}

gboolean
orf_pack_step_add_chunk (OrfPackStep *step,
                         OrfChunkCodec *codec,
                         gint64 series_id,
                         const gint64 *times_us,
                         const double *values,
                         gsize count,
                         GError **error)
{
  g_autoptr (GByteArray) data = orf_chunk_codec_encode (codec, times_us, values, count, error);
  OrfChunkRow *row;

  if (data == NULL)
    return FALSE;
  row = g_new0 (OrfChunkRow, 1);
  row->id = ORF_TIER_CHUNK_ID (step->block.block, series_id);
  row->series_id = series_id;
  row->start_us = times_us[0];
  row->end_us = times_us[count - 1];
  row->count = (gint64) count;
  row->min = row->max = row->sum = values[0];
  for (gsize i = 1; i < count; i++) {
    row->min = MIN (row->min, values[i]);
    row->max = MAX (row->max, values[i]);
    row->sum += values[i];
  }
  row->checksum = orf_chunk_get_checksum (data->data);
  row->data = g_steal_pointer (&data);
  g_ptr_array_add (step->chunks, row);
  count_block (&step->block, row);
  return TRUE;
}
