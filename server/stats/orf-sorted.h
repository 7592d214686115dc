/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Few values kept in order, the least first, as they come and go; a move of memory each.  No NAN
 * among them.  Pure.
 */

/* How many are less. */
guint orf_sorted_find (const double *sorted, guint n, double value);
/* There is room for one more. */
void orf_sorted_insert (double *sorted, guint n, double value);
/* It is there. */
void orf_sorted_remove (double *sorted, guint n, double value);
/* One goes, which is there, and one comes: moves only what is between the two. */
void orf_sorted_exchange (double *sorted, guint n, double gone, double value);

G_END_DECLS
