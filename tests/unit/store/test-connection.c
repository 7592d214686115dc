/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to which SQLite's memory has ended. */
#include <sqlite3.h>

#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-error.h"
#include "store/orf-store-open.h"

static void
test_rollback_without_memory (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  OrfConnection *connection;

  g_assert_true (orf_store_open_make (fixture->path, &error));
  connection = orf_store_open_writer (fixture->path, 0, &error);
  g_assert_no_error (error);
  g_assert_true (orf_connection_rollback (connection)); /* nothing is open */
  orf_connection_exec (connection, "BEGIN IMMEDIATE", &error);
  g_assert_no_error (error);
  sqlite3_hard_heap_limit64 (1);
  g_assert_false (orf_connection_rollback (connection));
  sqlite3_hard_heap_limit64 (0);
  g_assert_true (orf_connection_rollback (connection));
  orf_connection_close (connection);
}

/* It may be tried again, and whoever asks is told so: an exporter would drop its spans. */
static void
test_memory_comes_back (void)
{
  g_autoptr (GError) error = orf_store_error_new (SQLITE_NOMEM, "out of memory", "t.db");

  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_cmpint (orf_error_get_retry_after_ms (error), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/connection/rollback-without-memory", StoreFixture, NULL, store_fixture_set_up,
              test_rollback_without_memory, store_fixture_tear_down);
  g_test_add_func ("/store/connection/memory-comes-back", test_memory_comes_back);
  return g_test_run ();
}
