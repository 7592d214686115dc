/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-store-tiers.h"

G_BEGIN_DECLS

/* Samples that a post-mortem looks at, in a reader's thread. */

/* Of all series of that name: OrfPostmortemSeries of those that have any, each by itself: with
 * points as they were recorded, or of longer spans one a minute or an hour, which is what `part`
 * says of it.  NULL on error. */
GPtrArray *orf_postmortem_series_read (OrfConnection *connection,
                                       const char *name,
                                       OrfRollupPart part,
                                       gint64 from_us,
                                       gint64 to_us,
                                       GError **error);
/* "": it has no such label. */
const char *orf_postmortem_series_get_label (const OrfPostmortemSeries *series, const char *key);

/* The longest rollups that may stand for points where the span is looked at in the window's steps;
 * 0: none may. */
gint64 orf_postmortem_series_get_rollup_us (const OrfPostmortemWindow *window);
/* Steps of baseline and window as one course: the window's begin at orf_postmortem_get_n_steps().
 */
gint64 orf_postmortem_series_get_origin (const OrfPostmortemWindow *window);
/* Means of the steps of the window. */
GArray *
orf_postmortem_series_thin (const OrfPostmortemSeries *series, const OrfPostmortemWindow *window);

G_END_DECLS
