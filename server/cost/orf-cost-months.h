/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Months of UTC, which know no summer time, and what one will come to.  Pure. */

/* The beginning of the month of t_us, n months later or, where negative, before; not before 1970.
 */
gint64 orf_cost_month_get_start_us (gint64 t_us, int n);

/* What a month will have cost: so_far, and from now_us to its end as much a microsecond as
 * recent_amount in recent_us.  NAN: a minute has not been seen yet. */
double orf_cost_month_project (
  double so_far, double recent_amount, gint64 recent_us, gint64 now_us, gint64 end_us);

G_END_DECLS
