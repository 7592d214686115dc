/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-migrate.h"

#include <gio/gio.h>
#include <string.h>

#include "core/orf-names.h"
#include "orf-error.h"
/* Generated from migrations/migrations.gresource.xml; naming it is what links it in. */
GResource *orf_migrations_get_resource (void);

#define PREFIX "/org/orfeas/migrations"

/* The steps' names in order; the first is 001-…, and none is left out (checked by a test). */
static char **
dup_names (void)
{
  char **names = g_resource_enumerate_children (orf_migrations_get_resource (), PREFIX, 0, NULL);

  g_return_val_if_fail (names != NULL, g_new0 (char *, 1));
  qsort (names, g_strv_length (names), sizeof *names, orf_names_compare);
  return names;
}

guint
orf_store_migrate_get_latest (void)
{
  g_auto (GStrv) names = dup_names ();

  return g_strv_length (names);
}

gboolean
orf_store_migrate_step (OrfConnection *connection, const char *sql, guint version, GError **error)
{
  g_autofree char *mark = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %u",
                                           ORF_STORE_APPLICATION_ID, version);

  if (!orf_connection_exec (connection, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (orf_connection_exec (connection, sql, error) &&
      orf_connection_exec (connection, mark, error) &&
      orf_connection_exec (connection, "COMMIT", error))
    return TRUE;
  orf_connection_rollback (connection);
  g_prefix_error (error, "migration to version %u: ", version);
  return FALSE;
}

gboolean
orf_store_migrate_run (OrfConnection *connection, guint version, GError **error)
{
  g_auto (GStrv) names = dup_names ();
  gint64 current;

  g_return_val_if_fail (version <= g_strv_length (names), FALSE);
  if (!orf_connection_get_int64 (connection, "PRAGMA user_version", &current, error))
    return FALSE;
  for (guint i = (guint) current; i < version; i++) {
    g_autofree char *path = g_strconcat (PREFIX "/", names[i], NULL);
    g_autoptr (GError) failure = NULL;
    g_autoptr (GBytes)
      sql = g_resource_lookup_data (orf_migrations_get_resource (), path, 0, &failure);

    if (sql == NULL) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: %s", path, failure->message);
      return FALSE;
    }
    /* Resources end in a NUL that is not counted. */
    if (!orf_store_migrate_step (connection, g_bytes_get_data (sql, NULL), i + 1, error))
      return FALSE;
  }
  return TRUE;
}
