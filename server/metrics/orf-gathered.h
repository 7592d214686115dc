/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h" /* OrfPoint */
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What some points come to, whatever of it is asked for; of parts, put together.  A plain value,
 * all 0 at first.
 */
typedef struct {
  guint64 count;
  double sum, minimum, maximum;
  double mean, m2; /* Welford's, for stddev */
  OrfPoint last;
} OrfGathered;

void orf_gathered_add (OrfGathered *all, const OrfPoint *point);
void orf_gathered_merge (OrfGathered *all, const OrfGathered *more);
/* One of avg (UNSET is that too), min, max, sum, count, last, stddev; NAN of nothing. */
double orf_gathered_conclude (const OrfGathered *all, OrfMetricsAggregate aggregate);

G_END_DECLS
