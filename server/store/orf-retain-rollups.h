/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-pins.h"

G_BEGIN_DECLS

/*
 * Old rows of a rollup go.  They lie by series, so a round goes through all series, a part of one a
 * step, and comes round only when there is a share of the table to drop.
 */
typedef struct {
  const char *series_sql; /* the first series from ?1 on */
  const char *row_sql;    /* the first time of series ?1 from ?2 on, before ?3 */
  const char *far_sql;    /* of those the ORF_RETAIN_ROLLUP_ROWS-th */
  const char *drop_sql;   /* series ?1, from ?2 on, before ?3 */
  const char *note_sql;   /* rows before ?1 are not all there */
  gint64 step_us;         /* what a row tells of */
  gint64 before_us;       /* the round's, or the last one's */
  gint64 pressed_us;      /* for lack of room, what is older goes */
  gboolean running;
  gint64 series_id; /* where the round has come to */
  gint64 from_us;
} OrfRetainRollups;

OrfRetainRollups orf_retain_rollups_minutes (void);
OrfRetainRollups orf_retain_rollups_hours (void);
/* Where counters fell, which is wanted for as long as there are hours. */
OrfRetainRollups orf_retain_rollups_falls (void);

/* Everything is to be looked at again: pins have gone, limits are others, a transaction was lost.
 */
void orf_retain_rollups_restart (OrfRetainRollups *rollups);
/* Begins a round if it is time for one.  keep_us: age at which rows go; 0: never. */
void orf_retain_rollups_plan (OrfRetainRollups *rollups, gint64 keep_us, gint64 now_us);
/* Begins a round that drops more than age alone does; FALSE: nothing is left that may go. */
gboolean orf_retain_rollups_press (OrfRetainRollups *rollups, gint64 keep_us, gint64 now_us);
/* In the caller's transaction, until the monotonic deadline; *more: the round is not over. */
gboolean orf_retain_rollups_step (OrfRetainRollups *rollups,
                                  OrfConnection *connection,
                                  const OrfPins *pins,
                                  gint64 deadline_us,
                                  gboolean *more,
                                  GError **error);

G_END_DECLS
