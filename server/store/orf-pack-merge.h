/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-pack-step.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* The level of a block that could not be read: left as it is. */
#define ORF_PACK_MERGE_GIVEN_UP 9

/*
 * Blocks of small chunks become one of large chunks, series by series.  At any time between two
 * steps each sample is in one chunk.
 */

/* A packed block's level, by how many samples its chunks have. */
gint64 orf_pack_merge_get_level (gint64 samples, gint64 chunks);

/* Looks for blocks worth merging; *step begins that, or is NULL. */
gboolean orf_pack_merge_plan (OrfConnection *connection,
                              const OrfPacking *packing,
                              OrfPackStep **step,
                              GError **error);
/* Goes on with the merge that `packing` says is under way. */
gboolean orf_pack_merge_go_on (OrfConnection *connection,
                               const OrfPacking *packing,
                               OrfChunkCodec *codec,
                               OrfPackStep **step,
                               GError **error);

G_END_DECLS
