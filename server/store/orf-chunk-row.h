/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/* What orf_chunk_row_judge() wants of the table chunk, in this order. */
#define ORF_CHUNK_ROW_COLUMNS                                                                      \
  "id, series_id, start_us, end_us, count, min, max, codec, checksum, data"

/* What is wrong with a row as it stands, whatever other tables say of it; NULL: nothing. */
char *orf_chunk_row_judge (sqlite3_stmt *row);

G_END_DECLS
