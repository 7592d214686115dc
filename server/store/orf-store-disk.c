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
  OrfStoreDisk *disk = g_new0 (OrfStoreDisk, 1);

  disk->path = g_strdup (path);
  disk->directory = g_path_get_dirname (path);
  disk->ballast_path = g_strconcat (path, ".ballast", NULL);
  disk->min_free_bytes = min_free_bytes;
  disk->ballast_bytes = ballast_bytes;
  return disk;
}

void
orf_store_disk_free (OrfStoreDisk *disk)
{
  if (disk == NULL)
    return;
  g_free (disk->path);
  g_free (disk->directory);
  g_free (disk->ballast_path);
  g_free (disk);
}

/* FALSE: unknown, and then writing itself will tell. */
static gboolean
look_free_bytes (OrfStoreDisk *disk)
{
  struct statvfs state;

  if (statvfs (disk->directory, &state) != 0)
    return FALSE;
  disk->free_bytes = (gint64) state.f_bavail * (gint64) state.f_frsize;
  return TRUE;
}

static gint64
get_ballast_size (OrfStoreDisk *disk)
{
  struct stat state;

  return stat (disk->ballast_path, &state) == 0 ? (gint64) state.st_blocks * 512 : 0;
}

/* To leave the full state there must be room for the ballast too, else it would be entered again at
 * once. */
static gint64
get_needed_bytes (OrfStoreDisk *disk)
{
  gint64 missing = disk->full ? disk->ballast_bytes - get_ballast_size (disk) : 0;

  return disk->min_free_bytes + MAX (missing, 0);
}

static void
release_ballast (OrfStoreDisk *disk)
{
  if (unlink (disk->ballast_path) != 0 && errno != ENOENT)
    g_debug ("%s: %s", disk->ballast_path, g_strerror (errno));
}

void
orf_store_disk_make_ballast (OrfStoreDisk *disk)
{
  int fd;

  if (disk->ballast_bytes <= 0 || disk->full || get_ballast_size (disk) >= disk->ballast_bytes ||
      !look_free_bytes (disk) || disk->free_bytes < disk->min_free_bytes + disk->ballast_bytes)
    return;
  fd = open (disk->ballast_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return;
  /* Not posix_fallocate(): where the file system cannot, that writes zeros.  There we do without.
   */
  if (fallocate (fd, 0, 0, disk->ballast_bytes) != 0) {
    g_debug ("%s: %s", disk->ballast_path, g_strerror (errno));
    release_ballast (disk);
  }
  close (fd);
}

void
orf_store_disk_set_full (OrfStoreDisk *disk)
{
  disk->full = TRUE;
  look_free_bytes (disk);
  release_ballast (disk);
}

gboolean
orf_store_disk_look (OrfStoreDisk *disk)
{
  gboolean full;

  if (!look_free_bytes (disk))
    return FALSE;
  full = disk->free_bytes < get_needed_bytes (disk);
  if (full == disk->full)
    return FALSE;
  disk->full = full;
  if (full)
    release_ballast (disk);
  else
    orf_store_disk_make_ballast (disk);
  return TRUE;
}

gboolean
orf_store_disk_is_full (OrfStoreDisk *disk)
{
  return disk->full;
}

GError *
orf_store_disk_dup_error (OrfStoreDisk *disk)
{
  return orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS,
                              "the disk that holds %s has %" G_GINT64_FORMAT
                              " bytes free, %" G_GINT64_FORMAT " are needed",
                              disk->path, disk->free_bytes, get_needed_bytes (disk));
}
