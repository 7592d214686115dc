/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-wal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/orf-store-error.h"

#define STEP_BYTES (256 * 1024)

/* FALSE: errno tells why. */
static gboolean
rewrite (int fd)
{
  g_autofree guint8 *bytes = g_malloc (STEP_BYTES);
  gint64 offset = 0;

  for (;;) {
    ssize_t length = pread (fd, bytes, STEP_BYTES, offset);

    if (length == 0)
      return fdatasync (fd) == 0;
    if (length < 0 || pwrite (fd, bytes, (gsize) length, offset) != length)
      return FALSE;
    offset += length;
  }
}

gboolean
orf_store_wal_rewrite (const char *path, GError **error)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  int fd = open (wal, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  gboolean done;

  if (fd < 0)
    return errno == ENOENT || orf_store_error_set_io ("open", wal, error);
  done = rewrite (fd) || orf_store_error_set_io ("write", wal, error);
  close (fd);
  return done;
}
