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
/* By id. */
/* name NULL: of every one. */
GPtrArray *orf_series_list (
  OrfConnection *connection, const char *name, gint64 since_us, guint max, GError **error);
/* Newest first. */
GPtrArray *orf_series_load (
  OrfConnection *connection, gint64 since_us, guint max, gint64 *max_id, GError **error);

G_END_DECLS
