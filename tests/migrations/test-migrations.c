/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each version that was released left a stored database (version-NNN.db, made by make-stored).  The
 * program of today opens it, and what comes of it has the schema of a fresh file and all its rows.
 * argv[1]: the directory of the stored files.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "store/orf-connection.h"
#include "store/orf-store-migrate.h"
#include "store/orf-store-open.h"
#include "store/orf-store.h"

static const char *stored_directory;

typedef struct {
  char *directory;
  char *fresh;
  char *old;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->directory = g_dir_make_tmp ("orf-migrations-XXXXXX", NULL);
  g_assert_nonnull (fixture->directory);
  fixture->fresh = g_build_filename (fixture->directory, "fresh.db", NULL);
  fixture->old = g_build_filename (fixture->directory, "old.db", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GDir) files = g_dir_open (fixture->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (files)) != NULL) {
    g_autofree char *path = g_build_filename (fixture->directory, name, NULL);

    g_unlink (path);
  }
  g_rmdir (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->fresh);
  g_free (fixture->old);
}

static void
copy_stored (Fixture *fixture, guint version)
{
  g_autofree char *name = g_strdup_printf ("version-%03u.db", version);
  g_autofree char *path = g_build_filename (stored_directory, name, NULL);
  g_autoptr (GFile) from = g_file_new_for_path (path);
  g_autoptr (GFile) to = g_file_new_for_path (fixture->old);
  g_autoptr (GError) error = NULL;

  g_file_copy (from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static OrfStore *
open_store (const char *path)
{
  OrfStoreOptions options = { .path = path,
                              .readers = 1,
                              .max_write_jobs = 10,
                              .max_read_jobs = 10,
                              .batch_us = 20000,
                              .read_us = 20000000,
                              .raw_us = G_MAXINT64 / 4,
                              .idempotency_us = G_MAXINT64 / 4 };
  g_autoptr (GError) error = NULL;
  OrfStore *store = orf_store_open (&options, &error);

  g_assert_no_error (error);
  return store;
}

/* Tables, columns, indexes and views as SQLite has them, and the pragmas that stay in the file. */
static char *
dup_schema (const char *path)
{
  static const char sql[] =
    "SELECT type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '') FROM sqlite_schema "
    "UNION ALL SELECT m.name || '.' || c.cid || '|' || c.name || '|' || c.type || '|' || "
    "c.\"notnull\" "
    "|| '|' || coalesce(c.dflt_value, '') || '|' || c.pk "
    "FROM sqlite_schema AS m JOIN pragma_table_xinfo(m.name) AS c "
    "UNION ALL SELECT 'application_id ' || application_id FROM pragma_application_id "
    "UNION ALL SELECT 'user_version ' || user_version FROM pragma_user_version "
    "UNION ALL SELECT 'auto_vacuum ' || auto_vacuum FROM pragma_auto_vacuum "
    "UNION ALL SELECT 'page_size ' || page_size FROM pragma_page_size ORDER BY 1";
  g_autoptr (OrfConnection) connection = orf_connection_open (path, ORF_CONNECTION_READ, NULL);
  g_autoptr (OrfStatement) statement = NULL;
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  gboolean row = TRUE;

  g_assert_nonnull (connection);
  statement = orf_connection_prepare (connection, sql, &error);
  g_assert_no_error (error);
  while (orf_connection_step (connection, statement, &row, &error) && row)
    g_string_append_printf (text, "%s\n", (const char *) sqlite3_column_text (statement, 0));
  g_assert_no_error (error);
  g_clear_pointer (&statement, orf_statement_reset);
  return g_string_free (text, FALSE);
}

static gint64
query (const char *path, const char *sql)
{
  g_autoptr (OrfConnection) connection = orf_connection_open (path, ORF_CONNECTION_READ, NULL);
  g_autoptr (GError) error = NULL;
  gint64 value = -1;

  orf_connection_get_int64 (connection, sql, &value, &error);
  g_assert_no_error (error);
  return value;
}

typedef struct {
  gboolean done;
  guint n_problems;
} Check;

static void
check_done_cb (gpointer data, char **problems, gint64 took_us G_GNUC_UNUSED, const GError *error)
{
  Check *check = data;

  g_assert_no_error (error);
  check->done = TRUE;
  check->n_problems = g_strv_length (problems);
}

static void
test_stored (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fresh_schema = NULL, *old_schema = NULL;
  Check check = { 0 };
  OrfStore *store;

  copy_stored (fixture, GPOINTER_TO_UINT (data));
  g_assert_cmpint (query (fixture->old, "PRAGMA user_version"), ==, GPOINTER_TO_UINT (data));
  orf_store_close (open_store (fixture->fresh));
  store = open_store (fixture->old);
  orf_store_check (store, NULL, check_done_cb, &check);
  while (!check.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (check.n_problems, ==, 0);
  orf_store_close (store);

  fresh_schema = dup_schema (fixture->fresh);
  old_schema = dup_schema (fixture->old);
  g_assert_cmpstr (old_schema, ==, fresh_schema);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM series"), ==, 3);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM sample_raw"), ==, 300);
  g_assert_cmpint (query (fixture->old, "SELECT count(DISTINCT series) FROM v_sample"), ==, 3);
  g_assert_cmpint (query (fixture->old, "SELECT sum(params_hash) FROM idempotency"), ==, 42);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM audit"), ==, 1);
  g_assert_cmpint (query (fixture->old, "SELECT sum(used_bytes) FROM gpu_process"), ==, 4096);
  /* Version 2 brought the table. */
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM v_event WHERE id = 'e-1'"), ==,
                   GPOINTER_TO_UINT (data) >= 2 ? 1 : 0);
  /* Version 8 did. */
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM v_outbox WHERE bytes = 7"), ==,
                   GPOINTER_TO_UINT (data) >= 8 ? 1 : 0);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM outbox_cursor"), ==,
                   GPOINTER_TO_UINT (data) >= 8 ? 1 : 0);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM v_incident WHERE pinned"), ==,
                   GPOINTER_TO_UINT (data) >= 4 ? 1 : 0);
  /* Version 9 brought workers, cleanups and device events. */
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM v_worker WHERE idle_bytes = 3072"),
                   ==, GPOINTER_TO_UINT (data) >= 9 ? 1 : 0);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM worker_batch WHERE size = 8"), ==,
                   GPOINTER_TO_UINT (data) >= 9 ? 1 : 0);
  g_assert_cmpint (query (fixture->old,
                          "SELECT count(*) FROM v_cleanup WHERE worker_name = 'vllm-0'"),
                   ==, GPOINTER_TO_UINT (data) >= 9 ? 1 : 0);
  /* Version 11 what was released, and the plan. */
  g_assert_cmpint (query (fixture->old,
                          "SELECT count(*) FROM v_cleanup WHERE released_bytes = 3072 "
                          "AND worker_released_bytes = 3072"),
                   ==, GPOINTER_TO_UINT (data) >= 11 ? 1 : 0);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM cleanup WHERE left_out IS NOT NULL"),
                   ==, GPOINTER_TO_UINT (data) >= 11 ? 1 : 0);
  g_assert_cmpint (query (fixture->old, "SELECT count(*) FROM v_gpu_event WHERE code = 79"), ==,
                   GPOINTER_TO_UINT (data) >= 9 ? 1 : 0);
}

