/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-migrate.h"

#include <gio/gio.h>
#include <string.h>

#include "core/orf-names.h"
#include "orf-error.h"
/* Generated from migrations/migrations.gresource.xml; naming it is what links it in. */
GResource *orf_migrations_get_resource (void);

#define PREFIX   "/org/orfeas/migrations"
#define COMMENT  "--"
#define REWRITES "-- Rewrites: "

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

GPtrArray *
orf_store_migrate_load (GError **error)
{
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_auto (GStrv) names = dup_names ();

  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_strconcat (PREFIX "/", names[i], NULL);
    g_autoptr (GError) failure = NULL;
    GBytes *sql = g_resource_lookup_data (orf_migrations_get_resource (), path, 0, &failure);

    if (sql == NULL) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: %s", path, failure->message);
      return NULL;
    }
    g_ptr_array_add (steps, sql);
  }
  return g_steal_pointer (&steps);
}

/* Resources end in a NUL that is not counted. */
static const char *
get_sql (const GPtrArray *steps, guint version)
{
  return g_bytes_get_data (steps->pdata[version - 1], NULL);
}

char *
orf_store_migrate_dup_rewrite (const GPtrArray *steps, guint version)
{
  const char *line = get_sql (steps, version);

  while (g_str_has_prefix (line, COMMENT)) {
    const char *end = strchrnul (line, '\n');

    if (g_str_has_prefix (line, REWRITES))
      return g_strndup (line + strlen (REWRITES), (gsize) (end - line) - strlen (REWRITES));
    line = *end == '\n' ? end + 1 : end;
  }
  return NULL;
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
orf_store_migrate_run (OrfConnection *connection,
                       const GPtrArray *steps,
                       guint version,
                       GError **error)
{
  while (version < steps->len) {
    version++;
    if (!orf_store_migrate_step (connection, get_sql (steps, version), version, error))
      return FALSE;
  }
  return TRUE;
}
