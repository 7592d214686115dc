/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-live-series.h"

G_BEGIN_DECLS

/*
 * Series whose values expressions are kept up to date over (orf-live-expr.h): they come and go,
 * samples are pushed, and which selector means which is found out when one of both comes, by the
 * metric's name where the selector has one.  Pure; of one thread.
 */
typedef struct _OrfLivePool OrfLivePool;

typedef struct {
  guint max_series;
  guint max_points;  /* of one series */
  gsize max_bytes;   /* of names, points and windows; what there is no room for is unknown */
  guint64 max_lines; /* of all parts of all expressions */
} OrfLiveLimits;

typedef struct {
  guint n_series;
  guint64 n_lines;
  gsize bytes;       /* of all */
  guint64 n_refused; /* series that there was no room for, ever */
  guint64 n_lost;    /* samples, too */
  guint64 n_unknown; /* answers, too */
} OrfLiveFigures;

typedef struct {
  guint number; /* of the series */
  OrfPoint point;
} OrfLiveSample;

OrfLivePool *orf_live_pool_new (const OrfLiveLimits *limits);
/* After all expressions over it. */
void orf_live_pool_free (OrfLivePool *self);

/* number: the caller's, below max_series.  labels: key, value, …, NULL, sorted by key.  FALSE:
 * there is no room, or one of that number or of that name and labels is there. */
gboolean orf_live_pool_add (OrfLivePool *self, guint number, const char *name, char *const *labels);
void orf_live_pool_remove (OrfLivePool *self, guint number);
/* FALSE: there is no such series, or no room for all its points. */
gboolean orf_live_pool_push (OrfLivePool *self, guint number, gint64 t_us, double value);
/* All of a tick, which is faster; how many of them were not taken in, or cost an older one. */
guint orf_live_pool_push_all (OrfLivePool *self, const OrfLiveSample *samples, guint n_samples);
/* The clock was set back to now_us.  What came of later times is forgotten: it comes again. */
void orf_live_pool_turn_back (OrfLivePool *self, gint64 now_us);
/* How far before the present points of this series matter: who begins to ask is told of what was
 * before when it is pushed.  0: none do. */
gint64 orf_live_pool_get_reach_us (const OrfLivePool *self, guint number);

OrfLiveFigures orf_live_pool_get_figures (const OrfLivePool *self);

/* ---- for expressions ------------------------------------------------------------------------- */

/* The series that one selector means. */
typedef struct _OrfLiveMatch OrfLiveMatch;

/* The series hold need from when they come.  Shared by all that ask for the same.  NULL: the text
 * is no selector. */
OrfLiveMatch *
orf_live_pool_take_match (OrfLivePool *self, const char *select, OrfLiveNeed need, GError **error);
void orf_live_pool_give_back_match (OrfLivePool *self, OrfLiveMatch *match);
/* Another one when others are meant than before. */
guint64 orf_live_match_get_version (const OrfLiveMatch *match);
/* OrfLiveSeries, borrowed, by canonical text; the container is the caller's. */
GPtrArray *orf_live_match_list (const OrfLiveMatch *match);
/* Series of which could not be said whether they are meant, as the regular expression takes too
 * long. */
guint orf_live_match_get_n_failed (const OrfLiveMatch *match);

/* The latest time that was asked at, this one included. */
gint64 orf_live_pool_advance (OrfLivePool *self, gint64 now_us);
/* FALSE: so many more are too many. */
gboolean orf_live_pool_take_lines (OrfLivePool *self, guint64 n_lines);
void orf_live_pool_give_back_lines (OrfLivePool *self, guint64 n_lines);
/* Another one when lines were given back. */
guint64 orf_live_pool_get_lines_version (const OrfLivePool *self);
/* One that was never given before. */
guint64 orf_live_pool_next_version (OrfLivePool *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLivePool, orf_live_pool_free)

G_END_DECLS
