/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-running-total.h"

#include <math.h>

double
orf_running_total_add (OrfSeries *series, double addend, double base)
{
  OrfPoint last;

  if (isnan (series->total))
    series->total = orf_open_chunk_get_last (&series->chunk, &last) ? last.value : base;
  series->total += addend;
  return series->total;
}

void
orf_running_total_take_back (OrfSeries *series, double addend)
{
  series->total -= addend;
}
