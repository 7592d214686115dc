/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-keys.h"

#include "orf-error.h"

static const char find_sql[] =
  "SELECT method, params_hash, response, created_us FROM idempotency WHERE key = ?";
/* OR REPLACE: a key found too old is used anew. */
static const char insert_sql[] =
  "INSERT OR REPLACE INTO idempotency (key, method, params_hash, response, created_us) "
  "VALUES (?,?,?,?,?)";
static const char audit_sql[] = "INSERT INTO audit (t_us, actor, method, detail) VALUES (?,?,?,?)";
static const char process_sql[] =
  "INSERT INTO gpu_process (t_us, device, pid, name, used_bytes) VALUES (?,?,?,?,?)";

gboolean
orf_keys_find (OrfConnection *connection,
               const OrfIdempotency *idempotency,
               gint64 before_us,
               char **response,
               GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, find_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, idempotency->key);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (!row || sqlite3_column_int64 (statement, 3) < before_us) {
    *response = NULL;
    return TRUE;
  }
  if (g_strcmp0 ((const char *) sqlite3_column_text (statement, 0), idempotency->method) != 0 ||
      (guint64) sqlite3_column_int64 (statement, 1) != idempotency->params_hash) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "the idempotency key was used for another request (%s)",
                 orf_statement_get_sure_text (statement, 0));
    return FALSE;
  }
  *response = orf_statement_dup_sure_text (statement, 2);
  return TRUE;
}

gboolean
orf_keys_insert (OrfConnection *connection,
                 const OrfIdempotency *idempotency,
                 gint64 age_us,
                 GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, idempotency->key);
  orf_statement_bind_text (statement, 2, idempotency->method);
  sqlite3_bind_int64 (statement, 3, (gint64) idempotency->params_hash);
  orf_statement_bind_text (statement, 4, idempotency->response_json);
  sqlite3_bind_int64 (statement, 5, age_us);
  return orf_connection_run (connection, statement, error);
}

gboolean
orf_audit_insert (OrfConnection *connection, const OrfAudit *audit, gint64 now_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, audit_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, now_us);
  orf_statement_bind_text (statement, 2, audit->actor);
  orf_statement_bind_text (statement, 3, audit->method);
  orf_statement_bind_text (statement, 4, audit->detail_json);
  return orf_connection_run (connection, statement, error);
}

gboolean
orf_gpu_process_insert (OrfConnection *connection,
                        gint64 t_us,
                        const OrfGpuProcessRow *row,
                        GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, process_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, t_us);
  orf_statement_bind_text (statement, 2, row->device);
  sqlite3_bind_int64 (statement, 3, row->pid);
  orf_statement_bind_text (statement, 4, row->name);
  if (row->used_bytes >= 0)
    sqlite3_bind_int64 (statement, 5, row->used_bytes);
  return orf_connection_run (connection, statement, error);
}
