/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Quantiles of few values, exactly: between the two nearest ranks, in proportion.  No NAN among
 * them. */
void orf_quantile_sort (double *values, gsize n_values);
/* sorted: rising.  share: 0 to 1.  NAN of nothing. */
double orf_quantile_get (const double *sorted, gsize n_values, double share);

G_END_DECLS
