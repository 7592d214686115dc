/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* "ORFS" */
#define ORF_STORE_APPLICATION_ID 0x4F524653

/*
 * migrations/NNN-name.sql, from the program's resources: the only way a file gets its tables.  A
 * new file replays them all.
 */
guint orf_store_migrate_get_latest (void);
/* From the file's user_version to `version`, each step with its user_version in one transaction: a
 * step that fails leaves the file as it was. */
gboolean orf_store_migrate_run (OrfConnection *connection, guint version, GError **error);
/* One step, for tests: its SQL and the version that it makes. */
gboolean
orf_store_migrate_step (OrfConnection *connection, const char *sql, guint version, GError **error);

G_END_DECLS
