/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* Quantiles of few values, exactly: between the two nearest ranks, in proportion.  No NAN among
 * them. */
void orf_quantile_sort (double *values, gsize n_values);
/* sorted: rising.  share: 0 to 1.  NAN of nothing. */
double orf_quantile_get (const double *sorted, gsize n_values, double share);

/* FALSE: it is no quantile, and *share untouched. */
gboolean orf_quantile_find_share (OrfMetricsAggregate aggregate, double *share);

G_END_DECLS
