/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* What takes the room, in the caller's read transaction; the connection's watch stops it.  quick:
 * bytes are estimated from rows, which reads a page in ten or fewer; so they are too where SQLite
 * was built without dbstat. */
OrfFileStats *
orf_file_stats_read (OrfConnection *connection, guint max_series, gboolean quick, GError **error);

G_END_DECLS
