/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LD_PRELOAD: a disk whose sync takes 2 ms longer, as many do that are no cloud's NVMe. */
#include <dlfcn.h>
#include <unistd.h>

#define MORE_US 2000

int
fsync (int fd)
{
  static int (*next) (int fd);

  if (next == NULL)
    next = (int (*) (int)) dlsym (RTLD_NEXT, "fsync");
  usleep (MORE_US);
  return next (fd);
}

int
fdatasync (int fd)
{
  static int (*next) (int fd);

  if (next == NULL)
    next = (int (*) (int)) dlsym (RTLD_NEXT, "fdatasync");
  usleep (MORE_US);
  return next (fd);
}
