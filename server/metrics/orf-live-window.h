/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-point-ring.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What one series' points come to over a window that moves on with the clock: what
 * orf_sliding_fill() comes to, but for the last bits of sums that are added up in another order.
 * The points are the series', which all its windows look at.  A step costs the points that came and
 * went (a percentile a move of memory each); a point that came late costs the window once.
 */
typedef struct _OrfLiveWindow OrfLiveWindow;

/* What many windows and their points may take together.  Whatever takes adds, whatever frees
 * subtracts. */
typedef struct {
  gsize bytes, max_bytes;
  /* ever made: by it each has its own time for what is done now and then */
  guint64 n_windows, n_series;
  guint64 n_unknown; /* answers that there was no room for, ever */
} OrfLiveBudget;

/* budget: may be NULL, as without bounds; stays there as long as the window. */
OrfLiveWindow *
orf_live_window_new (OrfMetricsAggregate aggregate, gint64 window_us, OrfLiveBudget *budget);
void orf_live_window_free (OrfLiveWindow *self);

gboolean
orf_live_window_is (const OrfLiveWindow *self, OrfMetricsAggregate aggregate, gint64 window_us);
/* A point of that number was changed or put in: what has been made of it is made anew. */
void orf_live_window_note_change (OrfLiveWindow *self, guint64 number);

/* What is asked next is better fetched from memory while others are asked. */
void orf_live_window_prefetch (const OrfLiveWindow *self, const OrfPointRing *ring);
/* At now_us, which does not fall.  lost_us: points up to that time may be missing; 0: none.  NAN
 * where nothing counts or, told by *is_short, where what counts is missing or there is no room.  */
double orf_live_window_ask (
  OrfLiveWindow *self, const OrfPointRing *ring, gint64 now_us, gint64 lost_us, gboolean *is_short);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLiveWindow, orf_live_window_free)

G_END_DECLS
