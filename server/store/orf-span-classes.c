/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-span-classes.h"

/* From a look into a cache to the writing of a long answer; 100 ms and 1 s, of which promises are
 * made, are bounds. */
const gint64 orf_span_bounds_us[ORF_SPAN_N_BOUNDS] = {
  100,    1000,   5000,    10000,   25000,   50000,    100000,
  250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000,
};

guint
orf_span_get_class (gint64 duration_us)
{
  guint place = 0;

  while (place < ORF_SPAN_N_BOUNDS && duration_us > orf_span_bounds_us[place])
    place++;
  return place;
}
