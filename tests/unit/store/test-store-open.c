/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-migrate.h"

static void
run_sql (const char *path, const char *sql)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* Refused with the code and text; the file is byte for byte as before, and nothing new lies beside.
 */
static void
assert_refused (StoreFixture *fixture, OrfErrorCode code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gsize n_before, n_after;
  guint n_files = 0;

  g_assert_true (g_file_get_contents (fixture->path, &before, &n_before, NULL));
  for (guint read_only = 0; read_only < 2; read_only++) {
    g_autoptr (GDir) files = NULL;

    fixture->options.read_only = read_only == 1;
    g_assert_null (orf_store_open (&fixture->options, &error));
    g_assert_cmpint (orf_error_get_code (error), ==, code);
    g_assert_nonnull (strstr (error->message, text));
    g_assert_nonnull (strstr (error->message, fixture->path));
    g_clear_error (&error);
    files = g_dir_open (fixture->directory, 0, NULL);
    n_files = 0;
    while (g_dir_read_name (files) != NULL)
      n_files++;
    if (read_only == 0)
      g_assert_cmpuint (n_files, ==, 1);
  }
  g_assert_true (g_file_get_contents (fixture->path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
}

static void
test_fresh (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  struct stat state;
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);

  store_fixture_open (fixture);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "PRAGMA application_id"), ==, 0x4F524653);
  g_assert_cmpint (store_query (fixture->path, "PRAGMA user_version"), ==,
                   orf_migrations_get_latest ());
  g_assert_cmpint (store_query (fixture->path, "PRAGMA auto_vacuum"), ==, 2);
  g_assert_cmpint (stat (fixture->path, &state), ==, 0);
  g_assert_cmpint (state.st_mode & 07777 & ~(mode_t) 0640, ==, 0);
  /* Kept for readers that cannot make it. */
  g_assert_cmpint (stat (wal, &state), ==, 0);
  g_assert_cmpint (state.st_mode & 07777 & ~(mode_t) 0640, ==, 0);
}

static void
test_newer (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  run_sql (fixture->path, "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4F524653; "
                          "PRAGMA user_version = 4711; CREATE TABLE later (x)");
  assert_refused (fixture, ORF_ERROR_FAILED_PRECONDITION, "version 4711");
}

static void
test_foreign (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  run_sql (fixture->path, "CREATE TABLE theirs (x)");
  assert_refused (fixture, ORF_ERROR_FAILED_PRECONDITION, "another program");
  run_sql (fixture->path, "PRAGMA application_id = 7");
  assert_refused (fixture, ORF_ERROR_FAILED_PRECONDITION, "0x7");
}

static void
test_not_a_database (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *noise = g_strnfill (100000, 'x');

  g_assert_true (g_file_set_contents (fixture->path, noise, 100000, NULL));
  assert_refused (fixture, ORF_ERROR_DATA_LOSS, "not a database");
}

static void
test_damaged (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *contents = NULL;
  gsize length;

  run_sql (fixture->path, "PRAGMA application_id = 0x4F524653; CREATE TABLE a (x); "
                          "CREATE TABLE b (x); CREATE TABLE c (x)");
  g_assert_true (g_file_get_contents (fixture->path, &contents, &length, NULL));
  /* Cut short; then its schema overwritten. */
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize) length / 2, NULL));
  assert_refused (fixture, ORF_ERROR_DATA_LOSS, "malformed");
  memset (contents + 100, 0xff, 3000);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize) length, NULL));
  assert_refused (fixture, ORF_ERROR_DATA_LOSS, "malformed");
}

