/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "remote/orf-remote-names.h"
#include "remote/orf-write-request.h"

G_BEGIN_DECLS

/*
 * A run of rows of sample_raw as the bodies of requests.  A plain value: asked for in the main
 * context, filled in a reader's thread, sent from the main context.
 */
typedef struct {
  GBytes *body;
  guint n_samples;
} OrfRemotePart;

typedef struct {
  /* asked */
  gint64 from_rowid;
  gint64 to_rowid; /* G_MAXINT64: as far as there are rows */
  guint max_samples;
  /* found */
  gint64 first_rowid, last_rowid; /* of the whole table; 0: it is empty */
  gint64 next_rowid;              /* after the last row that was taken */
  gint64 from_us;                 /* time of the first of them */
  guint n_rows;
  guint n_left_out; /* of series that have no name */
  /* OrfRemotePart, to be sent in this order.  Samples that are older than one of their series that
   * was put into a request before have parts of their own at the end: a receiver that refuses them
   * refuses nothing else. */
  GQueue parts;
} OrfRemoteBatch;

OrfRemoteBatch *orf_remote_batch_new (gint64 from_rowid, gint64 to_rowid, guint max_samples);
void orf_remote_batch_free (OrfRemoteBatch *batch);
void orf_remote_part_free (OrfRemotePart *part);

/* In a read transaction. */
gboolean orf_remote_batch_read (OrfRemoteBatch *batch,
                                OrfRemoteNames *names,
                                OrfConnection *connection,
                                GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRemoteBatch, orf_remote_batch_free)

G_END_DECLS
