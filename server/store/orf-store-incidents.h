/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The tables `incident` and `pin`, on the caller's connection and in its transaction. */

/* OrfIncidentRow, with their members.  None where the file is older than the tables. */
GPtrArray *
orf_incidents_read (OrfConnection *connection, const OrfIncidentFilter *filter, GError **error);
/* The largest id that there ever was; 0: none. */
gboolean orf_incidents_get_max_id (OrfConnection *connection, gint64 *max_id, GError **error);

G_END_DECLS
