/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* "ORFS" */
#define ORF_STORE_APPLICATION_ID 0x4F524653

/*
 * migrations/NNN-name.sql, from the program's resources: the only way a file gets its tables.  A
 * new file replays them all.
 *
 * A step that changes or drops rows that an earlier version wrote says so in the comment that it
 * begins with, as `-- Rewrites: what it does.` (a test finds one that does not): orf-store-upgrade
 * copies the file first.
 */
guint orf_store_migrate_get_latest (void);
/* The steps as GBytes; [i] makes version i + 1. */
GPtrArray *orf_store_migrate_load (GError **error);
/* What the step that makes `version` rewrites, in its own words; NULL: nothing. */
char *orf_store_migrate_dup_rewrite (const GPtrArray *steps, guint version);
/* From the file's `version` to the last, each step with its user_version in one transaction: a step
 * that fails leaves the file as it was. */
gboolean orf_store_migrate_run (OrfConnection *connection,
                                const GPtrArray *steps,
                                guint version,
                                GError **error);
/* One step: its SQL and the version that it makes. */
gboolean
orf_store_migrate_step (OrfConnection *connection, const char *sql, guint version, GError **error);

G_END_DECLS
