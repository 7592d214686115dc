/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-pins.h"

G_BEGIN_DECLS

/* Blocks of chunks go as a whole, oldest first, a few chunks a step.  Those that a pinned window
 * touches stay, and those that are being packed or merged. */
typedef struct {
  gint64 block; /* of which some chunks are gone; 0: none */
} OrfRetainChunks;

typedef struct {
  gint64 before_us; /* blocks that end before go; G_MAXINT64: all may */
  gint64 now_us;
  const OrfPins *pins;
} OrfRetainChunksLimits;

/* In the caller's transaction; *dropped: something went, and there may be more to do. */
gboolean orf_retain_chunks_step (OrfRetainChunks *chunks,
                                 OrfConnection *connection,
                                 const OrfRetainChunksLimits *limits,
                                 gboolean *dropped,
                                 GError **error);

G_END_DECLS
