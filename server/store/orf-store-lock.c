/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orf-error.h"
#include "store/orf-store-error.h"

struct _OrfStoreLock {
  char *path;
  int fd;
  gboolean made;
  int file_fd; /* of the database; -1: not held */
};

/* Of the database: beyond what a file can have, and beyond the bytes that SQLite locks (its 1 GiB
 * mark). */
#define FILE_LOCK_OFFSET G_GINT64_CONSTANT (0x4000000000000000)

/* Times that a lock file may vanish under us (another start refused its file) before we give up. */
#define MAX_TRIES 10

static gboolean
set_held_error (int fd, const char *path, GError **error)
{
  char text[32] = "";
  ssize_t length = pread (fd, text, sizeof text - 1, 0);

  if (length > 0)
    g_strstrip (text);
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
               "another orfeasd (pid %s) has the file open: it holds %s",
               text[0] != '\0' ? text : "unknown", path);
  return FALSE;
}

static gboolean
set_other_name_error (const char *path, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
               "another orfeasd has %s open, by another of its names (a link, a mount) or after "
               "its lock file was deleted",
               path);
  return FALSE;
}

static gboolean
open_file (OrfStoreLock *lock, GError **error)
{
  lock->fd = open (lock->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
  lock->made = lock->fd >= 0;
  if (lock->fd < 0 && errno == EEXIST)
    lock->fd = open (lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  return lock->fd >= 0 ? TRUE : orf_store_error_set_io ("open", lock->path, error);
}

/* Of the open file, not of the process: it also keeps a second store of the same process out, and
 * no other close() drops it. */
static gboolean
try_lock (int fd, gint64 offset, gint64 length)
{
  struct flock range = {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = length
  };

  return fcntl (fd, F_OFD_SETLK, &range) == 0;
}

/* *gone: the file was unlinked between opening and locking it, so that the lock is worth nothing.
 */
static gboolean
lock_file (OrfStoreLock *lock, gboolean *gone, GError **error)
{
  struct stat state;

  if (!try_lock (lock->fd, 0, 0)) {
    if (errno == EAGAIN || errno == EACCES)
      return set_held_error (lock->fd, lock->path, error);
    return orf_store_error_set_io ("lock", lock->path, error);
  }
  if (fstat (lock->fd, &state) != 0)
    return orf_store_error_set_io ("look at", lock->path, error);
  *gone = state.st_nlink == 0;
  return TRUE;
}

static gboolean
write_pid (OrfStoreLock *lock, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%d\n", (int) getpid ());

  if (ftruncate (lock->fd, 0) != 0 ||
      pwrite (lock->fd, text, strlen (text), 0) != (ssize_t) strlen (text)) {
    /* On a full disk the lock holds all the same; only its holder's name is missing. */
    if (errno == ENOSPC || errno == EDQUOT)
      return TRUE;
    return orf_store_error_set_io ("write", lock->path, error);
  }
  return TRUE;
}

static void
lock_free (OrfStoreLock *lock)
{
  if (lock->fd >= 0)
    close (lock->fd);
  if (lock->file_fd >= 0)
    close (lock->file_fd);
  g_free (lock->path);
  g_free (lock);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreLock, lock_free)

OrfStoreLock *
orf_store_lock_take (const char *path, GError **error)
{
  g_autoptr (OrfStoreLock) lock = g_new0 (OrfStoreLock, 1);
  gboolean gone = TRUE;

  lock->path = g_strconcat (path, ".lock", NULL);
  lock->fd = lock->file_fd = -1;
  for (guint i = 0; gone && i < MAX_TRIES; i++) {
    if (lock->fd >= 0)
      close (lock->fd);
    if (!open_file (lock, error) || !lock_file (lock, &gone, error))
      return NULL;
  }
  if (gone) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s keeps vanishing", lock->path);
    return NULL;
  }
  if (!write_pid (lock, error))
    return NULL;
  return g_steal_pointer (&lock);
}

gboolean
orf_store_lock_hold_file (OrfStoreLock *lock, const char *path, GError **error)
{
  struct stat state;

  g_return_val_if_fail (lock->file_fd < 0, FALSE);
  if (stat (path, &state) != 0)
    return orf_store_error_set_io ("look at", path, error);
  if (!S_ISREG (state.st_mode)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s is not a file", path);
    return FALSE;
  }
  lock->file_fd = open (path, O_RDWR | O_CLOEXEC);
  if (lock->file_fd < 0)
    return orf_store_error_set_io ("open", path, error);
  if (!try_lock (lock->file_fd, FILE_LOCK_OFFSET, 1)) {
    if (errno != EAGAIN && errno != EACCES)
      return orf_store_error_set_io ("lock", path, error);
    return set_other_name_error (path, error);
  }
  if (state.st_nlink > 1)
    g_warning ("%s has %u names (hard links): SQLite's journal goes by the name, so never start "
               "orfeasd under another one",
               path, (guint) state.st_nlink);
  return TRUE;
}

/* One that is not there is held by nobody. */
static gboolean
is_held (int fd, gint64 offset, gint64 length)
{
  struct flock range = {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = length
  };

  return fd >= 0 && fcntl (fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

gboolean
orf_store_lock_check (const char *path, GError **error)
{
  g_autofree char *lock_path = g_strconcat (path, ".lock", NULL);
  int lock_fd = open (lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  int file_fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean good = TRUE;

  if (is_held (lock_fd, 0, 0))
    good = set_held_error (lock_fd, lock_path, error);
  else if (is_held (file_fd, FILE_LOCK_OFFSET, 1))
    good = set_other_name_error (path, error);
  if (lock_fd >= 0)
    close (lock_fd);
  if (file_fd >= 0)
    close (file_fd);
  return good;
}

void
orf_store_lock_release (OrfStoreLock *lock, gboolean forget)
{
  if (lock == NULL)
    return;
  /* Both are for tidiness: the lock itself goes with the descriptor. */
  if (forget && lock->made)
    unlink (lock->path);
  else if (ftruncate (lock->fd, 0) != 0)
    g_debug ("%s keeps a stale pid", lock->path);
  lock_free (lock);
}
