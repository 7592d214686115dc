/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-live-window.h"

G_BEGIN_DECLS

/*
 * One series' recent points, kept once and as long as somebody needs them, and its windows, each
 * once however many ask for it.  Counted references.
 */
typedef struct _OrfLiveSeries OrfLiveSeries;

/* Which points somebody needs at a time T. */
typedef struct {
  gint64 reach_us;  /* all after T -, */
  gint64 newest_us; /* and the newest, if it is after T - */
} OrfLiveNeed;

/* labels: key, value, …, NULL, sorted by key.  budget stays there as long as the series. */
OrfLiveSeries *orf_live_series_new (const char *name,
                                    char *const *labels,
                                    guint max_points,
                                    OrfLiveBudget *budget);
OrfLiveSeries *orf_live_series_ref (OrfLiveSeries *self);
void orf_live_series_unref (OrfLiveSeries *self);

const char *orf_live_series_get_name (const OrfLiveSeries *self);
char *const *orf_live_series_get_labels (const OrfLiveSeries *self);
/* Canonical. */
const char *orf_live_series_get_text (const OrfLiveSeries *self);

/* From now on, and until it is let go; what was before is not there until it is pushed. */
void orf_live_series_hold (OrfLiveSeries *self, OrfLiveNeed need);
void orf_live_series_let_go (OrfLiveSeries *self, OrfLiveNeed need);

/* What nobody needs is not kept.  Of two of one time the later wins.  now_us: the latest
 * time that was asked at.  FALSE: there was no room for all, and what counts what is missing is
 * unknown. */
gboolean orf_live_series_push (OrfLiveSeries *self, OrfPoint point, gint64 now_us);
/* The clock was set back: what is later than now_us is dropped. */
void orf_live_series_turn_back (OrfLiveSeries *self, gint64 now_us);
/* How far before the present points matter; 0: none do. */
gint64 orf_live_series_get_reach_us (const OrfLiveSeries *self);

/* A window to ask, by somebody who holds what it needs. */
OrfLiveWindow *
orf_live_series_take (OrfLiveSeries *self, OrfMetricsAggregate aggregate, gint64 window_us);
void orf_live_series_give_back (OrfLiveSeries *self, OrfLiveWindow *window);
/* As orf_live_window_prefetch(); to touch is what the series and the window have for that. */
void orf_live_series_touch (const OrfLiveSeries *self, const OrfLiveWindow *window);
void orf_live_series_prefetch (const OrfLiveSeries *self, const OrfLiveWindow *window);
/* For orf_live_series_push(). */
void orf_live_series_prefetch_end (const OrfLiveSeries *self);
/* As orf_live_window_ask(). */
double orf_live_series_ask (const OrfLiveSeries *self,
                            OrfLiveWindow *window,
                            gint64 now_us,
                            gboolean *is_short);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLiveSeries, orf_live_series_unref)

G_END_DECLS
