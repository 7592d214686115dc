/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shared page, and which files are meant. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static ShimPage *page;
static char folder[PATH_MAX];
static size_t folder_length;

static void __attribute__ ((constructor)) map_page (void)
{
  const char *path = getenv ("ORFEAS_SHIM_PAGE"), *meant = getenv ("ORFEAS_SHIM_FOLDER");
  void *shared;
  int fd;

  if (path == NULL || meant == NULL || realpath (meant, folder) == NULL)
    return;
  folder_length = strlen (folder);
  fd = (int) syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  shared = fd >= 0 ? mmap (NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                   : MAP_FAILED;
  if (fd >= 0)
    syscall (SYS_close, fd);
  if (shared == MAP_FAILED) {
    fprintf (stderr, "shim: %s: %s\n", path, strerror (errno));
    _exit (127);
  }
  page = shared;
}

ShimPage *
shim_get_page (void)
{
  return page;
}

static bool
ends_in (const char *path, const char *end)
{
  size_t length = strlen (path), end_length = strlen (end);

  return length >= end_length && strcmp (path + length - end_length, end) == 0;
}

int
shim_classify_path (const char *path)
{
  if (page == NULL || strncmp (path, folder, folder_length) != 0)
    return 0;
  if (path[folder_length] != '/' && path[folder_length] != '\0')
    return 0;
  if (ends_in (path, ".db"))
    return SHIM_DATABASE;
  if (ends_in (path, "-wal"))
    return SHIM_WAL;
  return ends_in (path, "-shm") ? SHIM_INDEX : SHIM_OTHER;
}

int
shim_classify_fd (int fd)
{
  char link[64], path[PATH_MAX];
  ssize_t length;

  if (page == NULL)
    return 0;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, sizeof path - 1);
  if (length < 0)
    return 0;
  path[length] = '\0';
  return shim_classify_path (path);
}

void
shim_kill (void)
{
  kill (getpid (), SIGKILL);
  for (;;)
    pause ();
}

/* Takes one of *count, unless it is at 0. */
static bool
take_one (int64_t *count)
{
  int64_t now = __atomic_load_n (count, __ATOMIC_SEQ_CST);

  while (now > 0)
    if (__atomic_compare_exchange_n (count, &now, now - 1, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
      return true;
  return false;
}

bool
shim_is_met (ShimOp op, int file, ShimAction *action, int64_t *number)
{
  if (page == NULL || file == 0 || (__atomic_load_n (&page->ops, __ATOMIC_SEQ_CST) & op) == 0 ||
      (page->files & file) == 0)
    return false;
  if (take_one (&page->skip) || !take_one (&page->times))
    return false;
  __atomic_add_fetch (&page->met, 1, __ATOMIC_SEQ_CST);
  *action = (ShimAction) page->action;
  *number = page->number;
  if (*action == SHIM_KILL)
    shim_kill ();
  if (*action == SHIM_DELAY) {
    struct timespec pause_time = { *number / 1000000, *number % 1000000 * 1000 };

    nanosleep (&pause_time, NULL);
    return false;
  }
  return true;
}

void *
shim_next (const char *name)
{
  void *function = dlsym (RTLD_NEXT, name);

  if (function == NULL) {
    fprintf (stderr, "shim: no %s\n", name);
    _exit (127);
  }
  return function;
}
