/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-check.h"

#include "history/orf-ids.h"
#include "orf-error.h"
#include "store/orf-check-tiers.h"

static const char integrity_sql[] = "PRAGMA integrity_check (100)";
static const char blocks_sql[] =
  "SELECT first_rowid, last_rowid, min_t_us, max_t_us FROM raw_block ORDER BY first_rowid";
static const char rows_sql[] = "SELECT rowid, t_us, series_id FROM sample_raw ORDER BY rowid";
static const char series_sql[] = "SELECT id FROM series ORDER BY id";

static gboolean
check_integrity (OrfConnection *connection, GPtrArray *problems, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, integrity_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  while (orf_connection_step (connection, statement, &row, error)) {
    const char *text;

    if (!row)
      return TRUE;
    text = (const char *) sqlite3_column_text (statement, 0);
    if (g_strcmp0 (text, "ok") != 0)
      g_ptr_array_add (problems, g_strdup (text));
  }
  return FALSE;
}

/* In order. */
static GArray *
load_ids (OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, series_sql, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean row;

  if (statement == NULL)
    return NULL;
  while (orf_connection_step (connection, statement, &row, error)) {
    gint64 id;

    if (!row)
      return g_steal_pointer (&ids);
    id = sqlite3_column_int64 (statement, 0);
    g_array_append_val (ids, id);
  }
  return NULL;
}

/* Both tables side by side: the run that a row belongs to is the first that does not end before it.
 */
typedef struct {
  OrfConnection *connection;
  OrfStatement *blocks;
  gboolean at_block;
  GArray *ids;             /* of gint64, in order */
  GHashTable *unknown_ids; /* gint64 *, told already */
  GPtrArray *problems;
} SampleCheck;

static gboolean
check_row (SampleCheck *self, OrfStatement *row, GError **error)
{
  gint64 rowid = sqlite3_column_int64 (row, 0), t_us = sqlite3_column_int64 (row, 1);
  gint64 id = sqlite3_column_int64 (row, 2);

  while (self->at_block && sqlite3_column_int64 (self->blocks, 1) < rowid)
    if (!orf_connection_step (self->connection, self->blocks, &self->at_block, error))
      return FALSE;
  if (self->problems->len >= ORF_CHECK_MAX_PROBLEMS)
    return TRUE;
  if (!self->at_block || rowid < sqlite3_column_int64 (self->blocks, 0))
    g_ptr_array_add (self->problems,
                     g_strdup_printf ("sample_raw row %" G_GINT64_FORMAT " is in no raw_block",
                                      rowid));
  else if (t_us < sqlite3_column_int64 (self->blocks, 2) ||
           t_us > sqlite3_column_int64 (self->blocks, 3))
    g_ptr_array_add (self->problems, g_strdup_printf ("sample_raw row %" G_GINT64_FORMAT
                                                      " is outside its raw_block's times",
                                                      rowid));
  if (!orf_ids_find (self->ids, id, NULL) &&
      g_hash_table_add (self->unknown_ids, g_memdup2 (&id, sizeof id)))
    g_ptr_array_add (self->problems,
                     g_strdup_printf ("sample_raw has samples of series %" G_GINT64_FORMAT
                                      ", which does not exist",
                                      id));
  return TRUE;
}

static gboolean
check_samples (OrfConnection *connection, GArray *ids, GPtrArray *problems, GError **error)
{
  g_autoptr (OrfStatement) blocks = orf_connection_prepare (connection, blocks_sql, error);
  g_autoptr (OrfStatement) rows = NULL;
  g_autoptr (GHashTable)
    unknown_ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  SampleCheck check = { connection, blocks, FALSE, NULL, unknown_ids, problems };
  gboolean row;

  if (blocks == NULL || (rows = orf_connection_prepare (connection, rows_sql, error)) == NULL ||
      !orf_connection_step (connection, blocks, &check.at_block, error))
    return FALSE;
  check.ids = ids;
  while (orf_connection_step (connection, rows, &row, error)) {
    if (!row)
      return TRUE;
    if (!check_row (&check, rows, error))
      return FALSE;
  }
  return FALSE;
}

static gboolean
check_contents (OrfConnection *connection, GPtrArray *problems, GError **error)
{
  g_autoptr (GArray) ids = load_ids (connection, error);

  return ids != NULL && check_samples (connection, ids, problems, error) &&
         orf_check_chunks (connection, ids, problems, error) &&
         orf_check_rollups (connection, ids, problems, error);
}

char **
orf_store_check_run (OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local = NULL;
  gboolean done;

  /* On a broken tree the samples would only tell the same again, or fail. */
  done = check_integrity (connection, problems, &local) &&
         (problems->len > 0 || check_contents (connection, problems, &local));
  if (!done && !g_error_matches (local, ORF_ERROR, ORF_ERROR_DATA_LOSS)) {
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  /* Damage that stops the check itself is what was looked for. */
  if (!done)
    g_ptr_array_add (problems, g_strdup (local->message));
  g_ptr_array_set_free_func (problems, NULL);
  g_ptr_array_add (problems, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&problems), FALSE);
}
