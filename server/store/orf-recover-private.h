/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-recover.h"

G_BEGIN_DECLS

/* The rows of one table that can be read, from source to the table of that name in db.  NULL: db
 * cannot be written; that source cannot be read is no error, but a gap. */
OrfRecoveredTable *
orf_recover_table (sqlite3 *db, sqlite3 *source, const char *name, GError **error);

void orf_recovered_table_free (OrfRecoveredTable *table);

/* Whether rows of that one are lost; FALSE: there is no such table. */
gboolean orf_recover_is_partial (GPtrArray *tables, const char *name);

/* A line of what had to be made again or let go, so that tables tell the same; where nothing of the
 * like was to be done it says nothing.  tables: OrfRecoveredTable, what was read of each. */
gboolean
orf_recover_mend (sqlite3 *db, GPtrArray *tables, gint64 now_us, GPtrArray *lines, GError **error);

G_END_DECLS
