/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-disk-names.h"

#include <string.h>
#include <unistd.h>

#include "core/orf-names.h"

/* Disks come and go under new names (loops, mapped volumes): far more than a machine has at once,
 * then all are looked at anew. */
#define MAX_NAMES 4096

struct _OrfDiskNames {
  char *sys_block;     /* NULL: not there */
  GHashTable *is_disk; /* name -> anything where it is one, else NULL */
};

static gboolean
has_one_of (const char *name, const char *const *prefixes)
{
  for (guint i = 0; prefixes[i] != NULL; i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_layer (const char *name)
{
  static const char *const layers[] = { "loop", "ram",    "zram", "dm-", "md",
                                        "drbd", "bcache", "zd",   NULL };

  return has_one_of (name, layers);
}

/* sda1, nvme0n1p2, mmcblk0p1: the disk's name and a number, with a p between where it ends in one.
 */
static gboolean
looks_like_partition (const char *name)
{
  gsize length = strlen (name), digits = 0;

  while (digits < length && g_ascii_isdigit (name[length - digits - 1]))
    digits++;
  if (digits == 0 || digits == length)
    return FALSE;
  if (has_one_of (name, (const char *const[]){ "sd", "hd", "vd", "xvd", NULL }))
    return TRUE;
  return name[length - digits - 1] == 'p' && length > digits + 1 &&
         g_ascii_isdigit (name[length - digits - 2]);
}

static gboolean
decide (const OrfDiskNames *names, const char *name)
{
  g_autofree char *file_name = NULL;
  g_autofree char *path = NULL;

  if (is_layer (name))
    return FALSE;
  if (names->sys_block == NULL)
    return !looks_like_partition (name);
  file_name = g_strdelimit (g_strdup (name), "/", '!'); /* cciss/c0d0, as sysfs writes it */
  path = g_build_filename (names->sys_block, file_name, NULL);
  return access (path, F_OK) == 0;
}

gboolean
orf_disk_names_is_disk (gpointer self, const char *name)
{
  OrfDiskNames *names = self;
  gpointer known;

  if (!g_hash_table_lookup_extended (names->is_disk, name, NULL, &known)) {
    if (g_hash_table_size (names->is_disk) >= MAX_NAMES)
      g_hash_table_remove_all (names->is_disk);
    known = decide (names, name) ? names : NULL;
    g_hash_table_insert (names->is_disk, g_strdup (name), known);
  }
  return known != NULL;
}

OrfDiskNames *
orf_disk_names_new (const char *sys_block)
{
  OrfDiskNames *names = g_new0 (OrfDiskNames, 1);

  names->sys_block = access (sys_block, F_OK) == 0 ? g_strdup (sys_block) : NULL;
  names->is_disk = orf_names_table_new (g_free, NULL);
  return names;
}

void
orf_disk_names_free (OrfDiskNames *names)
{
  g_hash_table_unref (names->is_disk);
  g_free (names->sys_block);
  g_free (names);
}
