/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * Counters that clients tell by what they rise by: observations of a histogram, sums of delta
 * temporality.  What has been counted so far is kept with the series; after a start it goes on from
 * the newest point in its open chunk, and without one from the beginning, as a counter does.
 */

/* What the series stands at, `addend` included; one that has not begun begins at base. */
double orf_running_total_add (OrfSeries *series, double addend, double base);
/* What was added and could not be written. */
void orf_running_total_take_back (OrfSeries *series, double addend);

G_END_DECLS
