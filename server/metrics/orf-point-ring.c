/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-point-ring.h"

guint
orf_point_ring_grow (guint n)
{
  return n + n / 4 + 4;
}

void
orf_point_ring_set_room (OrfPointRing *ring, guint n_room)
{
  OrfPoint *points = g_new (OrfPoint, n_room);

  for (guint i = 0; i < ring->n; i++)
    points[i] = *orf_point_ring_get (ring, ring->first + i);
  g_free (ring->points);
  ring->points = points;
  ring->n_room = n_room;
  ring->at = 0;
}

/* Numbers go on, so that who remembers some sees that they are gone. */
void
orf_point_ring_clear (OrfPointRing *ring)
{
  g_clear_pointer (&ring->points, g_free);
  ring->first += ring->n;
  ring->n_room = ring->at = ring->n = 0;
}

/* Most ask for what is newest, so that is looked at first. */
guint64
orf_point_ring_find (const OrfPointRing *ring, gint64 t_us)
{
  guint64 low = ring->first, high = orf_point_ring_get_end (ring);

  if (ring->n > 0 && orf_point_ring_get (ring, high - 1)->t_us < t_us)
    return high;
  while (low < high) {
    guint64 middle = low + (high - low) / 2;

    if (orf_point_ring_get (ring, middle)->t_us < t_us)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void
orf_point_ring_insert (OrfPointRing *ring, guint64 number, OrfPoint point)
{
  for (guint64 i = orf_point_ring_get_end (ring); i > number; i--)
    *orf_point_ring_get (ring, i) = *orf_point_ring_get (ring, i - 1);
  *orf_point_ring_get (ring, number) = point;
  ring->n++;
}

void
orf_point_ring_drop (OrfPointRing *ring, guint n)
{
  ring->at += n;
  if (ring->at >= ring->n_room)
    ring->at -= ring->n_room;
  ring->first += n;
  ring->n -= n;
}

void
orf_span_move (OrfSpan *span, const OrfPointRing *ring, gint64 t_us, gint64 window_us)
{
  guint64 end = orf_point_ring_get_end (ring);

  span->first = MAX (span->first, ring->first);
  span->end = MAX (span->end, span->first);
  while (span->end < end && orf_point_ring_get (ring, span->end)->t_us <= t_us)
    span->end++;
  while (span->first < span->end &&
         orf_point_ring_get (ring, span->first)->t_us <= t_us - window_us)
    span->first++;
}
