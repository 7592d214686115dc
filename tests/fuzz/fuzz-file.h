/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The bytes as a file that only its owner may read, of memory; its path, which stays the same.  fd:
 * the caller's, static, -1 at first. */
static inline const char *
fuzz_write_file_at (int *fd, char path[64], const uint8_t *data, size_t size)
{
  if (*fd < 0) {
    *fd = memfd_create ("fuzz", MFD_CLOEXEC);
    g_snprintf (path, 64, "/proc/self/fd/%d", *fd);
  }
  if (*fd < 0 || fchmod (*fd, 0600) != 0 || ftruncate (*fd, 0) != 0 ||
      pwrite (*fd, data, size, 0) != (ssize_t) size)
    g_error ("no file of memory");
  return path;
}

static inline const char *
fuzz_write_file (const uint8_t *data, size_t size)
{
  static char path[64];
  static int fd = -1;

  return fuzz_write_file_at (&fd, path, data, size);
}
