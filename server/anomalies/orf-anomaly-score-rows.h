/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Series that were sampled each in its own time, as rows of values of the same time.  Pure.
 */
typedef struct {
  const GArray *points; /* OrfPoint, by time */
  gboolean counter;     /* it only rises: a row has what it rose by */
} OrfScoreColumn;

/* The distance of rows in which every series has news as a rule: the coarsest of their usual
 * distances; 0: none has two points. */
gint64 orf_score_rows_find_step (const OrfScoreColumn *columns, guint n_columns);

/* Rows of n_columns doubles each, by time; the last is of step_us before to_us, and so on back, at
 * most max_rows.  A value is the newest in its row's time; NAN: there is none, or of a counter none
 * before, or it has begun anew.  Times in which no series has a value are no rows. */
GArray *orf_score_rows_join (
  const OrfScoreColumn *columns, guint n_columns, gint64 to_us, gint64 step_us, guint max_rows);

G_END_DECLS
