/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-row.h"
#include "stats/orf-tail.h"

G_BEGIN_DECLS

/* A value that stands still for longer than this series' values do: how rare is a run of equal
 * values as long as this one?  A value; all 0 at first. */
typedef struct {
  guint32 run; /* rows that are as the one before */
  guint32 n_runs, n_rows;
  OrfTail runs; /* lengths of those that ended */
} OrfFrozen;

/* -log10 of the share of rows at which a run becomes so long. */
float orf_frozen_push (OrfFrozen *frozen, const OrfAnomalyRow *row);

G_END_DECLS