static void
test_lock (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("pid %d)", (int) getpid ());
  g_auto (StoreAnswer) answer = { 0 };

  store_fixture_open (fixture);
  g_assert_null (orf_store_open (&fixture->options, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  g_assert_nonnull (strstr (error->message, pid));
  /* The first is none the worse, and once it is gone the file is free. */
  store_fixture_write (fixture, store_batch (1, 1), NULL, &answer);
  g_assert_no_error (answer.error);
  store_fixture_close (fixture);
  store_fixture_open (fixture);
}

static void
test_unreachable (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->options.path = "/proc/orfeas/t.db";
  g_assert_null (orf_store_open (&fixture->options, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  fixture->options.path = fixture->directory;
  g_assert_null (orf_store_open (&fixture->options, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
}

static goffset
get_wal_size (StoreFixture *fixture)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  GStatBuf state;

  return g_stat (wal, &state) == 0 ? state.st_size : 0;
}

/* Of a start that failed: it may be all there is to mend the file by. */
static void
test_wal_is_kept (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };

  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (1, 1), NULL, &answer);
  g_assert_no_error (answer.error);
  orf_store_keep_wal (fixture->store);
  store_fixture_close (fixture);
  g_assert_cmpint (get_wal_size (fixture), >, 0);
  store_fixture_reopen (fixture);
  store_fixture_close (fixture);
  g_assert_cmpint (get_wal_size (fixture), ==, 0);
}

/* What a killed daemon leaves: pages that only the WAL has.  Copied while it runs, it is that. */
static void
test_wal_is_recovered (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };
  const char *const suffixes[] = { "", "-wal" };
  g_autofree char *copy = store_fixture_dup_path (fixture, "killed.db");

  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (1, 100), NULL, &answer);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *from = g_strconcat (fixture->path, suffixes[i], NULL);
    g_autofree char *to = g_strconcat (copy, suffixes[i], NULL);
    g_autofree char *command = g_strdup_printf ("cp %s %s", from, to);

    /* By a process of its own: closing the file here would drop SQLite's locks on it. */
    g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  }
  store_fixture_close (fixture);
  fixture->options.path = copy;
  store_fixture_open (fixture);
  g_assert_cmpint (store_query (copy, "SELECT count(*) FROM sample_raw"), ==, 100);
  store_fixture_close (fixture);
}

static void
test_read_only (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) written = { 0 };
  g_auto (StoreAnswer) refused = { 0 };
  g_auto (StoreAnswer) backup = { 0 };
  g_auto (StoreAnswer) read = { 0 };
  g_autofree char *dest = store_fixture_dup_path (fixture, "copy.db");
  g_autoptr (GError) error = NULL;

  fixture->options.read_only = TRUE;
  g_assert_null (orf_store_open (&fixture->options, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  fixture->options.read_only = FALSE;
  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (1, 10), NULL, &written);
  store_fixture_close (fixture);

  fixture->options.read_only = TRUE;
  store_fixture_open (fixture);
  g_assert_cmpint (orf_store_get_stats (fixture->store)->size_bytes, >, 0);
  store_fixture_write (fixture, store_batch (1, 10), NULL, &refused);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  orf_store_write_frame (fixture->store, store_batch (1, 1));
  g_assert_cmpint (orf_store_get_stats (fixture->store)->frames_dropped, ==, 1);
  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &backup);
  store_answer_wait (&backup);
  g_assert_error (backup.error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  orf_store_read_samples (fixture->store, NULL, 0, 0, G_MAXINT64, 100, NULL,
                          store_answer_samples_cb, &read);
  store_answer_wait (&read);
  g_assert_no_error (read.error);
  g_assert_cmpuint (((OrfSeriesPoints *) read.rows->pdata[0])->points->len, ==, 10);
}

static void
test_failed_step (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  store_fixture_open (fixture);
  store_fixture_close (fixture);
  connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, &error);
  g_assert_no_error (error);
  g_assert_false (orf_store_migrate_step (connection,
                                          "CREATE TABLE half (x); DROP TABLE audit; "
                                          "INSERT INTO no_such_table VALUES (1)",
                                          99, &error));
  g_assert_nonnull (strstr (error->message, "version 99"));
  g_assert_cmpint (store_query (fixture->path, "PRAGMA user_version"), ==,
                   orf_migrations_get_latest ());
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sqlite_schema "
                                               "WHERE name IN ('half', 'audit')"),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/open/" name, StoreFixture, NULL, store_fixture_set_up, test,                 \
              store_fixture_tear_down)
  ADD ("fresh", test_fresh);
  ADD ("newer", test_newer);
  ADD ("foreign", test_foreign);
  ADD ("not-a-database", test_not_a_database);
  ADD ("damaged", test_damaged);
  ADD ("lock", test_lock);
  ADD ("unreachable", test_unreachable);
  ADD ("wal-is-kept", test_wal_is_kept);
  ADD ("wal-is-recovered", test_wal_is_recovered);
  ADD ("read-only", test_read_only);
  ADD ("failed-step", test_failed_step);
  return g_test_run ();
}
