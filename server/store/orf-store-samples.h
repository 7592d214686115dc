/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-sample-batch.h"

G_BEGIN_DECLS

/*
 * sample_raw and its sparse index.  Rows are appended in order of arrival; raw_block says for each
 * run of rowids which times are in it, and a run that a late sample fell into is just wider.
 */
typedef struct {
  gint64 first_rowid; /* 0: no run is open */
  gint64 last_rowid;
  gint64 min_t_us;
  gint64 max_t_us;
} OrfRawBlock;

/* Rows to give to one append: few enough that a look at the clock between two is often. */
#define ORF_SAMPLES_SLICE 1024

/* The last run in the file, to go on from. */
gboolean
orf_samples_load_block (OrfConnection *connection, OrfRawBlock *open_block, GError **error);
/* In the caller's transaction.  When that is rolled back, open_block is to be put back too. */
gboolean orf_samples_append (OrfConnection *connection,
                             OrfRawBlock *open_block,
                             const OrfSample *samples,
                             guint n_samples,
                             GError **error);
G_END_DECLS