/* The number in front of a step's name is the version that it makes. */
static void
test_steps_are_numbered (void)
{
  g_auto (GStrv) names = g_resources_enumerate_children ("/org/orfeas/migrations",
                                                         G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  guint64 seen = 0;

  g_assert_cmpuint (g_strv_length (names), ==, orf_migrations_get_latest ());
  for (guint i = 0; names[i] != NULL; i++) {
    guint64 version = g_ascii_strtoull (names[i], NULL, 10);

    g_assert_cmpuint (version, >=, 1);
    g_assert_cmpuint (version, <=, g_strv_length (names));
    seen |= G_GUINT64_CONSTANT (1) << version;
  }
  g_assert_cmpuint (seen, ==, (G_GUINT64_CONSTANT (1) << (g_strv_length (names) + 1)) - 2);
}

typedef struct {
  char *view; /* dropped: SQLite then asks as if its rows were deleted */
  gboolean rewrites;
} Finder;

/* What a step does with rows that are there already, which is to be said in its heading. */
static int
find_rewrite_cb (void *data,
                 int action,
                 const char *object,
                 const char *function,
                 const char *schema G_GNUC_UNUSED,
                 const char *trigger G_GNUC_UNUSED)
{
  Finder *finder = data;
  gboolean is_row = (action == SQLITE_UPDATE || action == SQLITE_DELETE) &&
                    !g_str_has_prefix (object, "sqlite_") && g_strcmp0 (object, finder->view) != 0;

  if (action == SQLITE_DROP_VIEW) {
    g_free (finder->view);
    finder->view = g_strdup (object);
  }
  if (is_row || action == SQLITE_DROP_TABLE ||
      (action == SQLITE_FUNCTION && g_str_equal (function, "sqlite_drop_column")))
    finder->rewrites = TRUE;
  return SQLITE_OK;
}

static gboolean
step_rewrites (OrfConnection *connection, const char *sql, guint version)
{
  g_autoptr (GError) error = NULL;
  Finder finder = { 0 };

  sqlite3_set_authorizer (orf_connection_get_db (connection), find_rewrite_cb, &finder);
  orf_store_migrate_step (connection, sql, version, &error);
  g_assert_no_error (error);
  sqlite3_set_authorizer (orf_connection_get_db (connection), NULL, NULL);
  g_free (finder.view);
  return finder.rewrites;
}

static void
test_rewrites_are_marked (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  static const char *const rewriting[] = { "UPDATE series SET name = 'x'", "DELETE FROM span",
                                           "DROP TABLE idempotency",
                                           "CREATE TABLE t (a, b); ALTER TABLE t DROP COLUMN b" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) steps = orf_migrations_load (&error);
  g_autoptr (OrfConnection) connection = NULL;
  guint version = 0;

  g_assert_true (orf_store_open_make (fixture->fresh, &error));
  connection = orf_store_open_again (fixture->fresh, &error);
  g_assert_no_error (error);
  for (; version < steps->len; version++) {
    g_autofree char *marked = orf_store_migrate_dup_rewrite (steps, version + 1);

    g_assert_cmpint (step_rewrites (connection, g_bytes_get_data (steps->pdata[version], NULL),
                                    version + 1),
                     ==, marked != NULL);
  }
  /* Those are found. */
  for (guint i = 0; i < G_N_ELEMENTS (rewriting); i++)
    g_assert_true (step_rewrites (connection, rewriting[i], ++version));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  stored_directory = argv[1];
  g_test_add_func ("/migrations/numbered", test_steps_are_numbered);
  g_test_add ("/migrations/rewrites-are-marked", Fixture, NULL, set_up, test_rewrites_are_marked,
              tear_down);
  for (guint version = 1; version <= orf_migrations_get_latest (); version++) {
    g_autofree char *name = g_strdup_printf ("/migrations/stored/%u", version);

    g_test_add (name, Fixture, GUINT_TO_POINTER (version), set_up, test_stored, tear_down);
  }
  return g_test_run ();
}
