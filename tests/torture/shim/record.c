/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened to the files, in order.  An entry: kind (1 byte), lengths of path (4) and data (4),
 * offset (8), path, data; numbers as the machine has them.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Of the record, and of the files: see shim.h. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int record_fd = -1;

static void __attribute__ ((constructor)) open_record (void)
{
  const char *path = getenv ("ORFEAS_SHIM_RECORD");

  if (path != NULL)
    record_fd = (int) syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
}

bool
shim_record_lock (int file)
{
  /* The index is made anew from the WAL by the first who opens the file. */
  if (record_fd < 0 || file == 0 || file == SHIM_INDEX)
    return false;
  pthread_mutex_lock (&lock);
  return true;
}

void
shim_record_unlock (void)
{
  int saved = errno;

  pthread_mutex_unlock (&lock);
  errno = saved;
}

void
shim_record_add (ShimRecord kind, const char *path, int64_t offset, const void *data, size_t length)
{
  uint8_t kind_byte = (uint8_t) kind;
  uint32_t path_length = (uint32_t) strlen (path), data_length = (uint32_t) length;
  struct iovec parts[] = {
    { &kind_byte, sizeof kind_byte },     { &path_length, sizeof path_length },
    { &data_length, sizeof data_length }, { &offset, sizeof offset },
    { (void *) path, path_length },       { (void *) data, length },
  };
  ssize_t wanted = 0;

  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    wanted += (ssize_t) parts[i].iov_len;
  if (syscall (SYS_writev, record_fd, parts, sizeof parts / sizeof *parts) != wanted) {
    fprintf (stderr, "shim: the record cannot be written: %s\n", strerror (errno));
    _exit (127);
  }
  __atomic_add_fetch (&shim_get_page ()->n_recorded, 1, __ATOMIC_SEQ_CST);
}

void
shim_record_add_fd (ShimRecord kind, int fd, int64_t offset, const void *data, size_t length)
{
  char link[64], path[PATH_MAX];
  int saved = errno;
  ssize_t path_length;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  path_length = readlink (link, path, sizeof path - 1);
  if (path_length < 0)
    return;
  path[path_length] = '\0';
  shim_record_add (kind, path, offset, data, length);
  errno = saved;
}
