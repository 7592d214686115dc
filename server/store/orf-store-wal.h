/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes all of the database's WAL over itself and syncs it, so that what a failed sync left undone
 * is done.  The writer's, outside of a transaction; SQLite has no locks on that file. */
gboolean orf_store_wal_rewrite (const char *path, GError **error);

G_END_DECLS
