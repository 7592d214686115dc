/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * From a path to a connection that may be used.  A file that is not ours, newer than we are or
 * broken is seen by a look that writes nothing, and refused.  Nothing here scans: the time does not
 * grow with the file.
 */

/* TRUE: something is there, an empty file if nothing was. */
gboolean orf_store_open_make (const char *path, GError **error);
/* TRUE: ours, or empty.  FAILED_PRECONDITION, DATA_LOSS, UNAVAILABLE. */
gboolean orf_store_open_look (const char *path, GError **error);
/* The writer's, of a file that is there: recovers its WAL, upgrades it.  The lock is held. */
OrfConnection *orf_store_open_writer (const char *path, gint64 min_free_bytes, GError **error);
/* The same of a file that orf_store_open_writer() has had before: as it is. */
OrfConnection *orf_store_open_again (const char *path, GError **error);
/* A reader's; mode is what orf_store_open_choose_mode() found, or ORF_CONNECTION_READ. */
OrfConnection *orf_store_open_reader (const char *path, OrfConnectionMode mode, GError **error);
/* How a file that nobody writes can be read: as any other, or, where nothing can be created beside
 * it, as immutable.  Refuses like the look. */
gboolean orf_store_open_choose_mode (const char *path, OrfConnectionMode *mode, GError **error);

G_END_DECLS
