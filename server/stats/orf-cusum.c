/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-cusum.h"

#include <math.h>

void
orf_cusum_init (OrfCusum *cusum, double slack, double limit)
{
  *cusum = (OrfCusum){ .slack = slack, .limit = limit };
}

static void
add (double *sum, guint *n, double excess)
{
  *sum = MAX (0, *sum + excess);
  *n = *sum > 0 ? *n + 1 : 0;
}

OrfCusumAlarm
orf_cusum_push (OrfCusum *cusum, double score, guint *since)
{
  OrfCusumAlarm alarm = ORF_CUSUM_NONE;

  if (isnan (score))
    return ORF_CUSUM_NONE;
  add (&cusum->up, &cusum->n_up, score - cusum->slack);
  add (&cusum->down, &cusum->n_down, -score - cusum->slack);
  if (cusum->up > cusum->limit)
    alarm = ORF_CUSUM_UP;
  else if (cusum->down > cusum->limit)
    alarm = ORF_CUSUM_DOWN;
  if (alarm == ORF_CUSUM_NONE)
    return alarm;
  if (since != NULL)
    *since = alarm == ORF_CUSUM_UP ? cusum->n_up : cusum->n_down;
  orf_cusum_init (cusum, cusum->slack, cusum->limit);
  return alarm;
}
