/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-raw.h"

static const char bounds_sql[] = "SELECT coalesce((SELECT min(rowid) FROM sample_raw), 0), "
                                 "coalesce((SELECT max(rowid) FROM sample_raw), 0)";
static const char read_sql[] = "SELECT rowid, t_us, series_id, value FROM sample_raw "
                               "WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?";

gboolean
orf_raw_get_bounds (OrfConnection *connection, gint64 *first, gint64 *last, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, bounds_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *first = sqlite3_column_int64 (statement, 0);
  *last = sqlite3_column_int64 (statement, 1);
  return TRUE;
}

gboolean
orf_raw_read (OrfConnection *connection,
              gint64 from,
              gint64 to,
              guint max,
              GArray *samples,
              gint64 *last,
              GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, from);
  sqlite3_bind_int64 (statement, 2, to);
  sqlite3_bind_int64 (statement, 3, max);
  while (orf_connection_step (connection, statement, &row, error)) {
    OrfSample sample;

    if (!row)
      return TRUE;
    sample = (OrfSample){ sqlite3_column_int64 (statement, 1), sqlite3_column_int64 (statement, 2),
                          sqlite3_column_double (statement, 3) };
    g_array_append_val (samples, sample);
    *last = sqlite3_column_int64 (statement, 0);
  }
  return FALSE;
}
