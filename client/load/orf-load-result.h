/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-plan.h"
#include "orf-load-tally.h"

G_BEGIN_DECLS

/* What a run came to: of all of it, of each level, and over time. */
typedef struct {
  const OrfLoadPlan *plan;
  gboolean is_closed;   /* each connection sent when it had its answer */
  gint64 started_us;    /* wall clock */
  gint64 took_us;       /* from then to the last answer */
  gint64 sent_for_us;   /* the span in which requests were sent */
  gboolean was_stopped; /* by somebody, before its end */
  GPtrArray *levels;    /* OrfLoadTally; those that were begun */
  GPtrArray *slices;    /* the same, by the time that requests were meant to be sent */
  gint64 slice_us;
} OrfLoadResult;

/* plan must outlive it. */
OrfLoadResult *orf_load_result_new (const OrfLoadPlan *plan, gboolean is_closed);
void orf_load_result_free (OrfLoadResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadResult, orf_load_result_free)

/* The tallies for a request of that time, made where there are none. */
void orf_load_result_find (OrfLoadResult *result,
                           gint64 at_us,
                           OrfLoadTally **level,
                           OrfLoadTally **slice);
/* How long requests of a level, or of slice, were sent: less than planned where the run was
 * stopped. */
gint64 orf_load_result_get_level_us (const OrfLoadResult *result, guint level);
/* Those of all levels together. */
OrfLoadTally *orf_load_result_sum (const OrfLoadResult *result);

G_END_DECLS
