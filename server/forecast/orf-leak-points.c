/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-leak-points.h"

#include <math.h>
#include <string.h>

#define OLDEST (ORF_LEAK_LEVELS - 1)

static OrfLeakPoint
make_point (const OrfLeakBlock *block, double from, double width)
{
  OrfLeakPoint point = {
    .from = from,
    .width = width,
    .center = from - width / 2,
    .low = (double) block->middle - orf_leak_watch_unpack (block->down),
    .middle = block->middle,
    .most = (double) block->middle + orf_leak_watch_unpack (block->up),
    .drift = NAN,
  };

  point.top = point.low;
  return point;
}

/* The oldest level keeps what its lows came to at most where the others have their middle. */
static void
set_old (OrfLeakPoint *point)
{
  point->top = point->middle;
  point->middle = (point->low + point->top) / 2;
}

static double
get_width (const OrfLeakWatch *watch, guint level, guint i)
{
  if (level < OLDEST)
    return ORF_LEAK_ROWS << level;
  if (i + 1 == watch->counts[level])
    return ORF_LEAK_ROWS * (double) (watch->old_filled << level);
  return ORF_LEAK_ROWS * (double) watch->old_width;
}

/* All rows that blocks tell of: less than were seen once the oldest block was let go. */
static double
get_age (const OrfLeakWatch *watch)
{
  double rows = watch->n_pending;

  for (guint level = 0; level < ORF_LEAK_LEVELS; level++)
    for (guint i = 0; i < watch->counts[level]; i++)
      rows += get_width (watch, level, i);
  return rows;
}

guint
orf_leak_points_get (const OrfLeakWatch *watch, OrfLeakPoint *points)
{
  double age = get_age (watch);
  OrfLeakBlock pending = orf_leak_watch_get_pending (watch);
  guint n = 0;

  for (guint level = OLDEST + 1; level-- > 0;) {
    guint first = level * ORF_LEAK_LEVEL_BLOCKS;

    for (guint i = 0; i < watch->counts[level]; i++) {
      double width = get_width (watch, level, i);

      if (!isnan (watch->blocks[first + i].middle)) {
        points[n] = make_point (&watch->blocks[first + i], age, width);
        if (level == OLDEST)
          set_old (&points[n]);
        else
          points[n].drift = orf_leak_watch_unpack (watch->drifts[first + i]);
        n++;
      }
      age -= width;
    }
  }
  if (!isnan (pending.middle))
    points[n++] = make_point (&pending, age, age);
  return n;
}
