/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What is too old goes, in steps that each end by a monotonic deadline. */
typedef struct {
  gint64 raw_before_us;  /* samples and GPU processes older than this */
  gint64 keys_before_us; /* idempotency keys */
  gint64 audit_before_us;
  gint64 audit_rows; /* as many are kept; 0: all */
  gint64 event_rows; /* the same of events */
  gint64 keep_rowid; /* the open run of samples, which stays so that rowids only grow */
} OrfRetainLimits;

/* One transaction of its own; *more: there is more to do. */
gboolean orf_retain_step (OrfConnection *connection,
                          const OrfRetainLimits *limits,
                          gint64 deadline_us,
                          gboolean *more,
                          GError **error);
/* Gives free pages back to the disk where they are many, or `all` of them, a few at a time. */
gboolean
orf_retain_shrink (OrfConnection *connection, gboolean all, gboolean *more, GError **error);

G_END_DECLS
