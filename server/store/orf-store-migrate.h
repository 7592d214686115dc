/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-migrations.h"

G_BEGIN_DECLS

/* "ORFS" */
#define ORF_STORE_APPLICATION_ID 0x4F524653

/*
 * Brings a file to the latest version; a new one replays all steps.
 *
 * A step that changes or drops rows that an earlier version wrote says so in the comment that it
 * begins with, as `-- Rewrites: what it does.` (a test finds one that does not): orf-store-upgrade
 * copies the file first.
 */
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
