/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a statement of somebody who is not trusted: whatever it says, the tables are as they
 * were, what is hidden is not told, and it ends. */
#include <stdint.h>
#include <string.h>

#include <sqlite3.h>

#include "orf-error.h"
#include "orf-json.h"
#include "sql/orf-sql-run.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define SECRET "an-answer-to-another"
/* Instructions of SQLite's machine between two looks, and looks at most. */
#define LOOK_INSTRUCTIONS 1000
#define MAX_LOOKS         50
#define MAX_MEMORY_BYTES  (64 << 20)

static int
look_cb (void *data)
{
  return ++*(guint *) data > MAX_LOOKS;
}

static sqlite3 *
open_file (void)
{
  sqlite3 *db = NULL;

  if (sqlite3_open (":memory:", &db) != SQLITE_OK ||
      sqlite3_exec (
        db,
        "CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT, labels TEXT);"
        "CREATE TABLE sample_raw (t_us INTEGER, series_id INTEGER, value REAL);"
        "CREATE TABLE idempotency (key TEXT, result TEXT);"
        "CREATE VIEW v_metric AS SELECT name, value FROM sample_raw JOIN series ON id = series_id;"
        "INSERT INTO series VALUES (1, 'a', '{}'), (2, 'b', '{\"k\":\"v\"}');"
        "INSERT INTO sample_raw VALUES (1, 1, 1.5), (2, 2, NULL);"
        "INSERT INTO idempotency VALUES ('k', '" SECRET "');",
        NULL, NULL, NULL) != SQLITE_OK)
    g_error ("no file");
  return db;
}

/* sql: what was asked is told in names of columns, and may be it. */
static void
check_result (const char *sql, const GString *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) json = orf_json_parse (result->str, result->len, 64, &error);

  if (json == NULL)
    g_error ("a result that is not JSON (%s): %s", error->message, result->str);
  if (strstr (result->str, SECRET) != NULL && strstr (sql, "answer") == NULL)
    g_error ("told: %s", result->str);
}

static void
run (sqlite3 *db, char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSqlGuard) guard = orf_sql_guard_new (db, &error);
  g_autoptr (GString) result = g_string_new (NULL);
  g_autoptr (OrfSqlAsk) ask = orf_sql_ask_new ();
  int n_changes = sqlite3_total_changes (db);
  guint n_looks = 0;

  if (guard == NULL)
    g_error ("%s", error->message);
  ask->sql = g_strdup (sql);
  ask->path = g_strdup ("");
  ask->max_rows = 100;
  ask->max_result_bytes = 4096;
  sqlite3_progress_handler (db, LOOK_INSTRUCTIONS, look_cb, &n_looks);
  if (orf_sql_run (db, guard, ask, result, &error))
    check_result (sql, result);
  else if (error == NULL || error->domain != ORF_ERROR)
    g_error ("refused without a word");
  if (sqlite3_total_changes (db) != n_changes)
    g_error ("written by: %s", sql);
  sqlite3_close (db);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *sql = g_strndup ((const char *) data, size);

  sqlite3_hard_heap_limit64 (MAX_MEMORY_BYTES);
  if (g_utf8_validate (sql, -1, NULL)) /* the codec lets no other in */
    run (open_file (), sql);
  return 0;
}
