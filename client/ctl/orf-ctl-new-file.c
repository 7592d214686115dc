/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-new-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "orf-error.h"
#include "store/orf-store-error.h"

/* As the daemon's own file: it holds the same. */
#define MODE 0640

/* What stands under a name of its own until it is whole; for the handler, who reads it alone. */
static const char *unfinished;

/* Whoever ends us finds nothing of it. */
static void
end_cb (int number)
{
  unlink (unfinished);
  raise (number); /* handled once: now it ends us */
}

/* What is ignored (by nohup) stays so. */
static void
handle_ends (void (*handler) (int), void (*instead_of) (int))
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  const struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESETHAND };
  struct sigaction now;

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (sigaction (signals[i], NULL, &now) == 0 && now.sa_handler == instead_of)
      sigaction (signals[i], &action, NULL);
}

static gboolean
fill_part (const char *part, OrfCtlNewFileCb fill, gpointer data, GError **error)
{
  sqlite3 *db = NULL;
  gboolean done;

  if (sqlite3_open_v2 (part, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) != SQLITE_OK) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot write %s: %s", part,
                 sqlite3_errmsg (db));
    sqlite3_close (db);
    return FALSE;
  }
  sqlite3_extended_result_codes (db, 1);
  done = fill (db, data, error);
  sqlite3_close (db);
  return done;
}

/* Over no other file.  NFS cannot say so of a rename: there the file has both names for a moment.
 */
static gboolean
take_name (const char *part, const char *path)
{
  return renameat2 (AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
         ((errno == EINVAL || errno == ENOSYS) && link (part, path) == 0);
}

/* A name lasts once its folder is on disk. */
static gboolean
sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 && fsync (fd) == 0;

  if (!done)
    orf_store_error_set_io ("sync", folder, error);
  if (fd >= 0)
    close (fd);
  return done;
}

/* On disk, under its name. */
static gboolean
give_name (int fd, const char *part, const char *path, gint64 *size_bytes, GError **error)
{
  struct stat state;

  if (fsync (fd) != 0 || fstat (fd, &state) != 0)
    return orf_store_error_set_io ("write", part, error);
  if (!take_name (part, path))
    return orf_store_error_set_io ("write", path, error);
  *size_bytes = state.st_size;
  return sync_folder (path, error);
}

/* Nor what SQLite would take for a part of it. */
static gboolean
check_is_new (const char *path, GError **error)
{
  static const char *const suffixes[] = { "", "-wal", "-journal" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *of_it = g_strconcat (path, suffixes[i], NULL);

    if (!g_file_test (of_it, G_FILE_TEST_EXISTS))
      continue;
    errno = EEXIST;
    return orf_store_error_set_io ("write", of_it, error);
  }
  return TRUE;
}

gboolean
orf_ctl_new_file_write (
  const char *path, OrfCtlNewFileCb fill, gpointer data, gint64 *size_bytes, GError **error)
{
  g_autofree char *part = g_strconcat (path, ".XXXXXX", NULL);
  gboolean done;
  int fd;

  if (!check_is_new (path, error))
    return FALSE;
  fd = g_mkstemp_full (part, O_RDWR | O_CLOEXEC, MODE);
  if (fd < 0)
    return orf_store_error_set_io ("make", part, error);
  unfinished = part;
  handle_ends (end_cb, SIG_DFL);
  done = fill_part (part, fill, data, error) && give_name (fd, part, path, size_bytes, error);
  close (fd);
  g_unlink (part);
  handle_ends (SIG_DFL, end_cb);
  return done;
}
