/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exemplars.h"
#include "metrics/orf-exposition-sheet.h"

G_BEGIN_DECLS

/*
 * The page itself: Prometheus' text, or OpenMetrics.  Pure, for any thread.
 *
 * Without timestamps: with them Prometheus would not notice that a series is gone, and our values
 * are younger than its scrapes are apart.
 */

/* Appends it; values, as the sheet's lines, NAN: none, and the line is left out.  exemplars: by
 * line; NULL: none.  extra: families that stand behind them as they are. */
void orf_exposition_text_write (GString *out,
                                const OrfExpositionSheet *sheet,
                                const double *values,
                                const GArray *exemplars,
                                const char *extra,
                                OrfExpositionFormat format);

G_END_DECLS
