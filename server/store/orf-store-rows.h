/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* A list of rows, asked in the main context and read by a reader's thread. */

/* Bytes of a row. */
typedef gsize (*OrfRowMeasure) (gconstpointer row);

/* What one kind of list is read by; static. */
typedef struct {
  gint64 first_version; /* of files that have its tables: an older one that is only looked at has no
                         * rows, and is not asked */
  /* Adds to rows. */
  gboolean (*read_thread_cb) (gconstpointer filter,
                              OrfConnection *connection,
                              GPtrArray *rows,
                              GError **error);
  GDestroyNotify free_row;
  OrfRowMeasure measure_row; /* counted as held until they are told; NULL: not counted */
  GDestroyNotify free_filter;
} OrfRowsRead;

/* Takes filter. */
void orf_store_read_rows (OrfStore *store,
                          const OrfRowsRead *how,
                          gpointer filter,
                          OrfCancel *cancel,
                          OrfRowsDone done,
                          gpointer user_data);
/* What sql, of one column and row, says of ids; 0 in a file older than first_version.  Blocking, at
 * start only. */
gboolean orf_store_load_max_id (
  OrfStore *store, gint64 first_version, const char *sql, gint64 *max_id, GError **error);

G_END_DECLS
