/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store-fixture.h"

static void
fill (StoreFixture *fixture)
{
  orf_store_write_frame (fixture->store, store_batch (orf_clock_now_us (), 50000));
  store_fixture_reopen (fixture);
}

/* Every row of every table, in a text that two files with the same contents share. */
static char *
dup_dump (const char *path)
{
  g_autofree char *command = g_strdup_printf ("sqlite3 -readonly %s .dump", path);
  char *dump = NULL;

  if (!g_spawn_command_line_sync (command, &dump, NULL, NULL, NULL))
    return NULL;
  return dump;
}

static void
test_backup (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *dest = store_fixture_dup_path (fixture, "copy.db");
  g_autofree char *original = NULL, *copy = NULL;
  g_auto (StoreAnswer) done = { 0 };
  g_auto (StoreAnswer) again = { 0 };
  gint64 n_rows;

  store_fixture_open (fixture);
  fill (fixture);
  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &done);
  /* Work goes on while it is made. */
  for (guint i = 0; !done.done; i++) {
    g_auto (StoreAnswer) answer = { 0 };

    store_fixture_write (fixture, store_batch (orf_clock_now_us () + i, 5), NULL, &answer);
    g_assert_no_error (answer.error);
  }
  g_assert_no_error (done.error);
  g_assert_cmpint (done.size_bytes, >, 50000 * 10);
  /* Whole writes only. */
  n_rows = store_query (dest, "SELECT count(*) FROM sample_raw");
  g_assert_cmpint (n_rows, >=, 50000);
  g_assert_cmpint (n_rows % 5, ==, 0);

  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &again);
  store_answer_wait (&again);
  g_assert_error (again.error, ORF_ERROR, ORF_ERROR_ALREADY_EXISTS);

  /* At rest: the same. */
  store_fixture_reopen (fixture);
  store_answer_clear (&again);
  g_unlink (dest);
  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &again);
  store_answer_wait (&again);
  g_assert_no_error (again.error);
  original = dup_dump (fixture->path);
  copy = dup_dump (dest);
  if (original == NULL || copy == NULL) {
    g_test_skip ("no sqlite3 program");
    return;
  }
  g_assert_cmpint (strlen (original), >, 1000000);
  g_assert_true (strcmp (original, copy) == 0);
}

static guint
count_files (const char *directory)
{
  g_autoptr (GDir) files = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (files) != NULL)
    n++;
  return n;
}

static void
test_backup_leaves_nothing (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *directory = store_fixture_dup_path (fixture, "copies");
  g_autofree char *dest = g_build_filename (directory, "copy.db", NULL);
  g_autoptr (OrfCancel) cancel = orf_cancel_new (0);
  g_auto (StoreAnswer) cancelled = { 0 };
  g_auto (StoreAnswer) nowhere = { 0 };
  g_auto (StoreAnswer) closed = { 0 };

  store_fixture_open (fixture);
  fill (fixture);
  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &nowhere);
  store_answer_wait (&nowhere);
  g_assert_error (nowhere.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
  g_mkdir (directory, 0755);
  orf_cancel_trigger (cancel);
  orf_store_backup (fixture->store, dest, cancel, store_answer_backup_cb, &cancelled);
  store_answer_wait (&cancelled);
  g_assert_error (cancelled.error, ORF_ERROR, ORF_ERROR_CANCELLED);
  g_assert_cmpuint (count_files (directory), ==, 0);
  /* Cut off by the end, it is either complete or not there. */
  orf_store_backup (fixture->store, dest, NULL, store_answer_backup_cb, &closed);
  store_fixture_close (fixture);
  g_assert_true (closed.done);
  g_assert_cmpuint (count_files (directory), ==, closed.error == NULL ? 1 : 0);
}

static void
check (StoreFixture *fixture, StoreAnswer *answer)
{
  orf_store_check (fixture->store, NULL, store_answer_check_cb, answer);
  store_answer_wait (answer);
}

static void
test_check (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfCancel) cancel = orf_cancel_new (0);
  g_auto (StoreAnswer) sound = { 0 };
  g_auto (StoreAnswer) first = { 0 };
  g_auto (StoreAnswer) second = { 0 };
  g_auto (StoreAnswer) cancelled = { 0 };
  g_auto (StoreAnswer) closed = { 0 };

  store_fixture_open (fixture);
  fill (fixture);
  check (fixture, &sound);
  g_assert_no_error (sound.error);
  g_assert_cmpuint (g_strv_length (sound.problems), ==, 0);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &first);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &second);
  store_answer_wait (&first);
  store_answer_wait (&second);
  g_assert_no_error (first.error);
  g_assert_error (second.error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  orf_cancel_trigger (cancel);
  orf_store_check (fixture->store, cancel, store_answer_check_cb, &cancelled);
  store_answer_wait (&cancelled);
  g_assert_error (cancelled.error, ORF_ERROR, ORF_ERROR_CANCELLED);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &closed);
  store_fixture_close (fixture);
  g_assert_true (closed.done);
}

/* With the store closed; sql tells which. */
static void
damage_page (StoreFixture *fixture, const char *sql)
{
  gint64 page = store_query (fixture->path, sql);
  char noise[4096];
  int fd = g_open (fixture->path, O_WRONLY);

  memset (noise, 0xa5, sizeof noise);
  g_assert_cmpint (pwrite (fd, noise, sizeof noise, (page - 1) * 4096), ==, sizeof noise);
  close (fd);
}

