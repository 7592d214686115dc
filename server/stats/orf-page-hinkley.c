/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-page-hinkley.h"

#include <math.h>

void
orf_page_hinkley_init (OrfPageHinkley *test, double tolerance, double limit)
{
  *test = (OrfPageHinkley){ .tolerance = tolerance, .limit = limit };
}

int
orf_page_hinkley_push (OrfPageHinkley *test, double value)
{
  int moved = 0;

  if (isnan (value))
    return 0;
  test->n++;
  test->mean += (value - test->mean) / (double) test->n;
  test->up += value - test->mean - test->tolerance;
  test->down += test->mean - value - test->tolerance;
  test->least_up = MIN (test->least_up, test->up);
  test->least_down = MIN (test->least_down, test->down);
  if (test->up - test->least_up > test->limit)
    moved = 1;
  else if (test->down - test->least_down > test->limit)
    moved = -1;
  if (moved != 0)
    orf_page_hinkley_init (test, test->tolerance, test->limit);
  return moved;
}
