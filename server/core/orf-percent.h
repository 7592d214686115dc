/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <math.h>

/* Shares are told in thousandths of a percent: more is noise, and makes numbers slow to write. */
static inline double
orf_percent_round (double percent)
{
  return round (percent * 1000) / 1000;
}

/* NAN of nothing. */
static inline double
orf_percent_of (double part, double whole)
{
  return whole > 0 ? orf_percent_round (100 * part / whole) : NAN;
}
