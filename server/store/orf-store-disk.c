/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "orf-error.h"
#include "store/orf-store-error.h"

struct _OrfStoreDisk {
  char *path;
  char *directory;
  char *ballast_path;
  gint64 min_free_bytes;
  gint64 ballast_bytes;
  gint64 free_bytes; /* at the last look */
  gboolean full;
};

OrfStoreDisk *
orf_store_disk_new (const char *path, gint64 min_free_bytes, gint64 ballast_bytes)
{
  OrfStoreDisk *self = g_new0 (OrfStoreDisk, 1);

  self->path = g_strdup (path);
  self->directory = g_path_get_dirname (path);
  self->ballast_path = g_strconcat (path, ".ballast", NULL);
  self->min_free_bytes = min_free_bytes;
  self->ballast_bytes = ballast_bytes;
  return self;
}

void
orf_store_disk_free (OrfStoreDisk *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->directory);
  g_free (self->ballast_path);
  g_free (self);
}

/* FALSE: unknown, and then writing itself will tell. */
static gboolean
look_free_bytes (OrfStoreDisk *self)
{
  struct statvfs state;

  if (statvfs (self->directory, &state) != 0)
    return FALSE;
  self->free_bytes = (gint64) state.f_bavail * (gint64) state.f_frsize;
  return TRUE;
}

static gint64
get_ballast_size (OrfStoreDisk *self)
{
  struct stat state;

  return stat (self->ballast_path, &state) == 0 ? (gint64) state.st_blocks * 512 : 0;
}

/* To leave the full state there must be room for the ballast too, else it would be entered again at
 * once. */
static gint64
get_needed_bytes (OrfStoreDisk *self)
{
  gint64 missing = self->full ? self->ballast_bytes - get_ballast_size (self) : 0;

  return self->min_free_bytes + MAX (missing, 0);
}

static void
release_ballast (OrfStoreDisk *self)
{
  if (unlink (self->ballast_path) != 0 && errno != ENOENT)
    g_debug ("%s: %s", self->ballast_path, g_strerror (errno));
}

void
orf_store_disk_make_ballast (OrfStoreDisk *self)
{
  int fd;

  if (self->ballast_bytes <= 0 || self->full || get_ballast_size (self) >= self->ballast_bytes ||
      !look_free_bytes (self) || self->free_bytes < self->min_free_bytes + self->ballast_bytes)
    return;
  fd = open (self->ballast_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return;
  /* Not posix_fallocate(): where the file system cannot, that writes zeros.  There we do without.
   */
  if (fallocate (fd, 0, 0, self->ballast_bytes) != 0) {
    g_debug ("%s: %s", self->ballast_path, g_strerror (errno));
    release_ballast (self);
  }
  close (fd);
}

void
orf_store_disk_set_full (OrfStoreDisk *self)
{
  self->full = TRUE;
  look_free_bytes (self);
  release_ballast (self);
}

gboolean
orf_store_disk_look (OrfStoreDisk *self)
{
  gboolean full;

  if (!look_free_bytes (self))
    return FALSE;
  full = self->free_bytes < get_needed_bytes (self);
  if (full == self->full)
    return FALSE;
  self->full = full;
  if (full)
    release_ballast (self);
  else
    orf_store_disk_make_ballast (self);
  return TRUE;
}

gboolean
orf_store_disk_is_full (OrfStoreDisk *self)
{
  return self->full;
}

GError *
orf_store_disk_dup_error (OrfStoreDisk *self)
{
  return orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS,
                              "the disk that holds %s has %" G_GINT64_FORMAT
                              " bytes free, %" G_GINT64_FORMAT " are needed",
                              self->path, self->free_bytes, get_needed_bytes (self));
}
