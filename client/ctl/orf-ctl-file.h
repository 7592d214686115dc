/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/* A database file, in use or not, for reading in this very process.  *uri, which may be NULL: what
 * opens it the same way again.  UNAVAILABLE. */
sqlite3 *orf_ctl_file_open (const char *path, char **uri, GError **error);
/* The same of one that may have lost pages, its end among them, and that no daemon writes.
 * FAILED_PRECONDITION: one does. */
sqlite3 *orf_ctl_file_open_damaged (const char *path, GError **error);

G_END_DECLS
