/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-leak-watch.h"

G_BEGIN_DECLS

/*
 * The blocks of an OrfLeakWatch as points in time, oldest first, for those that look at them.  Ages
 * are in rows before now; values are distances from the watch's origin, and what is scarce rises.
 */
#define ORF_LEAK_POINTS (ORF_LEAK_YOUNG_BLOCKS + ORF_LEAK_OLD_BLOCKS + 1)

typedef struct {
  double from, width, center; /* from: the older end's age; center: an age */
  double low, middle, most;
  double top;   /* the most that the lows of narrow blocks in it came to */
  double drift; /* the usual move from row to row; NAN: unknown */
} OrfLeakPoint;

/* n: at most ORF_LEAK_POINTS.  Blocks without rows are left out. */
guint orf_leak_points_get (const OrfLeakWatch *watch, OrfLeakPoint *points);

G_END_DECLS
