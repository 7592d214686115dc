/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-first-passage.h"

#include <math.h>

/* A line that does not rise: the excursions that reach are always the same. */
static double
get_rows_of_level (const OrfFirstPassage *passage, double wanted)
{
  guint n = 0;

  while (n < passage->n_excursions && passage->excursions[n] >= passage->gap)
    n++;
  return n > 0 ? wanted * passage->rows / n : INFINITY;
}

double
orf_first_passage_get_rows (const OrfFirstPassage *passage, double chance)
{
  double wanted = -log1p (-chance), sum = 0, at = 0, rate = 0, end;

  if (passage->gap <= 0)
    return 0;
  if (!(passage->slope > 0))
    return get_rows_of_level (passage, wanted);
  end = passage->gap / passage->slope;
  /* The rate grows by one excursion each time that the line has come near enough for the next. */
  for (guint i = 0; i < passage->n_excursions; i++) {
    double next = (passage->gap - passage->excursions[i]) / passage->slope;

    next = CLAMP (next, at, end);
    if (sum + (next - at) * rate >= wanted)
      break;
    sum += (next - at) * rate;
    at = next;
    rate += 1 / passage->rows;
  }
  return rate > 0 ? MIN (end, at + (wanted - sum) / rate) : end;
}
