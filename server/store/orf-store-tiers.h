/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* In the caller's read transaction: OrfSeriesPoints of from_us <= t_us < to_us of the series that
 * have any, by id, packed or not.  RESOURCE_EXHAUSTED beyond max_points. */
GPtrArray *orf_tiers_read (OrfConnection *connection,
                           const gint64 *ids,
                           guint n_ids,
                           gint64 from_us,
                           gint64 to_us,
                           guint max_points,
                           GError **error);

/* The same, of the query's windows. */
GPtrArray *
orf_tiers_read_windows (OrfConnection *connection, const OrfWindowedQuery *query, GError **error);

/* The same, with rollups as the query says. */
GPtrArray *
orf_tiers_read_rolled (OrfConnection *connection, const OrfRolledQuery *query, GError **error);

G_END_DECLS
