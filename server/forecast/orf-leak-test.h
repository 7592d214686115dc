/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-leak-points.h"

G_BEGIN_DECLS

/*
 * Whether points tell of a leak, and since when.  Pure.
 *
 * For each block at which it may have begun, what came after is cut into equal segments, and what
 * came before is held against them.  The envelope is the least value from a segment on: what was
 * given back later was never taken.
 */
typedef struct {
  gboolean leak;
  double age;        /* in rows, of where it began */
  double confidence; /* 0..1 */
} OrfLeakFinding;

/* level: about how large the series itself is, >= 0; room, above the points' origin: to the
 * threshold, NAN: none. */
void orf_leak_test (
  const OrfLeakPoint *points, guint n, double level, double threshold, OrfLeakFinding *finding);

G_END_DECLS
