/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-sorted.h"

#include <string.h>

guint
orf_sorted_find (const double *sorted, guint n, double value)
{
  guint low = 0, high = n;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (sorted[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void
orf_sorted_insert (double *sorted, guint n, double value)
{
  guint at = orf_sorted_find (sorted, n, value);

  memmove (&sorted[at + 1], &sorted[at], sizeof *sorted * (n - at));
  sorted[at] = value;
}

void
orf_sorted_remove (double *sorted, guint n, double value)
{
  guint at = orf_sorted_find (sorted, n, value);

  memmove (&sorted[at], &sorted[at + 1], sizeof *sorted * (n - 1 - at));
}

void
orf_sorted_exchange (double *sorted, guint n, double gone, double value)
{
  guint from = orf_sorted_find (sorted, n, gone), to = orf_sorted_find (sorted, n, value);

  if (to > from) {
    to--;
    memmove (&sorted[from], &sorted[from + 1], sizeof *sorted * (to - from));
  } else {
    memmove (&sorted[to + 1], &sorted[to], sizeof *sorted * (from - to));
  }
  sorted[to] = value;
}
