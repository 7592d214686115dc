/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An export as an SQLite file of its own: two tables, and a view for people. */
#include <math.h>

#include <sqlite3.h>

#include "orf-error.h"

#include "orf-ctl-sink.h"

typedef struct {
  sqlite3 *db;
  sqlite3_stmt *find, *insert_series, *insert_sample;
} Database;

/* A transaction a piece: what was flushed outlives us. It is no one's only copy, so it is synced
 * once, at the end. */
static const char schema[] =
  "PRAGMA synchronous = OFF;"
  "CREATE TABLE series ("
  "  id INTEGER PRIMARY KEY,"
  "  series TEXT NOT NULL UNIQUE, -- canonical: name{label=\"value\"}\n"
  "  name TEXT NOT NULL,"
  "  labels TEXT NOT NULL -- JSON\n"
  ") STRICT;"
  "CREATE TABLE samples ("
  "  series_id INTEGER NOT NULL REFERENCES series (id),"
  "  t_us INTEGER NOT NULL, -- microseconds since 1970, UTC\n"
  "  value REAL NOT NULL,"
  "  PRIMARY KEY (series_id, t_us)"
  ") STRICT, WITHOUT ROWID;"
  "CREATE VIEW points (time, series, value, t_us) AS"
  "  SELECT strftime('%Y-%m-%d %H:%M:%f', t_us / 1e6, 'unixepoch'), series, value, t_us"
  "  FROM samples JOIN series ON series.id = series_id;"
  "BEGIN;";

static gboolean
refuse (const Database *database, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s",
               sqlite3_db_filename (database->db, NULL), sqlite3_errmsg (database->db));
  return FALSE;
}

static void
end (gpointer self)
{
  Database *database = self;

  sqlite3_finalize (database->find);
  sqlite3_finalize (database->insert_series);
  sqlite3_finalize (database->insert_sample);
  sqlite3_close (database->db);
  g_free (database);
}

static gpointer
begin (G_GNUC_UNUSED FILE *file,
       const char *path,
       G_GNUC_UNUSED const OrfCtlTerminal *terminal,
       GError **error)
{
  Database *database = g_new0 (Database, 1);
  sqlite3 **db = &database->db;

  if (sqlite3_open_v2 (path, db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
      sqlite3_exec (*db, schema, NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (*db, "SELECT id FROM series WHERE series = ?", -1, &database->find,
                          NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (*db, "INSERT INTO series (series, name, labels) VALUES (?, ?, ?)", -1,
                          &database->insert_series, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (*db, "INSERT OR REPLACE INTO samples VALUES (?, ?, ?)", -1,
                          &database->insert_sample, NULL) != SQLITE_OK) {
    refuse (database, error);
    end (database);
    return NULL;
  }
  return database;
}

static gboolean
insert_series (Database *database, const OrfMetricsSeriesPoints *series, sqlite3_int64 *id)
{
  g_autoptr (GString) labels = g_string_new (NULL);
  gboolean done;

  orf_ctl_sink_append_labels (labels, series->labels);
  sqlite3_bind_text (database->insert_series, 1, series->series, -1, SQLITE_STATIC);
  sqlite3_bind_text (database->insert_series, 2, series->name, -1, SQLITE_STATIC);
  sqlite3_bind_text (database->insert_series, 3, labels->str, -1, SQLITE_STATIC);
  done = sqlite3_step (database->insert_series) == SQLITE_DONE;
  sqlite3_reset (database->insert_series);
  *id = sqlite3_last_insert_rowid (database->db);
  return done;
}

static gboolean
ensure_series (Database *database, const OrfMetricsSeriesPoints *series, sqlite3_int64 *id)
{
  int code;

  sqlite3_bind_text (database->find, 1, series->series, -1, SQLITE_STATIC);
  code = sqlite3_step (database->find);
  if (code == SQLITE_ROW)
    *id = sqlite3_column_int64 (database->find, 0);
  sqlite3_reset (database->find);
  return code == SQLITE_ROW || (code == SQLITE_DONE && insert_series (database, series, id));
}

static gboolean
add (gpointer self, const OrfMetricsSeriesPoints *series, GError **error)
{
  Database *database = self;
  sqlite3_int64 id;

  if (!ensure_series (database, series, &id))
    return refuse (database, error);
  sqlite3_bind_int64 (database->insert_sample, 1, id);
  for (guint i = 0; i < series->points->len; i++) {
    const OrfPoint *point = &g_array_index (series->points, OrfPoint, i);
    int code;

    if (isnan (point->value))
      continue;
    sqlite3_bind_int64 (database->insert_sample, 2, point->t_us);
    sqlite3_bind_double (database->insert_sample, 3, point->value);
    code = sqlite3_step (database->insert_sample);
    sqlite3_reset (database->insert_sample);
    if (code != SQLITE_DONE)
      return refuse (database, error);
  }
  return TRUE;
}

static gboolean
flush (gpointer self, GError **error)
{
  Database *database = self;

  return sqlite3_exec (database->db, "COMMIT; BEGIN", NULL, NULL, NULL) == SQLITE_OK ||
         refuse (database, error);
}

const OrfCtlSinkFormat orf_ctl_sink_sqlite = {
  .name = "sqlite", .needs_path = TRUE, .begin = begin, .add = add, .flush = flush, .end = end
};
