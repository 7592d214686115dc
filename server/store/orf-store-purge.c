/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-purge.h"

typedef struct {
  gint64 rowid, t_us;
} Row;

typedef enum {
  FATE_GOES,
  FATE_PINNED,
  FATE_AHEAD, /* of the clock, and nothing after it is old */
  FATE_STAYS, /* and so does what came after it */
} Fate;

void
orf_purge_restart (OrfPurge *purge)
{
  purge->rowid = purge->old_rowid = purge->ahead_rowid = 0;
}

static gboolean
scan (OrfPurge *purge, OrfConnection *connection, gint64 rowid, GArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, purge->scan_sql, error);
  gboolean more = TRUE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rowid);
  while (orf_connection_step (connection, statement, &more, error)) {
    Row row;

    if (!more)
      return TRUE;
    row = (Row){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1) };
    g_array_append_val (rows, row);
  }
  return FALSE;
}

static gboolean
drop (
  OrfPurge *purge, OrfConnection *connection, gint64 first_rowid, gint64 last_rowid, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;

  if (first_rowid == 0)
    return TRUE;
  statement = orf_connection_prepare (connection, purge->drop_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, first_rowid);
  sqlite3_bind_int64 (statement, 2, last_rowid);
  return orf_connection_run (connection, statement, error);
}

static Fate
judge (const OrfPurge *purge, const OrfPurgeLimits *limits, const Row *row)
{
  gboolean ahead = row->t_us > limits->ahead_us;
  OrfPinnedWindow window;

  if (row->t_us >= limits->before_us && row->rowid > limits->trim_to_rowid &&
      !(ahead && row->rowid < purge->old_rowid))
    return ahead ? FATE_AHEAD : FATE_STAYS;
  return limits->pins != NULL && orf_pins_find (limits->pins, row->t_us, row->t_us + 1, &window)
           ? FATE_PINNED
           : FATE_GOES;
}

/* Rows ahead of the clock that were let pass are looked at again once something after them is old,
 * or they are not ahead any more (the clock was behind). */
static gboolean
go_back (OrfPurge *purge, const OrfPurgeLimits *limits, const Row *first_ahead)
{
  if (purge->ahead_rowid == 0 || (purge->old_rowid < purge->ahead_rowid &&
                                  (first_ahead == NULL || first_ahead->t_us > limits->ahead_us)))
    return FALSE;
  purge->rowid = purge->ahead_rowid - 1;
  purge->ahead_rowid = 0;
  return TRUE;
}

static gboolean
look_back (OrfPurge *purge, OrfConnection *connection, const OrfPurgeLimits *limits, GError **error)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));

  if (purge->ahead_rowid == 0)
    return TRUE;
  if (!scan (purge, connection, purge->ahead_rowid - 1, rows, error))
    return FALSE;
  go_back (purge, limits, rows->len > 0 ? &g_array_index (rows, Row, 0) : NULL);
  return TRUE;
}

/* Drops what goes among rows, in runs; *on: FALSE at the first that stays. */
static gboolean
sift (OrfPurge *purge,
      OrfConnection *connection,
      const OrfPurgeLimits *limits,
      const GArray *rows,
      gboolean *on,
      GError **error)
{
  gint64 first = 0, last = 0; /* the run that goes */

  *on = TRUE;
  for (guint i = 0; i < rows->len && *on; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    Fate fate = judge (purge, limits, row);

    if (fate == FATE_GOES) {
      first = first == 0 ? row->rowid : first;
      last = row->rowid;
    } else {
      if (!drop (purge, connection, first, last, error))
        return FALSE;
      first = 0;
    }
    if (fate == FATE_AHEAD && purge->ahead_rowid == 0)
      purge->ahead_rowid = row->rowid;
    *on = fate != FATE_STAYS;
    if (*on)
      purge->rowid = row->rowid;
  }
  return drop (purge, connection, first, last, error);
}

gboolean
orf_purge_step (OrfPurge *purge,
                OrfConnection *connection,
                const OrfPurgeLimits *limits,
                gboolean *more,
                GError **error)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));
  gboolean on;

  if (!look_back (purge, connection, limits, error) ||
      !scan (purge, connection, purge->rowid, rows, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    if (g_array_index (rows, Row, i).t_us < limits->before_us)
      purge->old_rowid = MAX (purge->old_rowid, g_array_index (rows, Row, i).rowid);
  if (go_back (purge, limits, NULL)) {
    *more = TRUE;
    return TRUE;
  }
  if (!sift (purge, connection, limits, rows, &on, error))
    return FALSE;
  *more = on && rows->len == ORF_PURGE_ROWS;
  return TRUE;
}
