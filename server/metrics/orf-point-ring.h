/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h" /* OrfPoint */

G_BEGIN_DECLS

/*
 * Points of one series by time, no two of one time: the newest enter at the end, the oldest leave
 * at the front, and nothing is moved for that.  Each has a number, one more than the one before it;
 * a number stays a point's until one is put in before it.  A plain value, all 0 when empty; also a
 * view of an array: { points, n, 0, n, 0 }.
 */
typedef struct {
  OrfPoint *points;
  guint n_room;
  guint at; /* where the first is */
  guint n;
  guint64 first; /* its number */
} OrfPointRing;

/* Which points are a window's: [first, end). */
typedef struct {
  guint64 first, end;
} OrfSpan;

/* How much room to make where n are to have it, so that making it is rare. */
guint orf_point_ring_grow (guint n);
/* At least as many as there are. */
void orf_point_ring_set_room (OrfPointRing *ring, guint n_room);
void orf_point_ring_clear (OrfPointRing *ring);

/* The number of the first point at t_us or later; of the end where there is none. */
guint64 orf_point_ring_find (const OrfPointRing *ring, gint64 t_us);
/* Becomes the point of this number, the later ones being one more; there is room for it. */
void orf_point_ring_insert (OrfPointRing *ring, guint64 number, OrfPoint point);
/* The oldest. */
void orf_point_ring_drop (OrfPointRing *ring, guint n);

/* To T - window < t_us <= T; T only rises. */
void orf_span_move (OrfSpan *span, const OrfPointRing *ring, gint64 t_us, gint64 window_us);

static inline OrfPoint *
orf_point_ring_get (const OrfPointRing *ring, guint64 number)
{
  guint64 i = ring->at + (number - ring->first);

  return &ring->points[i < ring->n_room ? i : i - ring->n_room];
}

static inline guint64
orf_point_ring_get_end (const OrfPointRing *ring)
{
  return ring->first + ring->n;
}

G_END_DECLS