static void
test_check_finds_damage (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };

  store_fixture_open (fixture);
  fill (fixture);
  store_fixture_close (fixture);
  damage_page (fixture, "SELECT page_count / 2 + 1 FROM pragma_page_count");
  store_fixture_open (fixture);
  check (fixture, &answer);
  if (answer.error != NULL)
    g_assert_error (answer.error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  else
    g_assert_cmpuint (g_strv_length (answer.problems), >, 0);
}

/* One page of one table: who needs it is told, all others write, and what is too old elsewhere
 * goes. */
static void
test_damage_is_passed_over (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfGpuProcessRow process = { "gpu0", 12, "python", 5000 };
  const OrfAudit audit = { "uid 0", "test", NULL };
  gint64 now_us = orf_clock_now_us ();
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_auto (StoreAnswer) refused = { 0 };
  StoreAnswer written[2] = { 0 };

  store_fixture_open (fixture);
  orf_store_write_gpu_processes (fixture->store, now_us - 2 * fixture->options.raw_us, &process, 1);
  store_fixture_close (fixture);
  damage_page (fixture, "SELECT rootpage FROM sqlite_schema WHERE name = 'audit'");
  store_fixture_open (fixture);
  orf_store_write_audit (fixture->store, &audit, store_answer_write_cb, &refused);
  store_answer_wait (&refused);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  store_answer_clear (&refused);
  /* at once, and one that is refused again between them */
  for (guint i = 0; i < G_N_ELEMENTS (written); i++) {
    orf_store_write_samples (fixture->store, store_batch (now_us + i, 1), NULL,
                             store_answer_write_cb, &written[i]);
    if (i == 0)
      orf_store_write_audit (fixture->store, &audit, store_answer_write_cb, &refused);
  }
  store_answer_wait (&refused);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  for (guint i = 0; i < G_N_ELEMENTS (written); i++) {
    store_answer_wait (&written[i]);
    g_assert_no_error (written[i].error);
    store_answer_clear (&written[i]);
  }
  g_assert_null (orf_store_get_stats (fixture->store)->fault);
  g_assert_nonnull (orf_store_get_stats (fixture->store)->damage);
  /* `audit` comes before it in a round */
  while (store_query (fixture->path, "SELECT count(*) FROM gpu_process") > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (orf_store_get_stats (fixture->store)->fault);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 2);
  g_log_set_always_fatal (fatal);
}

/* What SQLite finds in order and we do not. */
static void
test_check_finds_lies (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const char *const lies[] = {
    "INSERT INTO sample_raw (rowid, t_us, series_id, value) VALUES (1000000, 1, 1, 1)",
    "UPDATE sample_raw SET t_us = t_us + 1000 * 365 * 86400 * 1000000 WHERE rowid = 17",
    "DELETE FROM series WHERE id = 1",
  };
  const char *const told[] = { "row 1000000 is in no raw_block", "row 17 is outside", "series 1," };

  store_fixture_open (fixture);
  fill (fixture);
  store_fixture_close (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_auto (StoreAnswer) answer = { 0 };
    g_autoptr (OrfConnection)
      connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, NULL);
    g_autofree char *all = NULL;

    g_assert_true (orf_connection_exec (connection, lies[i], NULL));
    g_clear_pointer (&connection, orf_connection_close);
    store_fixture_open (fixture);
    check (fixture, &answer);
    store_fixture_close (fixture);
    g_assert_no_error (answer.error);
    all = g_strjoinv ("\n", answer.problems);
    g_assert_nonnull (strstr (all, told[i]));
    g_assert_cmpuint (g_strv_length (answer.problems), ==, i + 1);
  }
}

/* The WAL is written back while frames go on, and begins anew instead of growing with them. */
static void
test_wal_is_bounded (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const guint n = 20000, n_frames = 50; /* 25 MB */
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  gint64 now_us = orf_clock_now_us ();
  GStatBuf state;

  store_fixture_open (fixture);
  for (guint i = 0; i < n_frames; i++)
    orf_store_write_frame (fixture->store, store_batch (now_us, n));
  while (orf_store_get_stats (fixture->store)->rows_written < (guint64) n * n_frames)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_stat (wal, &state), ==, 0);
  g_assert_cmpint (state.st_size, <, 12 << 20);
  if (!g_file_test ("/proc/thread-self/io", G_FILE_TEST_EXISTS))
    return;
  /* A second later the figures say so. */
  while (!(orf_store_get_stats (fixture->store)->written_bytes_per_s > 0) ||
         orf_store_get_stats (fixture->store)->size_bytes < 10 << 20)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (orf_store_get_stats (fixture->store)->wal_bytes, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/care/" name, StoreFixture, NULL, store_fixture_set_up, test,                 \
              store_fixture_tear_down)
  ADD ("backup", test_backup);
  ADD ("backup-leaves-nothing", test_backup_leaves_nothing);
  ADD ("check", test_check);
  ADD ("check-finds-damage", test_check_finds_damage);
  ADD ("damage-is-passed-over", test_damage_is_passed_over);
  ADD ("check-finds-lies", test_check_finds_lies);
  ADD ("wal-is-bounded", test_wal_is_bounded);
  return g_test_run ();
}
