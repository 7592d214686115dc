/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-result.h"

/* A second, or so much more that there are no more than this: a curve has no more columns, and a
 * tally may take 33 KiB twice. */
#define MAX_SLICES 600

static void
free_tally (gpointer tally)
{
  orf_load_tally_free (tally);
}

OrfLoadResult *
orf_load_result_new (const OrfLoadPlan *plan, gboolean is_closed)
{
  OrfLoadResult *result = g_new0 (OrfLoadResult, 1);
  gint64 seconds = orf_load_plan_get_duration (plan) / G_USEC_PER_SEC;

  result->plan = plan;
  result->is_closed = is_closed;
  result->levels = g_ptr_array_new_with_free_func (free_tally);
  result->slices = g_ptr_array_new_with_free_func (free_tally);
  result->slice_us = MAX ((seconds + MAX_SLICES - 1) / MAX_SLICES, 1) * G_USEC_PER_SEC;
  return result;
}

void
orf_load_result_free (OrfLoadResult *result)
{
  if (result == NULL)
    return;
  g_ptr_array_unref (result->levels);
  g_ptr_array_unref (result->slices);
  g_free (result);
}

static OrfLoadTally *
ensure (GPtrArray *tallies, guint index)
{
  while (tallies->len <= index)
    g_ptr_array_add (tallies, orf_load_tally_new ());
  return tallies->pdata[index];
}

void
orf_load_result_find (OrfLoadResult *result,
                      gint64 at_us,
                      OrfLoadTally **level,
                      OrfLoadTally **slice)
{
  *level = ensure (result->levels, orf_load_plan_find_level (result->plan, at_us));
  *slice = ensure (result->slices, (guint) (at_us / result->slice_us));
}

gint64
orf_load_result_get_level_us (const OrfLoadResult *result, guint level)
{
  const OrfLoadLevel *planned = orf_load_plan_get_level (result->plan, level);

  return CLAMP (result->sent_for_us, planned->from_us, planned->until_us) - planned->from_us;
}

OrfLoadTally *
orf_load_result_sum (const OrfLoadResult *result)
{
  OrfLoadTally *sum = orf_load_tally_new ();

  for (guint i = 0; i < result->levels->len; i++)
    orf_load_tally_merge (sum, result->levels->pdata[i]);
  return sum;
}
