/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store/orf-store-error.h"

/* Pages between two looks at the clock: 256 KiB, some 0.3 ms. */
#define STEP_PAGES 64

OrfBackupJob *
orf_backup_job_new (OrfStore *store, const char *dest, OrfCancel *cancel)
{
  OrfBackupJob *job = g_new0 (OrfBackupJob, 1);

  job->store = store;
  job->dest = g_canonicalize_filename (dest, NULL);
  job->cancel = cancel != NULL ? orf_cancel_ref (cancel) : NULL;
  return job;
}

void
orf_backup_job_free (OrfBackupJob *job)
{
  if (job == NULL)
    return;
  orf_backup_abort (job);
  g_free (job->dest);
  g_clear_pointer (&job->cancel, orf_cancel_unref);
  g_clear_error (&job->error);
  g_free (job);
}

static gboolean
set_io_error (const char *verb, const char *path, GError **error)
{
  int saved = errno;
  OrfErrorCode code = ORF_ERROR_UNAVAILABLE;

  if (saved == EEXIST)
    code = ORF_ERROR_ALREADY_EXISTS;
  else if (saved == ENOENT || saved == ENOTDIR)
    code = ORF_ERROR_NOT_FOUND;
  else if (saved == ENOSPC)
    code = ORF_ERROR_RESOURCE_EXHAUSTED;
  g_set_error (error, ORF_ERROR, code, "cannot %s %s: %s", verb, path, g_strerror (saved));
  return FALSE;
}

static gboolean
check_code (OrfBackupJob *job, int code, GError **error)
{
  if (code == SQLITE_OK)
    return TRUE;
  g_propagate_error (error, orf_store_error_new (code, sqlite3_errmsg (job->db), job->dest));
  return FALSE;
}

static gboolean
check_room (OrfBackupJob *job, OrfConnection *source, gint64 min_free_bytes, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (job->dest);
  struct statvfs state;
  gint64 n_pages, page_bytes, needed, available;

  if (!orf_connection_get_int64 (source, "PRAGMA page_count", &n_pages, error) ||
      !orf_connection_get_int64 (source, "PRAGMA page_size", &page_bytes, error))
    return FALSE;
  if (statvfs (directory, &state) != 0)
    return set_io_error ("look at", directory, error);
  needed = n_pages * page_bytes + min_free_bytes;
  available = (gint64) state.f_bavail * (gint64) state.f_frsize;
  if (available >= needed)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "the disk that is to hold %s has %" G_GINT64_FORMAT " bytes free, %" G_GINT64_FORMAT
               " are needed",
               job->dest, available, needed);
  return FALSE;
}

static gboolean
make_temp (OrfBackupJob *job, GError **error)
{
  g_autofree char *temp = g_strconcat (job->dest, ".XXXXXX", NULL);
  int fd;

  if (g_file_test (job->dest, G_FILE_TEST_EXISTS)) {
    errno = EEXIST;
    return set_io_error ("write", job->dest, error);
  }
  fd = g_mkstemp_full (temp, O_RDWR | O_CLOEXEC, 0640);
  if (fd < 0)
    return set_io_error ("make", temp, error);
  close (fd);
  job->temp = g_steal_pointer (&temp);
  return TRUE;
}

gboolean
orf_backup_begin (OrfBackupJob *job, OrfConnection *source, gint64 min_free_bytes, GError **error)
{
  job->started_us = orf_clock_monotonic_us ();
  if (!check_room (job, source, min_free_bytes, error) || !make_temp (job, error))
    return FALSE;
  /* Durable as a whole at the end, so nothing is gained by a journal or a sync on the way. */
  if (!check_code (job,
                   sqlite3_open_v2 (job->temp, &job->db,
                                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
                   error) ||
      !check_code (job,
                   sqlite3_exec (job->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
                                 NULL, NULL, NULL),
                   error)) {
    orf_backup_abort (job);
    return FALSE;
  }
  job->backup = sqlite3_backup_init (job->db, "main", orf_connection_get_db (source), "main");
  if (job->backup != NULL)
    return TRUE;
  check_code (job, sqlite3_errcode (job->db), error);
  orf_backup_abort (job);
  return FALSE;
}

/* With what SQLite makes beside it to take the copy out of WAL. */
static void
remove_temp (const char *temp)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = g_strconcat (temp, suffixes[i], NULL);

    if (g_unlink (path) != 0 && errno != ENOENT)
      g_debug ("%s: %s", path, g_strerror (errno));
  }
}

void
orf_backup_abort (OrfBackupJob *job)
{
  if (job->backup != NULL)
    sqlite3_backup_finish (job->backup);
  job->backup = NULL;
  sqlite3_close (job->db);
  job->db = NULL;
  if (job->temp != NULL)
    remove_temp (job->temp);
  g_clear_pointer (&job->temp, g_free);
}

static gboolean
sync_path (const char *path, int flags, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | flags);
  gboolean done;

  if (fd < 0)
    return set_io_error ("open", path, error);
  done = fsync (fd) == 0 || set_io_error ("sync", path, error);
  close (fd);
  return done;
}

/* Never over a file that came to be there meanwhile. */
static gboolean
give_name (OrfBackupJob *job, GError **error)
{
  if (renameat2 (AT_FDCWD, job->temp, AT_FDCWD, job->dest, RENAME_NOREPLACE) != 0) {
    if (errno != EINVAL && errno != ENOSYS)
      return set_io_error ("write", job->dest, error);
    /* This file system (NFS) has no such rename. */
    if (link (job->temp, job->dest) != 0)
      return set_io_error ("write", job->dest, error);
    g_unlink (job->temp);
  }
  g_clear_pointer (&job->temp, g_free);
  return TRUE;
}

static gboolean
finish (OrfBackupJob *job, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (job->dest);
  struct stat state;
  int code = sqlite3_backup_finish (job->backup);

  job->backup = NULL;
  /* The copy says WAL like its source; without it, it can also be read where nothing can be made
   * beside it.  A daemon that takes it over turns WAL on again. */
  if (!check_code (job, code, error) ||
      !check_code (job, sqlite3_exec (job->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL),
                   error))
    return FALSE;
  sqlite3_close (job->db);
  job->db = NULL;
  if (!sync_path (job->temp, 0, error))
    return FALSE;
  if (stat (job->temp, &state) != 0)
    return set_io_error ("look at", job->temp, error);
  job->size_bytes = state.st_size;
  if (!give_name (job, error) || !sync_path (directory, O_DIRECTORY, error))
    return FALSE;
  job->took_us = orf_clock_monotonic_us () - job->started_us;
  return TRUE;
}

gboolean
orf_backup_step (OrfBackupJob *job, gint64 deadline_us, gboolean *finished, GError **error)
{
  int code = SQLITE_OK;

  if (orf_cancel_is_set (job->cancel)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_CANCELLED, "the backup was cancelled");
    orf_backup_abort (job);
    return FALSE;
  }
  while (code == SQLITE_OK && orf_clock_monotonic_us () < deadline_us)
    code = sqlite3_backup_step (job->backup, STEP_PAGES);
  *finished = code == SQLITE_DONE;
  if (code == SQLITE_OK)
    return TRUE;
  if (code != SQLITE_DONE)
    g_propagate_error (error, orf_store_error_new (code, sqlite3_errstr (code), job->dest));
  if (code == SQLITE_DONE && finish (job, error))
    return TRUE;
  orf_backup_abort (job);
  return FALSE;
}
