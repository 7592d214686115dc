/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a later version than there is: what they rewrite is copied first, or they are not taken.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-migrate.h"
#include "store/orf-store-open.h"
#include "store/orf-store-upgrade.h"

#define ADDS "-- Version 19: a table.\n\nCREATE TABLE added (x);"
#define REWRITES                                                                                   \
  "-- Version 20: names.\n-- Rewrites: the names of series.\n\n"                                   \
  "UPDATE series SET name = 'new.' || name;"
#define FAILS                                                                                      \
  "-- Version 20: names.\n-- Rewrites: the names of series.\n\n"                                   \
  "UPDATE series SET name = 'new.' || name; INSERT INTO no_such_table VALUES (1);"
/* In a comment of SQL, not of the heading. */
#define MENTIONS "CREATE TABLE said (x);\n-- Rewrites: nothing."

#define N_SAMPLES 100

typedef struct {
  StoreFixture base;
  char *copy;
  OrfConnection *connection;
  GPtrArray *steps;
} Fixture;

static guint
get_version (void)
{
  return orf_migrations_get_latest ();
}

/* A file of today's version, with rows. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_auto (StoreAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  store_fixture_set_up (&fixture->base, data);
  store_fixture_open (&fixture->base);
  store_fixture_write (&fixture->base, store_batch (1, N_SAMPLES), NULL, &answer);
  g_assert_no_error (answer.error);
  store_fixture_close (&fixture->base);
  fixture->copy = g_strdup_printf ("%s.version-%u", fixture->base.path, get_version ());
  fixture->steps = orf_migrations_load (&error);
  g_assert_no_error (error);
  fixture->connection = orf_store_open_again (fixture->base.path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->connection, orf_connection_close);
  g_ptr_array_unref (fixture->steps);
  g_free (fixture->copy);
  store_fixture_tear_down (&fixture->base, data);
}

static void
add_step (Fixture *fixture, const char *sql)
{
  g_ptr_array_add (fixture->steps, g_bytes_new_static (sql, strlen (sql)));
}

static void
upgrade (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_store_upgrade (fixture->connection, fixture->steps, 0, &error));
  g_assert_no_error (error);
}

static gint64
count_new_names (const char *path)
{
  return store_query (path, "SELECT count(*) FROM series WHERE name LIKE 'new.%'");
}

/* The file as it was, whole, and one that the earlier version takes. */
static void
assert_copied (Fixture *fixture)
{
  g_assert_cmpint (store_query (fixture->copy, "PRAGMA user_version"), ==, get_version ());
  g_assert_cmpint (count_new_names (fixture->copy), ==, 0);
  fixture->base.options.path = fixture->copy;
  store_fixture_open (&fixture->base);
  store_fixture_close (&fixture->base);
  g_assert_cmpint (store_query (fixture->copy, "SELECT count(*) FROM sample_raw"), ==, N_SAMPLES);
}

static void
assert_unchanged (Fixture *fixture)
{
  g_assert_cmpint (store_query (fixture->base.path, "PRAGMA user_version"), ==, get_version ());
  g_assert_cmpint (count_new_names (fixture->base.path), ==, 0);
}

static void
test_what_adds_is_not_copied (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  add_step (fixture, ADDS);
  add_step (fixture, MENTIONS);
  upgrade (fixture);
  g_assert_cmpint (store_query (fixture->base.path, "PRAGMA user_version"), ==, get_version () + 2);
  g_assert_false (g_file_test (fixture->copy, G_FILE_TEST_EXISTS));
}

/* Before the first step, not before the one that rewrites: the earlier version is to take it. */
static void
test_what_rewrites_is_copied (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  add_step (fixture, ADDS);
  add_step (fixture, REWRITES);
  upgrade (fixture);
  g_assert_cmpint (store_query (fixture->base.path, "PRAGMA user_version"), ==, get_version () + 2);
  g_assert_cmpint (count_new_names (fixture->base.path), ==, 1);
  assert_copied (fixture);
}

static void
test_what_was_rewritten_is_not_again (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  add_step (fixture, REWRITES);
  upgrade (fixture);
  g_assert_cmpint (g_unlink (fixture->copy), ==, 0);
  upgrade (fixture);
  g_assert_false (g_file_test (fixture->copy, G_FILE_TEST_EXISTS));
  g_assert_cmpint (count_new_names (fixture->base.path), ==, 1);
}

static void
test_new_file_is_not_copied (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *path = store_fixture_dup_path (&fixture->base, "new.db");
  g_autofree char *copy = g_strconcat (path, ".version-0", NULL);
  g_autoptr (GError) error = NULL;

  add_step (fixture, REWRITES);
  g_clear_pointer (&fixture->connection, orf_connection_close);
  g_assert_true (orf_store_open_make (path, &error));
  fixture->connection = orf_store_open_again (path, &error);
  g_assert_no_error (error);
  upgrade (fixture);
  g_assert_false (g_file_test (copy, G_FILE_TEST_EXISTS));
}

static void
test_no_room (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  add_step (fixture, ADDS);
  add_step (fixture, REWRITES);
  g_assert_false (orf_store_upgrade (fixture->connection, fixture->steps, G_MAXINT64 / 2, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_nonnull (strstr (error->message, fixture->base.path));
  g_assert_nonnull (strstr (error->message, "cannot be copied first"));
  assert_unchanged (fixture);
}

static void
test_no_place (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  add_step (fixture, REWRITES);
  g_assert_cmpint (g_mkdir (fixture->copy, 0700), ==, 0);
  g_assert_false (orf_store_upgrade (fixture->connection, fixture->steps, 0, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, fixture->copy));
  assert_unchanged (fixture);
}

static void
test_failed_step (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  add_step (fixture, FAILS);
  g_assert_false (orf_store_upgrade (fixture->connection, fixture->steps, 0, &error));
  g_assert_nonnull (strstr (error->message, "migration to version"));
  assert_unchanged (fixture);
  assert_copied (fixture);
}

/* Those of tries that were killed; what only looks like them is somebody's. */
static void
test_earlier_copies_are_replaced (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  static const char *const suffixes[] = { "", ".a1B2c3", ".a1B2c3-wal", ".mine.db" };

  add_step (fixture, REWRITES);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = g_strconcat (fixture->copy, suffixes[i], NULL);

    g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  }
  upgrade (fixture);
  for (guint i = 1; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = g_strconcat (fixture->copy, suffixes[i], NULL);

    g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, g_str_has_suffix (path, ".db"));
  }
  assert_copied (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/store/upgrade/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("what-adds-is-not-copied", test_what_adds_is_not_copied);
  ADD ("what-rewrites-is-copied", test_what_rewrites_is_copied);
  ADD ("what-was-rewritten-is-not-again", test_what_was_rewritten_is_not_again);
  ADD ("new-file-is-not-copied", test_new_file_is_not_copied);
  ADD ("no-room", test_no_room);
  ADD ("no-place", test_no_place);
  ADD ("failed-step", test_failed_step);
  ADD ("earlier-copies-are-replaced", test_earlier_copies_are_replaced);
  return g_test_run ();
}
