/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-sample-batch.h"

G_BEGIN_DECLS

/* sample_raw in the order of arrival, in the caller's read transaction. */

/* Which rows there are; 0 and 0: none. */
gboolean
orf_raw_get_bounds (OrfConnection *connection, gint64 *first, gint64 *last, GError **error);
/* Appends the OrfSample of the rows from..to, at most max, to samples.  *last: the rowid of the
 * last of them, untouched where there are none. */
gboolean orf_raw_read (OrfConnection *connection,
                       gint64 from,
                       gint64 to,
                       guint max,
                       GArray *samples,
                       gint64 *last,
                       GError **error);

G_END_DECLS
