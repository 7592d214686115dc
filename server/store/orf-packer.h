/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-pack-step.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * Packs sample_raw into chunks and rollups, and small chunks into larger ones, step by step.  How
 * far that has gone is in the file (`packing`), written with each step: one that was not written is
 * made again, and none is made twice.  One thread at a time.
 */
typedef struct _OrfPacker OrfPacker;

typedef struct {
  guint max_rows; /* packed at once; at least so many are waited for, unless: */
  gboolean all;   /* whatever there is */
} OrfPackLimits;

OrfPacker *orf_packer_new (void);
void orf_packer_free (OrfPacker *packer);

/* In a read transaction that sees what was written of the step before: *step is the next one, or
 * NULL where there is nothing to do. */
gboolean orf_packer_make_step (OrfPacker *packer,
                               OrfConnection *connection,
                               const OrfPackLimits *limits,
                               OrfPackStep **step,
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPacker, orf_packer_free)

G_END_DECLS
