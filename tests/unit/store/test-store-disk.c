/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Full and read-only disks are real ones here: small tmpfs in a mount namespace of the test's own.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store-fixture.h"

static gboolean can_mount;

/* Before any thread: a process with threads may not leave its user namespace. */
static gboolean
enter_namespace (void)
{
  g_autofree char *map = g_strdup_printf ("0 %d 1", (int) geteuid ());

  if (geteuid () != 0) {
    if (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        !g_file_set_contents_full ("/proc/self/uid_map", map, -1, G_FILE_SET_CONTENTS_NONE, 0600,
                                   NULL))
      return FALSE;
  } else if (unshare (CLONE_NEWNS) != 0) {
    return FALSE;
  }
  return mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static gboolean
mount_disk (StoreFixture *fixture)
{
  if (can_mount && mount ("none", fixture->directory, "tmpfs", 0, "size=8m,mode=0755") == 0)
    return TRUE;
  g_test_skip ("no tmpfs can be mounted here");
  return FALSE;
}

static void
tear_down (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_close (fixture);
  if (can_mount)
    umount2 (fixture->directory, MNT_DETACH);
  store_fixture_tear_down (fixture, data);
}

/* All but `left` bytes of the disk. */
static void
fill_disk (StoreFixture *fixture, gsize left)
{
  g_autofree char *path = store_fixture_dup_path (fixture, "others");
  g_autofree char *block = g_strnfill (4096, 'x');
  int fd = g_open (path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  gint64 length = 0;

  while (write (fd, block, 4096) == 4096)
    length += 4096;
  g_assert_cmpint (ftruncate (fd, MAX (length - (gint64) left, 0)), ==, 0);
  close (fd);
}

static void
free_disk (StoreFixture *fixture)
{
  g_autofree char *path = store_fixture_dup_path (fixture, "others");

  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
wait_full (StoreFixture *fixture, gboolean full)
{
  while (orf_store_get_stats (fixture->store)->disk_full != full)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
has_ballast (StoreFixture *fixture)
{
  g_autofree char *path = g_strconcat (fixture->path, ".ballast", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint
read_count (StoreFixture *fixture)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_read_samples (fixture->store, NULL, 0, 0, G_MAXINT64, G_MAXUINT, NULL,
                          store_answer_samples_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  return answer.rows->len == 0 ? 0 : ((OrfSeriesPoints *) answer.rows->pdata[0])->points->len;
}

/* At the floor: refused with the figures; reads go on; writing resumes by itself, ballast and all.
 */
static void
test_floor (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) good = { 0 };
  g_auto (StoreAnswer) refused = { 0 };
  g_auto (StoreAnswer) resumed = { 0 };
  gint64 now_us = orf_clock_now_us ();

  if (!mount_disk (fixture))
    return;
  fixture->options.min_free_bytes = 1 << 20;
  fixture->options.ballast_bytes = 1 << 20;
  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (now_us, 100), NULL, &good);
  g_assert_no_error (good.error);
  g_assert_true (has_ballast (fixture));
  fill_disk (fixture, 1 << 19);
  wait_full (fixture, TRUE);
  g_assert_false (has_ballast (fixture));
  store_fixture_write (fixture, store_batch (now_us, 100), NULL, &refused);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_nonnull (strstr (refused.error->message, "bytes free"));
  g_assert_nonnull (strstr (refused.error->message, fixture->path));
  g_assert_cmpint (orf_error_get_retry_after_ms (refused.error), >, 0);
  g_assert_cmpuint (read_count (fixture), ==, 100);
  /* A frame is lost and counted; the series that it declared is not. */
  {
    OrfSampleBatch *frame = orf_sample_batch_new (1);

    g_ptr_array_add (frame->new_series, store_series_row (2, "two"));
    orf_store_write_frame (fixture->store, frame);
  }
  while (orf_store_get_stats (fixture->store)->frames_dropped == 0)
    g_main_context_iteration (NULL, TRUE);

  free_disk (fixture);
  wait_full (fixture, FALSE);
  g_assert_true (has_ballast (fixture));
  store_fixture_write (fixture, store_batch (now_us + 1, 100), NULL, &resumed);
  g_assert_no_error (resumed.error);
  g_assert_cmpuint (read_count (fixture), ==, 200);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM series"), ==, 2);
}

/* Past the floor: SQLite itself has no room.  What was acknowledged is there afterwards, all of it.
 */
static void
test_really_full (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  gint64 now_us = orf_clock_now_us ();
  g_auto (StoreAnswer) checked = { 0 };
  guint accepted = 0, refused = 0;

  if (!mount_disk (fixture))
    return;
  fixture->options.min_free_bytes = 0;
  fixture->options.ballast_bytes = 1 << 20;
  store_fixture_open (fixture);
  wait_full (fixture, FALSE);
  for (guint i = 0; refused < 3; i++) {
    g_auto (StoreAnswer) answer = { 0 };

    if (i == 20)
      fill_disk (fixture, 0);
    store_fixture_write (fixture, store_batch (now_us + i, 1000), NULL, &answer);
    if (answer.error != NULL) {
      g_assert_error (answer.error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
      refused++;
    } else {
      accepted += 1000;
    }
  }
  g_assert_cmpuint (read_count (fixture), ==, accepted);
  free_disk (fixture);
  for (gboolean written = FALSE; !written;) {
    g_auto (StoreAnswer) answer = { 0 };

    wait_full (fixture, FALSE);
    store_fixture_write (fixture, store_batch (now_us + 999, 1000), NULL, &answer);
    written = answer.error == NULL;
  }
  g_assert_cmpuint (read_count (fixture), ==, accepted + 1000);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &checked);
  store_answer_wait (&checked);
  g_assert_no_error (checked.error);
  g_assert_cmpuint (g_strv_length (checked.problems), ==, 0);
}

/* On a disk where nothing can be made beside the file. */
static void
test_read_only_disk (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autofree char *shm = g_strconcat (fixture->path, "-shm", NULL);

  if (!mount_disk (fixture))
    return;
  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (orf_clock_now_us (), 10), NULL, &answer);
  store_fixture_close (fixture);
  g_unlink (wal); /* a copy without them, and closed: nothing is in the WAL */
  g_unlink (shm);
  g_assert_cmpint (mount ("none", fixture->directory, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  fixture->options.read_only = TRUE;
  store_fixture_open (fixture);
  g_assert_cmpuint (read_count (fixture), ==, 10);
  store_fixture_close (fixture);
  fixture->options.read_only = FALSE;
  g_assert_null (orf_store_open (&fixture->options, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
}

static void
limit_file_size (gint64 bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t) bytes;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* An i/o error (here EFBIG) is told as a fault, and gone once writing works again. */
static void
test_fault (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  gint64 now_us = orf_clock_now_us ();
  g_auto (StoreAnswer) good = { 0 };
  g_auto (StoreAnswer) failed = { 0 };
  g_auto (StoreAnswer) refused = { 0 };
  g_auto (StoreAnswer) resumed = { 0 };

  fixture->options.ballast_bytes = 0;
  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (now_us, 10), NULL, &good);
  g_assert_no_error (good.error);
  limit_file_size (4096);
  store_fixture_write (fixture, store_batch (now_us + 1, 10000), NULL, &failed);
  store_fixture_write (fixture, store_batch (now_us + 2, 10000), NULL, &refused);
  g_assert_error (failed.error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_cmpint (orf_error_get_retry_after_ms (failed.error), >, 0);
  g_assert_nonnull (orf_store_get_stats (fixture->store)->fault);
  g_assert_cmpuint (read_count (fixture), ==, 10);
  limit_file_size (-1);
  while (orf_store_get_stats (fixture->store)->fault != NULL)
    g_main_context_iteration (NULL, TRUE);
  store_fixture_write (fixture, store_batch (now_us + 3, 10), NULL, &resumed);
  g_assert_no_error (resumed.error);
  g_assert_cmpuint (read_count (fixture), ==, 20);
}

/* A file that cannot grow: the log takes all writes and is not written back, which is told until it
 * is. */
static void
test_checkpoint_fails (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  gint64 now_us = orf_clock_now_us ();
  GStatBuf state;

  fixture->options.ballast_bytes = 0;
  fixture->options.check_us = 10 * ORF_US_PER_MS;
  store_fixture_open (fixture);
  orf_store_write_frame (fixture->store, store_batch (now_us, 600000));
  store_fixture_reopen (fixture);
  g_assert_cmpint (g_stat (fixture->path, &state), ==, 0);
  /* more than the log that is written back */
  g_assert_cmpint (state.st_size, >, 6 << 20);
  limit_file_size (state.st_size);
  for (guint i = 0; i < 25; i++) {
    g_auto (StoreAnswer) answer = { 0 };

    store_fixture_write (fixture, store_batch (now_us, 10000), NULL, &answer);
    g_assert_no_error (answer.error);
  }
  while (orf_store_get_stats (fixture->store)->wal_fault == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (orf_store_get_stats (fixture->store)->wal_fault, fixture->path));
  g_assert_null (orf_store_get_stats (fixture->store)->fault);
  limit_file_size (-1);
  while (orf_store_get_stats (fixture->store)->wal_fault != NULL)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  can_mount = enter_namespace ();
  signal (SIGXFSZ, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  /* That writing stops is warned of, and meant here. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/disk/" name, StoreFixture, NULL, store_fixture_set_up, test, tear_down)
  ADD ("floor", test_floor);
  ADD ("really-full", test_really_full);
  ADD ("read-only", test_read_only_disk);
  ADD ("fault", test_fault);
  ADD ("checkpoint-fails", test_checkpoint_fails);
  return g_test_run ();
}
