/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether values rise or fall along their order: H. B. Mann, "Nonparametric Tests Against Trend",
 * Econometrica 13 (1945); M. G. Kendall, "Rank Correlation Methods" (1975), with his correction
 * for ties.  The answer is about standard normal where there is no trend and values do not depend
 * on each other; 0 of fewer than 4 values, or where all are the same. */
double orf_mann_kendall (const double *values, guint n);
/* Of the sum of pairs that rise less pairs that fall, where there is no trend, with ties. */
double orf_mann_kendall_get_variance (const double *values, guint n);

G_END_DECLS
