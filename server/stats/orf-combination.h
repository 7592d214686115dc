/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Weights of several methods by a power of the inverse of their rolling error (J. M. Bates,
 * C. W. J. Granger, "The Combination of Forecasts", 1969; with a power and forgetting as in
 * J. H. Stock, M. W. Watson, "Combination Forecasts of Output Growth", 2004).  A value.
 */

/* errors: rolling mean of each method, all 0 at first; misses: of this outcome, NAN changes
 * nothing; rate: 0 to 1, what one outcome counts. */
void orf_combination_push (float *errors, const float *misses, guint n, float rate);
/* In weights, which sum to 1.  Equal where no error is known. */
void orf_combination_weigh (const float *errors, guint n, float *weights);
/* Weight `index` is raised to at least `least`, at the cost of the others alike. */
void orf_combination_raise (float *weights, guint n, guint index, float least);

G_END_DECLS
