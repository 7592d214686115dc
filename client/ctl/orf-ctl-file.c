/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-file.h"

#include <sys/stat.h>

#include "orf-error.h"
#include "store/orf-store-lock.h"

#define BUSY_TIMEOUT_MS 1000

/* damaged: one that has fewer pages than it says is taken as it is. */
static int
open_uri (const char *uri, gboolean damaged, sqlite3 **db)
{
  int code = sqlite3_open_v2 (uri, db, SQLITE_OPEN_URI | SQLITE_OPEN_READONLY, NULL);

  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes (*db, 1);
    sqlite3_busy_timeout (*db, BUSY_TIMEOUT_MS);
    sqlite3_db_config (*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config (*db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, damaged, NULL);
    code = sqlite3_exec (*db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
  }
  return code;
}

/* Where nothing can be made beside it and no WAL is there, nobody writes it: as it stands then. */
static gboolean
is_still (const char *path, int code)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  struct stat state;

  return (code & 0xff) == SQLITE_CANTOPEN && stat (path, &state) == 0 &&
         (stat (wal, &state) != 0 || state.st_size == 0);
}

static sqlite3 *
open_path (const char *path, gboolean damaged, char **uri, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (path, "/", TRUE);
  g_autofree char *used = g_strdup_printf ("file:%s?mode=ro", escaped);
  sqlite3 *db;
  int code = open_uri (used, damaged, &db);

  if (is_still (path, code)) {
    sqlite3_close (db);
    g_free (used);
    used = g_strdup_printf ("file:%s?mode=ro&immutable=1", escaped);
    code = open_uri (used, damaged, &db);
  }
  if (code != SQLITE_OK) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot read %s: %s", path,
                 sqlite3_errmsg (db));
    sqlite3_close (db);
    return NULL;
  }
  if (uri != NULL)
    *uri = g_steal_pointer (&used);
  return db;
}

sqlite3 *
orf_ctl_file_open (const char *path, char **uri, GError **error)
{
  return open_path (path, FALSE, uri, error);
}

sqlite3 *
orf_ctl_file_open_damaged (const char *path, GError **error)
{
  return orf_store_lock_check (path, error) ? open_path (path, TRUE, NULL, error) : NULL;
}
