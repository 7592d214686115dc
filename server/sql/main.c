/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * orfeas-sql: runs one statement of somebody who is not trusted, for the daemon, in a process that
 * may cost only so much.  A line of JSON on standard input asks, a line and the result on standard
 * output answer (schema/internal/sql.json); then it ends.  Standard error is the log.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#include "core/orf-fd.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "sql/orf-sql-cage.h"
#include "sql/orf-sql-error.h"
#include "sql/orf-sql-run.h"

/* A message may have 16 MiB ([rpc] max_message_bytes), and JSON in JSON grows a little. */
#define MAX_ASK_BYTES (64 * 1024 * 1024)
/* Of schema/internal/sql.json: SQLite quotes what is wrong, which may be long. */
#define MAX_MESSAGE_BYTES 1024
/* What is not SQLite's: the result while it grows; the ask and its values; what reads samples (the
 * rows that are not packed, 32 MiB twice while they are put in order, and a chunk of a million
 * points as well). */
#define RESULT_FACTOR    4
#define OWN_MEMORY_BYTES (192 * 1024 * 1024)
/* VM instructions between two looks at the clock: some 20 µs. */
#define WATCH_INSTRUCTIONS 1000
#define BUSY_TIMEOUT_MS    1000
/* Pages that are kept; a scan reads each once. */
#define CACHE_KIB "2048"

static gboolean
write_reply (const OrfSqlReply *reply, const GString *result)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (!orf_encode (&orf_sql_reply_desc, reply, line, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  g_string_append_c (line, '\n');
  return orf_fd_write_all (STDOUT_FILENO, line->str, line->len) &&
         (result == NULL || orf_fd_write_all (STDOUT_FILENO, result->str, result->len));
}

static gboolean
write_error (const GError *error)
{
  g_autoptr (OrfSqlReply) reply = orf_sql_reply_new ();

  reply->error = orf_sql_failure_new ();
  reply->error->status = g_strdup (orf_error_code_to_name (orf_error_get_code (error)));
  reply->error->message = g_utf8_make_valid (error->message,
                                             (gssize) strnlen (error->message, MAX_MESSAGE_BYTES));
  reply->error->field = g_strdup (orf_error_get_field (error));
  return write_reply (reply, NULL);
}

static int
watch_cb (void *deadline_us)
{
  return g_get_monotonic_time () >= *(gint64 *) deadline_us;
}

/* Reads something, so that all files that will be read are open. */
static sqlite3 *
open_file (const OrfSqlAsk *ask, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (ask->path, "/", TRUE);
  g_autofree char *uri = g_strdup_printf ("file:%s?mode=ro%s", escaped,
                                          ask->immutable ? "&immutable=1" : "");
  sqlite3 *db = NULL;
  int code = sqlite3_open_v2 (uri, &db,
                              SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout (db, BUSY_TIMEOUT_MS);
    code = sqlite3_exec (db,
                         "PRAGMA cache_size = -" CACHE_KIB "; SELECT count(*) FROM sqlite_schema",
                         NULL, NULL, NULL);
  }
  if (code == SQLITE_OK)
    return db;
  g_propagate_error (error, orf_sql_error_new (db, code, ""));
  sqlite3_close (db);
  return NULL;
}

/* What opens a file of its own when first used: the seed of random(), the time zone. */
static void
warm_up (void)
{
  int seed;

  sqlite3_randomness (sizeof seed, &seed);
  tzset ();
}

static gboolean
run (const OrfSqlAsk *ask, GString *result, GError **error)
{
  gint64 deadline_us = g_get_monotonic_time () + ask->max_us;
  g_autoptr (OrfSqlGuard) guard = NULL;
  gboolean done = FALSE;
  sqlite3 *db;

  sqlite3_hard_heap_limit64 (ask->max_memory_bytes);
  db = open_file (ask, error);
  if (db == NULL)
    return FALSE;
  warm_up ();
  orf_sql_cage_close ();
  guard = orf_sql_guard_new (db, error);
  if (guard != NULL) {
    sqlite3_progress_handler (db, WATCH_INSTRUCTIONS, watch_cb, &deadline_us);
    done = orf_sql_run (db, guard, ask, result, error);
  }
  sqlite3_close (db);
  return done;
}

static gboolean
answer (const OrfSqlAsk *ask)
{
  g_autoptr (GString) result = g_string_new (NULL);
  g_autoptr (OrfSqlReply) reply = orf_sql_reply_new ();
  g_autoptr (GError) error = NULL;

  orf_sql_cage_bound (ask->max_us, ask->max_memory_bytes + RESULT_FACTOR * ask->max_result_bytes +
                                     OWN_MEMORY_BYTES);
  if (!run (ask, result, &error)) {
    g_return_val_if_fail (error != NULL,
                          FALSE); /* for the analyzer, which cannot see into SQLite */
    return write_error (error);
  }
  reply->result_bytes = (gint64) result->len;
  reply->has_result_bytes = TRUE;
  return write_reply (reply, result);
}

int
main (void)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (OrfSqlAsk) ask = NULL;
  g_autoptr (GError) error = NULL;

  if (!orf_fd_read_line (STDIN_FILENO, line, MAX_ASK_BYTES))
    return 2;
  ask = orf_decode_text (&orf_sql_ask_desc, line->str, line->len, ORF_DECODE_STRICT, &error);
  if (ask == NULL) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  return answer (ask) ? 0 : 1;
}
