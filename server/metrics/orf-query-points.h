/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-series-set.h"

G_BEGIN_DECLS

/*
 * The points of the series that a selector means, from their open chunks, and from the file what
 * these do not have: what queries begin with.
 */
typedef struct {
  GPtrArray *selected; /* OrfSelected, by canonical text */
  GPtrArray *points;   /* of each: GArray of OrfPoint by time, which may be stolen: NULL then */
  GPtrArray *rollups;  /* of each: GArray of OrfRollup by time, in place of points; NULL: none */
  guint64 n_points;    /* of all */
  gint64 held_bytes;   /* counted for them */
} OrfQueryPoints;

typedef struct {
  const OrfSelector *selector; /* its owner waits for done */
  gint64 from_us, to_us;       /* from_us <= t_us < to_us */
  guint64 max_points;          /* more is RESOURCE_EXHAUSTED */
  /* Where step_us is not 0, points are wanted of the windows of window_us alone that end with
   * to_us, and each step_us before. */
  gint64 step_us, window_us;
  /* The longest rollups that may stand for points from rolled_from_us on; 0: none.  What they tell,
   * and whether increases are counted: see OrfRolledQuery. */
  gint64 rollup_us, rolled_from_us;
  OrfRollupPart part;
  gboolean rising;
  /* As many will be told of one series that matches, and all are bounded by the same: where that
   * is too many, nothing is read. */
  guint64 n_told;
} OrfQueryPointsSpec;

/* Takes points, which are freed by orf_query_points_free(); NULL on error. */
typedef void (*OrfQueryPointsDone) (gpointer user_data,
                                    OrfQueryPoints *points,
                                    const GError *error);

/* Calls done at once where all is in memory. */
void orf_query_points_read (const OrfMetricsParts *parts,
                            const OrfQueryPointsSpec *spec,
                            OrfCancel *cancel,
                            OrfQueryPointsDone done,
                            gpointer user_data);
/* The same of series that were found already; takes selected.  The spec's selector is not used. */
void orf_query_points_read_of (const OrfMetricsParts *parts,
                               GPtrArray *selected,
                               const OrfQueryPointsSpec *spec,
                               OrfCancel *cancel,
                               OrfQueryPointsDone done,
                               gpointer user_data);
void orf_query_points_free (const OrfMetricsParts *parts, OrfQueryPoints *points);

/* FALSE, and RESOURCE_EXHAUSTED by max_query_points. */
gboolean orf_query_points_refuse (const OrfMetricsParts *parts, GError **error);

G_END_DECLS
