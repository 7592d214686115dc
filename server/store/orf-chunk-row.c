/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-chunk-row.h"

#include "history/orf-chunk-codec.h"

#define CODEC 1

static char *
judge_data (sqlite3_stmt *row)
{
  const guint8 *data = sqlite3_column_blob (row, 9);
  gsize length = (gsize) sqlite3_column_bytes (row, 9);
  g_autoptr (GError) failure = NULL;
  OrfChunkInfo info;

  if (!orf_chunk_peek (data, length, &info, &failure))
    return g_strdup (failure->message);
  if (sqlite3_column_int64 (row, 8) != orf_chunk_get_checksum (data))
    return g_strdup ("its checksum is not the one that its row tells");
  if (info.first_us != sqlite3_column_int64 (row, 2) ||
      info.last_us != sqlite3_column_int64 (row, 3))
    return g_strdup ("its times are not those that its row tells");
  if (info.count != sqlite3_column_int64 (row, 4))
    return g_strdup_printf ("it has %u samples, and its row tells of %" G_GINT64_FORMAT, info.count,
                            (gint64) sqlite3_column_int64 (row, 4));
  if (info.min != sqlite3_column_double (row, 5) || info.max != sqlite3_column_double (row, 6))
    return g_strdup ("its range is not the one that its row tells");
  return NULL;
}

char *
orf_chunk_row_judge (sqlite3_stmt *row)
{
  gint64 series_id = sqlite3_column_int64 (row, 1);

  if (series_id != (sqlite3_column_int64 (row, 0) & G_MAXUINT32))
    return g_strdup_printf ("its id is not that of its series, %" G_GINT64_FORMAT, series_id);
  if (sqlite3_column_int64 (row, 7) != CODEC)
    return g_strdup_printf ("codec %d is none", sqlite3_column_int (row, 7));
  return judge_data (row);
}
