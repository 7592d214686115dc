/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-upgrade.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "store/orf-store-backup.h"
#include "store/orf-store-error.h"
#include "store/orf-store-migrate.h"

/* Of a backup to `copy` that was killed: COPY.XXXXXX, or what SQLite makes beside it. */
static gboolean
is_left_over (const char *file, const char *copy)
{
  gsize length = strlen (copy);
  const char *end;

  if (!g_str_has_prefix (file, copy) || file[length] != '.' || strlen (file) < length + 7)
    return FALSE;
  end = file + length + 7;
  return *end == '\0' || g_str_equal (end, "-wal") || g_str_equal (end, "-shm");
}

/* A copy of an earlier try, and what is left of those that were killed: there is room for one. */
static gboolean
remove_earlier (const char *copy, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (copy);
  g_autofree char *name = g_path_get_basename (copy);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *file;

  if (g_unlink (copy) != 0 && errno != ENOENT)
    return orf_store_error_set_io ("replace", copy, error);
  while (files != NULL && (file = g_dir_read_name (files)) != NULL) {
    g_autofree char *path = g_build_filename (folder, file, NULL);

    /* One that cannot be removed costs room, no more. */
    if (is_left_over (file, name) && g_unlink (path) != 0)
      g_debug ("%s: %s", path, g_strerror (errno));
  }
  return TRUE;
}

static gboolean
make_copy (OrfConnection *connection, const char *copy, gint64 min_free_bytes, GError **error)
{
  g_autoptr (OrfBackupJob) job = orf_backup_job_new (NULL, copy, NULL);
  gboolean finished = FALSE;

  return remove_earlier (copy, error) &&
         orf_backup_begin (job, connection, min_free_bytes, error) &&
         orf_backup_step (job, G_MAXINT64, &finished, error);
}

/* Of those steps that are to come, the first that rewrites: what it does; NULL: none does. */
static char *
dup_first_rewrite (const GPtrArray *steps, guint version)
{
  char *rewrite = NULL;

  while (rewrite == NULL && version < steps->len)
    rewrite = orf_store_migrate_dup_rewrite (steps, ++version);
  return rewrite;
}

gboolean
orf_store_upgrade (OrfConnection *connection,
                   const GPtrArray *steps,
                   gint64 min_free_bytes,
                   GError **error)
{
  const char *path = orf_connection_get_path (connection);
  g_autofree char *rewrite = NULL, *copy = NULL;
  gint64 version;

  if (!orf_connection_get_int64 (connection, "PRAGMA user_version", &version, error))
    return FALSE;
  rewrite = version > 0 ? dup_first_rewrite (steps, (guint) version) : NULL;
  if (rewrite != NULL) {
    copy = g_strdup_printf ("%s.version-%" G_GINT64_FORMAT, path, version);
    g_message ("%s is copied to %s before it is upgraded from version %" G_GINT64_FORMAT
               " to %u, which rewrites: %s",
               path, copy, version, steps->len, rewrite);
    if (!make_copy (connection, copy, min_free_bytes, error)) {
      g_prefix_error (error, "%s is not upgraded, since it cannot be copied first: ", path);
      return FALSE;
    }
  }
  if (!orf_store_migrate_run (connection, steps, (guint) version, error))
    return FALSE;
  if (copy != NULL)
    g_message ("%s is upgraded; delete %s when nothing is missing", path, copy);
  return TRUE;
}
