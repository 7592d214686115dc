/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * What can still be read of a damaged database file, as a new one that the daemon takes: rows of
 * all tables but those on pages that cannot be read, and rows that no table takes.  What follows
 * from other tables is made again, and what would point at nothing is let go.  A row `event` tells
 * of it.
 *
 * Rows are found by the trees of the tables: what stands below a page in the middle of a tree goes
 * with it.  The schema has to be readable.
 */

typedef struct {
  char *name;
  gint64 rows;      /* there now */
  gint64 n_gaps;    /* runs of rows that cannot be read */
  gint64 n_refused; /* rows that make no sense: a NULL or text where there is none */
} OrfRecoveredTable;

typedef struct {
  GPtrArray *tables; /* of OrfRecoveredTable, by name */
  GStrv mended;      /* lines: what was made again or let go */
} OrfRecovery;

void orf_recovery_free (OrfRecovery *recovery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRecovery, orf_recovery_free)

/* Whether something could not be had. */
gboolean orf_recovery_is_partial (const OrfRecovery *recovery);

/* db: open for writing, and empty.  source: for reading only, with extended result codes; all is
 * read in one transaction.  path: the source's, for the row that tells of it.  NULL, with what
 * SQLite said: its schema cannot be read, or db cannot be written. */
OrfRecovery *orf_recover_make (sqlite3 *db, sqlite3 *source, const char *path, GError **error);

G_END_DECLS
