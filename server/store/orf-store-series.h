/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Rows of `series`, in the caller's transaction. */

/* Where the id is not there yet. */
gboolean orf_series_insert (OrfConnection *connection, const OrfSeriesRow *row, GError **error);
/* Or changes the definition; last_us only rises. */
gboolean orf_series_upsert (OrfConnection *connection, const OrfSeriesRow *row, GError **error);
/* keys: name, labels_json, …, NULL */
GPtrArray *orf_series_find (OrfConnection *connection, char *const *keys, GError **error);
/* NULL without an error: there is none. */
gboolean orf_series_get (OrfConnection *connection, gint64 id, OrfSeriesRow **row, GError **error);
/* 0: there is none. */
gboolean orf_series_get_max_id (OrfConnection *connection, gint64 *max_id, GError **error);
/* One row of each name that has ids above after_id, by their least such id: its own, without
 * labels, or else that one.  *last_id: the largest id there is. */
GPtrArray *orf_series_list_families (OrfConnection *connection,
                                     gint64 after_id,
                                     gint64 *last_id,
                                     GError **error);
/* By id; name NULL: of every one. */
GPtrArray *orf_series_list (
  OrfConnection *connection, const char *name, gint64 since_us, guint max, GError **error);
/* Newest first. */
GPtrArray *orf_series_load (
  OrfConnection *connection, gint64 since_us, guint max, gint64 *max_id, GError **error);

G_END_DECLS
