/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `event`, on the caller's connection and in its transaction. */

/* OrfEventRow, newest first.  None where the file is older than the table. */
GPtrArray *
orf_events_read (OrfConnection *connection, const OrfEventFilter *filter, GError **error);
/* The largest id there is; 0: none. */
gboolean orf_events_get_max_id (OrfConnection *connection, gint64 *max_id, GError **error);

G_END_DECLS
