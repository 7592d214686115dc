/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* What is too old, or too much, goes in small steps; pinned windows stay.  Owned by the writer. */
typedef struct _OrfRetainer OrfRetainer;

typedef struct {
  gint64 now_us;         /* by which ages are judged: see orf-age-clock.h */
  gint64 raw_before_us;  /* packed samples of sample_raw, and GPU processes, older than this */
  gint64 raw_rows;       /* as many rows of sample_raw are kept; 0: all */
  gint64 keys_before_us; /* idempotency keys */
  gint64 audit_before_us;
  gint64 audit_rows; /* as many are kept; 0: all */
  gint64 event_rows; /* the same of events */
  gint64 load_rows;  /* and of load tests */
  gint64 keep_rowid; /* the open run of samples, which stays so that rowids only grow */
  OrfHistoryLimits history;
} OrfRetainLimits;

OrfRetainer *orf_retainer_new (void);
void orf_retainer_free (OrfRetainer *retainer);
/* Pins were written, or have gone; limits are others; the file was opened again. */
void orf_retainer_restart (OrfRetainer *retainer);
/* One transaction of its own, over by the monotonic deadline or soon after; *more: the round is not
 * over. */
gboolean orf_retainer_step (OrfRetainer *retainer,
                            OrfConnection *connection,
                            const OrfRetainLimits *limits,
                            gint64 deadline_us,
                            gboolean *more,
                            GError **error);
/* After a step that met damage: the round goes on behind the stage that did.  FALSE: nothing is
 * behind it, and the round is over. */
gboolean orf_retainer_pass_over (OrfRetainer *retainer);
/* Gives free pages back to the disk, a few at a time: where they are many, where the file is larger
 * than max_bytes (0: any size), or `all` of them. */
gboolean orf_retain_shrink (
  OrfConnection *connection, gboolean all, gint64 max_bytes, gboolean *more, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRetainer, orf_retainer_free)

G_END_DECLS
