/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whole numbers that add up to a whole number, each as near to its share as may be: the method of
 * the largest remainder (Hamilton's, of apportionment).  Of equal remainders the first has more.
 * Pure; nothing is rounded but at the end.
 */

/* Sums of products of two gint64, not negative. */
__extension__ typedef __int128 OrfWide;

/* total >= 0 in proportion to weights >= 0.  FALSE, and parts are all 0: there is no weight. */
gboolean orf_split (gint64 total, const gint64 *weights, guint n, gint64 *parts);

/* sum / divisor, halves up. */
OrfWide orf_split_round (OrfWide sum, gint64 divisor);
/* Each sums[i] / divisor as a whole number, all together total, which is less than one away from
 * their sum / divisor: orf_split_round() of it, or a part that this function gave to it. */
void
orf_split_quotients (const OrfWide *sums, guint n, gint64 divisor, OrfWide total, OrfWide *parts);

G_END_DECLS
