/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-workers.h"

G_BEGIN_DECLS

/*
 * What a change of the batch size brought: the device time of an item in the batches of one size,
 * and in those of the size before.  Pure.
 */
typedef struct {
  gint64 size;
  guint n; /* batches */
  gint64 from_us, to_us;
  double item_us; /* mean */
  double error;   /* its standard error, as a share of it */
} OrfCostRun;

typedef struct {
  OrfCostRun before, after;
  double saved_percent, lower_percent, upper_percent; /* of an item; 95 % */
} OrfCostReturn;

/* The last change.  batches: OrfWorkerBatchRow of one worker, newest first; those of the operation
 * (NULL: none) that told how long they took count.  FALSE: the size is the same all along, or there
 * are too few batches of either size, one after the other, to tell. */
gboolean
orf_cost_return_find (const GPtrArray *batches, const char *operation, OrfCostReturn *change);

G_END_DECLS
