/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-tiers.h"

#include "orf-error.h"

static void
series_points_free_cb (gpointer data)
{
  OrfSeriesPoints *points = data;

  g_array_unref (points->points);
  g_free (points);
}

static void
append_run (GPtrArray *series, const OrfTierRun *run)
{
  OrfSeriesPoints *last = series->len > 0 ? series->pdata[series->len - 1] : NULL;
  guint before;

  if (last == NULL || last->series_id != run->series_id) {
    last = g_new0 (OrfSeriesPoints, 1);
    last->series_id = run->series_id;
    last->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
    g_ptr_array_add (series, last);
  }
  before = last->points->len;
  g_array_set_size (last->points, before + (guint) run->count);
  for (gsize i = 0; i < run->count; i++)
    g_array_index (last->points, OrfPoint, before + i) = (OrfPoint){ run->times_us[i],
                                                                     run->values[i] };
}

GPtrArray *
orf_tiers_read (OrfConnection *connection,
                const gint64 *ids,
                guint n_ids,
                gint64 from_us,
                gint64 to_us,
                guint max_points,
                GError **error)
{
  g_autoptr (GPtrArray) series = g_ptr_array_new_with_free_func (series_points_free_cb);
  g_autoptr (OrfTierScan) scan = NULL;
  const OrfTierRun *run = NULL;
  GError *failure = NULL;
  gsize n_points = 0;

  scan = orf_tier_scan_new (orf_connection_get_tiers (connection), ids, n_ids, from_us, to_us,
                            &failure);
  while (failure == NULL && orf_tier_scan_next (scan, &run, &failure) && run != NULL) {
    n_points += run->count;
    if (n_points > max_points) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                   "more than %u points: ask for less time or fewer series", max_points);
      return NULL;
    }
    append_run (series, run);
    /* chunks are decoded where SQLite does not look at the clock */
    if (orf_connection_is_stopped (connection, error))
      return NULL;
  }
  if (failure == NULL)
    return g_steal_pointer (&series);
  orf_connection_adopt_error (connection, failure, error);
  return NULL;
}
