/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls on files, by the names that the daemon and SQLite have them under. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* TRUE: *result is what the call answers instead of being made. */
static bool
fails (ShimOp op, int file, int *result)
{
  ShimAction action;
  int64_t number;

  if (!shim_is_met (op, file, &action, &number) || action != SHIM_FAIL)
    return false;
  errno = (int) number;
  *result = -1;
  return true;
}

int
open64 (const char *path, int flags, ...)
{
  SHIM_NEXT (open64)
  int file = shim_classify_path (path), fd, result;
  struct stat state;
  bool is_new, records;
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg (arguments, mode_t) : 0;
  va_end (arguments);
  if (fails (SHIM_OPEN, file, &result))
    return result;
  records = shim_record_lock (file);
  is_new = records && (flags & O_CREAT) != 0 && stat (path, &state) != 0;
  fd = next (path, flags, mode);
  if (records && fd >= 0 && is_new)
    shim_record_add (SHIM_RECORD_CREATE, path, 0, NULL, 0);
  if (records && fd >= 0 && (flags & O_TRUNC) != 0)
    shim_record_add (SHIM_RECORD_TRUNCATE, path, 0, NULL, 0);
  if (records)
    shim_record_unlock ();
  return fd;
}

ssize_t
pread64 (int fd, void *data, size_t length, off64_t offset)
{
  SHIM_NEXT (pread64)
  int result;

  if (fails (SHIM_READ, shim_classify_fd (fd), &result))
    return result;
  return next (fd, data, length, offset);
}

/* A write that is met; *length is what is to be made of it.  TRUE: nothing, and the call fails. */
static bool
write_fails (int file, size_t *length, ShimAction *action)
{
  int64_t number;

  *action = SHIM_DELAY; /* nothing further */
  if (!shim_is_met (SHIM_WRITE, file, action, &number))
    return false;
  if (*action == SHIM_KILL_TORN || *action == SHIM_SHORT)
    *length /= 2;
  errno = (int) number;
  return *action == SHIM_FAIL;
}

ssize_t
pwrite64 (int fd, const void *data, size_t length, off64_t offset)
{
  SHIM_NEXT (pwrite64)
  int file = shim_classify_fd (fd);
  ShimAction action;
  ssize_t done;
  bool records;

  if (write_fails (file, &length, &action))
    return -1;
  records = shim_record_lock (file);
  if (records)
    shim_record_add_fd (SHIM_RECORD_WRITE, fd, offset, data, length);
  done = next (fd, data, length, offset);
  if (records)
    shim_record_unlock ();
  if (action == SHIM_KILL_AFTER || action == SHIM_KILL_TORN)
    shim_kill ();
  return done;
}

ssize_t
write (int fd, const void *data, size_t length)
{
  SHIM_NEXT (write)
  int file = shim_classify_fd (fd);
  ShimAction action;
  ssize_t done;
  bool records;

  if (file == 0)
    return next (fd, data, length);
  if (write_fails (file, &length, &action))
    return -1;
  records = shim_record_lock (file);
  if (records)
    shim_record_add_fd (SHIM_RECORD_WRITE, fd, lseek (fd, 0, SEEK_CUR), data, length);
  done = next (fd, data, length);
  if (records)
    shim_record_unlock ();
  if (action == SHIM_KILL_AFTER || action == SHIM_KILL_TORN)
    shim_kill ();
  return done;
}

/* A sync counts when it has come back. */
static int
sync_file (int fd, int (*next) (int))
{
  ShimAction action = SHIM_DELAY;
  int64_t number;
  int file = shim_classify_fd (fd), result;
  bool fails = shim_is_met (SHIM_SYNC, file, &action, &number) && action == SHIM_FAIL;
  bool records = shim_record_lock (file);

  result = fails ? -1 : next (fd);
  if (fails)
    errno = (int) number;
  if (records) {
    shim_record_add_fd (result == 0 ? SHIM_RECORD_SYNC : SHIM_RECORD_FAILED, fd, 0, NULL, 0);
    shim_record_unlock ();
  }
  if (action == SHIM_KILL_AFTER)
    shim_kill ();
  return result;
}

int
fsync (int fd)
{
  SHIM_NEXT (fsync)
  return sync_file (fd, next);
}

int
fdatasync (int fd)
{
  SHIM_NEXT (fdatasync)
  return sync_file (fd, next);
}

int
ftruncate64 (int fd, off64_t length)
{
  SHIM_NEXT (ftruncate64)
  int file = shim_classify_fd (fd), result;
  bool records;

  if (fails (SHIM_TRUNCATE, file, &result))
    return result;
  records = shim_record_lock (file);
  if (records)
    shim_record_add_fd (SHIM_RECORD_TRUNCATE, fd, length, NULL, 0);
  result = next (fd, length);
  if (records)
    shim_record_unlock ();
  return result;
}

int
renameat2 (int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
  SHIM_NEXT (renameat2)
  int file = shim_classify_path (to), result;
  bool records;

  if (fails (SHIM_RENAME, file, &result))
    return result;
  records = shim_record_lock (file);
  result = next (from_folder, from, to_folder, to, flags);
  if (records) {
    if (result == 0)
      shim_record_add (SHIM_RECORD_RENAME, from, 0, to, __builtin_strlen (to));
    shim_record_unlock ();
  }
  return result;
}

int
unlink (const char *path)
{
  SHIM_NEXT (unlink)
  int file = shim_classify_path (path), result;
  bool records;

  if (fails (SHIM_UNLINK, file, &result))
    return result;
  records = shim_record_lock (file);
  result = next (path);
  if (records) {
    if (result == 0)
      shim_record_add (SHIM_RECORD_UNLINK, path, 0, NULL, 0);
    shim_record_unlock ();
  }
  return result;
}
