/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-migrate.h"

#include <string.h>

#include "orf-error.h"

#define COMMENT  "--"
#define REWRITES "-- Rewrites: "

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
