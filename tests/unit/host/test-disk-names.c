/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "host/orf-disk-names.h"

typedef struct {
  char *dir;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("orf-disk-names-XXXXXX", NULL);
  g_assert_nonnull (fixture->dir);
}

static void
add_block (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static void
remove_block (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_cmpint (g_rmdir (path), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

/* What sysfs has is a disk, whatever it is called: xvda1 may have no xvda above it. */
static void
test_by_sysfs (Fixture *fixture, gconstpointer data)
{
  const char *const blocks[] = {
    "sda", "xvda1", "nvme0n1", "dm-0", "md127", "loop0", "cciss!c0d0"
  };
  g_autoptr (OrfDiskNames) names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    add_block (fixture, blocks[i]);
  names = orf_disk_names_new (fixture->dir);
  g_assert_true (orf_disk_names_is_disk (names, "sda"));
  g_assert_true (orf_disk_names_is_disk (names, "xvda1"));
  g_assert_true (orf_disk_names_is_disk (names, "nvme0n1"));
  g_assert_true (orf_disk_names_is_disk (names, "cciss/c0d0"));
  g_assert_false (orf_disk_names_is_disk (names, "sda1"));
  g_assert_false (orf_disk_names_is_disk (names, "nvme0n1p1"));
  g_assert_false (orf_disk_names_is_disk (names, "dm-0"));
  g_assert_false (orf_disk_names_is_disk (names, "md127"));
  g_assert_false (orf_disk_names_is_disk (names, "loop0"));
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    remove_block (fixture, blocks[i]);
  /* looked at once: each sample would else cost a system call a disk */
  g_assert_true (orf_disk_names_is_disk (names, "sda"));
}

static void
test_without_sysfs (Fixture *fixture, gconstpointer data)
{
  g_autofree char *none = g_build_filename (fixture->dir, "none", NULL);
  g_autoptr (OrfDiskNames) names = orf_disk_names_new (none);
  const char *const disks[] = { "sda", "vdb", "nvme0n1", "mmcblk0", "sr0" };
  const char *const others[] = { "sda1",  "vdb12", "nvme0n1p2", "mmcblk0p1",
                                 "zram0", "ram3",  "drbd1",     "bcache0" };

  for (guint i = 0; i < G_N_ELEMENTS (disks); i++)
    g_assert_true (orf_disk_names_is_disk (names, disks[i]));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (orf_disk_names_is_disk (names, others[i]));
}

/* More names than it keeps are still answered rightly. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfDiskNames) names = NULL;

  add_block (fixture, "sda");
  names = orf_disk_names_new (fixture->dir);
  for (guint i = 0; i < 10000; i++) {
    g_autofree char *name = g_strdup_printf ("sd%u", i);

    g_assert_false (orf_disk_names_is_disk (names, name));
  }
  g_assert_true (orf_disk_names_is_disk (names, "sda"));
  remove_block (fixture, "sda");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/disk-names/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("by-sysfs", test_by_sysfs);
  ADD ("without-sysfs", test_without_sysfs);
  ADD ("many", test_many);
  return g_test_run ();
}
