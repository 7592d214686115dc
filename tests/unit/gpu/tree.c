/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

char *
tree_new (void)
{
  char *root = g_dir_make_tmp ("orfeas-tree-XXXXXX", NULL);

  g_assert_nonnull (root);
  return root;
}

static void
remove_all (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name (dir));) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_all (child);
  }
  if (dir)
    g_dir_close (dir);
  g_assert_cmpint (g_remove (path), ==, 0);
}

void
tree_free (char *root)
{
  remove_all (root);
  g_free (root);
}

/* Its directory is there from then on. */
static char *
make_path (const char *root, const char *path)
{
  char *full = g_build_filename (root, path, NULL);
  g_autofree char *directory = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  return full;
}

void
tree_put_bytes (const char *root, const char *path, const guint8 *data, gsize size)
{
  g_autofree char *full = make_path (root, path);

  g_assert_true (g_file_set_contents (full, (const char *) data, (gssize) size, NULL));
}

void
tree_put (const char *root, const char *path, const char *text)
{
  tree_put_bytes (root, path, (const guint8 *) text, strlen (text));
}

void
tree_link (const char *root, const char *path, const char *target)
{
  g_autofree char *full = make_path (root, path);

  g_assert_cmpint (symlink (target, full), ==, 0);
}

void
tree_remove (const char *root, const char *path)
{
  g_autofree char *full = g_build_filename (root, path, NULL);

  remove_all (full);
}
