/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-months.h"

#include <math.h>

#include "core/orf-clock.h"

/* A bill is of the time that devices are there, not of what they do: a minute tells which are. */
#define MIN_RECENT_US (60 * ORF_US_PER_S)

gint64
orf_cost_month_get_start_us (gint64 t_us, int n)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (t_us / ORF_US_PER_S);
  g_autoptr (GDateTime) start = NULL;
  int month = time != NULL ? g_date_time_get_year (time) * 12 + g_date_time_get_month (time) - 1 + n
                           : 0;

  /* beyond the year 9999 there is none */
  if (month < 1970 * 12 || month >= 10000 * 12)
    return 0;
  start = g_date_time_new_utc (month / 12, month % 12 + 1, 1, 0, 0, 0);
  return g_date_time_to_unix (start) * ORF_US_PER_S;
}

double
orf_cost_month_project (
  double so_far, double recent_amount, gint64 recent_us, gint64 now_us, gint64 end_us)
{
  if (recent_us < MIN_RECENT_US)
    return NAN;
  return so_far + recent_amount / (double) recent_us * (double) MAX (end_us - now_us, 0);
}
