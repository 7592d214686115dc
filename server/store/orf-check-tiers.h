/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* Problems of each kind that are told; a broken file would give thousands. */
#define ORF_CHECK_MAX_PROBLEMS 100

/*
 * What only we know of the tiers, in the caller's read transaction; the connection's watch stops
 * it.  Each appends lines that name a row to problems, and holds a chunk or two at a time.
 * FALSE: the check itself could not go on.
 */

/* Each chunk is sound, and tells what its row and chunk_block's do.  ids: gint64 of all series,
 * rising. */
gboolean orf_check_chunks (OrfConnection *connection,
                           const GArray *ids,
                           GPtrArray *problems,
                           GError **error);
/* Minutes tell of exactly the samples in chunks, hours of exactly the minutes; as far as retention
 * has left both. */
gboolean orf_check_rollups (OrfConnection *connection,
                            const GArray *ids,
                            GPtrArray *problems,
                            GError **error);

G_END_DECLS
