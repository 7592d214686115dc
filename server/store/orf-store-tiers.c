/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * With rollups, the span of a series is read in parts:
 *
 *   from_us   minute   hour                     hour   minute       to_us
 *   | points  | minutes | hours                 | minutes | points  |
 *             rolled_from                                 rolled_to
 *
 * rolled_to is before the series' first sample that is not packed.  Where increases are asked for
 * and a counter may have fallen within a row, its points are read in its place.
 */
#include "store/orf-store-tiers.h"

#include "orf-error.h"

static void
series_points_free_cb (gpointer data)
{
  OrfSeriesPoints *points = data;

  g_array_unref (points->points);
  g_clear_pointer (&points->rollups, g_array_unref);
  g_free (points);
}

static OrfSeriesPoints *
add_series (GPtrArray *series, gint64 id)
{
  OrfSeriesPoints *points = g_new0 (OrfSeriesPoints, 1);

  points->series_id = id;
  points->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_ptr_array_add (series, points);
  return points;
}

static gboolean
refuse_size (guint max_points, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "more than %u points: ask for less time or fewer series", max_points);
  return FALSE;
}

/* ---- points ---------------------------------------------------------------------------------- */

typedef struct {
  OrfConnection *connection;
  const gint64 *ids;
  guint n_ids;
  guint max_points;
  gsize n_points;
  GPtrArray *series; /* OrfSeriesPoints */
  GHashTable *by_id; /* the same */
} Collected;

static OrfSeriesPoints *
ensure_series (Collected *collected, gint64 id)
{
  OrfSeriesPoints *one = g_hash_table_lookup (collected->by_id, &id);

  if (one == NULL) {
    one = add_series (collected->series, id);
    g_hash_table_insert (collected->by_id, &one->series_id, one);
  }
  return one;
}

/* Behind what was collected before. */
static gboolean
collect (Collected *collected, gint64 from_us, gint64 to_us, GError **error)
{
  OrfSeriesPoints *last = NULL;
  const OrfTierRun *run = NULL;
  GError *failure = NULL;
  g_autoptr (OrfTierScan)
    scan = orf_tier_scan_new (orf_connection_get_tiers (collected->connection), collected->ids,
                              collected->n_ids, from_us, to_us, &failure);

  while (failure == NULL && orf_tier_scan_next (scan, &run, &failure) && run != NULL) {
    collected->n_points += run->count;
    if (collected->n_points > collected->max_points)
      return refuse_size (collected->max_points, error);
    if (last == NULL || last->series_id != run->series_id)
      last = ensure_series (collected, run->series_id);
    orf_tier_run_append (run, last->points);
    /* chunks are decoded where SQLite does not look at the clock */
    if (orf_connection_is_stopped (collected->connection, error))
      return FALSE;
  }
  return failure == NULL || orf_connection_adopt_error (collected->connection, failure, error);
}

static int
compare_series_cb (gconstpointer a, gconstpointer b)
{
  gint64 x = (*(OrfSeriesPoints *const *) a)->series_id;
  gint64 y = (*(OrfSeriesPoints *const *) b)->series_id;

  return (x > y) - (x < y);
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
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  Collected collected = { connection, ids, n_ids, max_points, 0, series, by_id };

  return collect (&collected, from_us, to_us, error) ? g_steal_pointer (&series) : NULL;
}

GPtrArray *
orf_tiers_read_windows (OrfConnection *connection, const OrfWindowedQuery *query, GError **error)
{
  g_autoptr (GPtrArray) series = g_ptr_array_new_with_free_func (series_points_free_cb);
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  Collected collected = {
    connection, query->ids, query->n_ids, query->max_points, 0, series, by_id
  };
  gint64 end_us = query->last_us;

  while (end_us - query->step_us >= query->from_us)
    end_us -= query->step_us;
  for (; end_us - query->window_us + 1 < query->to_us && end_us <= query->last_us;
       end_us += query->step_us)
    if (!collect (&collected, MAX (end_us - query->window_us + 1, query->from_us),
                  MIN (end_us + 1, query->to_us), error))
      return NULL;
  g_ptr_array_sort (series, compare_series_cb);
  return g_steal_pointer (&series);
}

/* ---- with rollups ---------------------------------------------------------------------------- */

typedef struct {
  OrfConnection *connection;
  const OrfRolledQuery *query;
  GPtrArray *series; /* OrfSeriesPoints by id, of all ids, which are told once each */
  gsize n_points;
} Rolled;

static gint64
align_up (gint64 t_us, gint64 step_us)
{
  return orf_rollup_align (t_us + step_us - 1, step_us);
}

static gboolean
rolled_count (Rolled *rolled, gsize n, GError **error)
{
  rolled->n_points += n;
  return rolled->n_points <= rolled->query->max_points ||
         refuse_size (rolled->query->max_points, error);
}

/* Appends the points of the span to those of each series. */
static gboolean
rolled_read_points (
  Rolled *rolled, const gint64 *ids, guint n_ids, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (GPtrArray) found = NULL;
  guint at = 0;

  if (from_us >= to_us || n_ids == 0)
    return TRUE;
  found = orf_tiers_read (rolled->connection, ids, n_ids, from_us, to_us, rolled->query->max_points,
                          error);
  if (found == NULL)
    return FALSE;
  for (guint i = 0; i < found->len; i++) {
    const OrfSeriesPoints *part = found->pdata[i];
    OrfSeriesPoints *whole;

    while ((whole = rolled->series->pdata[at])->series_id != part->series_id)
      at++;
    g_array_append_vals (whole->points, part->points->data, part->points->len);
    if (!rolled_count (rolled, part->points->len, error))
      return FALSE;
  }
  return TRUE;
}

/* From where on points are told of each series. */
static gboolean
rolled_set_spans (Rolled *rolled, GError **error)
{
  const OrfRolledQuery *query = rolled->query;
  g_autofree gint64 *first_us = g_new (gint64, query->n_ids);
  gint64 from_us = align_up (query->rolled_from_us, ORF_MINUTE_US);
  GError *failure = NULL;

  if (!orf_tier_reader_find_unpacked (orf_connection_get_tiers (rolled->connection), query->ids,
                                      query->n_ids, query->from_us, query->rolled_to_us, first_us,
                                      &failure))
    return orf_connection_adopt_error (rolled->connection, failure, error);
  for (guint i = 0; i < query->n_ids; i++) {
    OrfSeriesPoints *one = add_series (rolled->series, query->ids[i]);
    gint64 to_us = orf_rollup_align (MIN (MIN (query->rolled_to_us, query->to_us), first_us[i]),
                                     ORF_MINUTE_US);

    one->rolled_from_us = MIN (from_us, query->to_us);
    one->rolled_to_us = MAX (one->rolled_from_us, to_us);
  }
  g_ptr_array_sort (rolled->series, compare_series_cb);
  return TRUE;
}

static gboolean
rolled_read_rows (Rolled *rolled, OrfSeriesPoints *one, GError **error)
{
  OrfTierReader *reader = orf_connection_get_tiers (rolled->connection);
  const OrfRolledQuery *query = rolled->query;
  gint64 hours_from_us = align_up (one->rolled_from_us, ORF_HOUR_US);
  gint64 hours_to_us = orf_rollup_align (one->rolled_to_us, ORF_HOUR_US);
  GError *failure = NULL;

  one->rollups = orf_rollup_array_new ();
  if (query->rollup_us != ORF_HOUR_US || hours_from_us >= hours_to_us)
    hours_from_us = hours_to_us = one->rolled_to_us;
  if (orf_tier_reader_read_rollups (reader, ORF_MINUTE_US, query->part, one->series_id,
                                    one->rolled_from_us, hours_from_us, one->rollups, &failure) &&
      orf_tier_reader_read_rollups (reader, ORF_HOUR_US, query->part, one->series_id, hours_from_us,
                                    hours_to_us, one->rollups, &failure) &&
      orf_tier_reader_read_rollups (reader, ORF_MINUTE_US, query->part, one->series_id, hours_to_us,
                                    one->rolled_to_us, one->rollups, &failure))
    return rolled_count (rolled, one->rollups->len, error);
  return orf_connection_adopt_error (rolled->connection, failure, error);
}

static gboolean
rolled_find_falls (Rolled *rolled, const OrfSeriesPoints *one, GArray *minutes, GError **error)
{
  GError *failure = NULL;

  return one->rollups->len == 0 ||
         orf_tier_reader_read_falls (orf_connection_get_tiers (rolled->connection), one->series_id,
                                     one->rolled_from_us, one->rolled_to_us, minutes, &failure) ||
         orf_connection_adopt_error (rolled->connection, failure, error);
}

/* The points of the rows in which a counter may have fallen, in their place; a row of which no
 * points are left stays. */
static gboolean
rolled_replace_rows (Rolled *rolled, OrfSeriesPoints *one, GError **error)
{
  g_autoptr (GArray) falls = g_array_new (FALSE, FALSE, sizeof (gint64));
  OrfRollup *rows = (OrfRollup *) (gpointer) one->rollups->data;
  gboolean sketches = rolled->query->part == ORF_ROLLUP_SKETCH;
  guint n = 0, at = 0;

  if (rolled->query->rising && !rolled_find_falls (rolled, one, falls, error))
    return FALSE;
  for (guint i = 0; i < one->rollups->len; i++) {
    const OrfRollup row = rows[i];
    gint64 next_us = i + 1 < one->rollups->len ? rows[i + 1].t_us : one->rolled_to_us;
    guint n_points = one->points->len;
    gboolean vague = sketches && row.sketch == NULL;

    for (; at < falls->len && g_array_index (falls, gint64, at) < next_us; at++)
      vague = vague || g_array_index (falls, gint64, at) >= row.t_us;
    if (vague && !rolled_read_points (rolled, &one->series_id, 1, row.t_us, next_us, error))
      return FALSE;
    if (one->points->len > n_points)
      continue;
    rows[i] = rows[n]; /* one that goes, whose sketch the array frees */
    rows[n++] = row;
  }
  g_array_set_size (one->rollups, n);
  return TRUE;
}

/* Behind the rollups: most series have them up to the same time. */
static gboolean
rolled_read_rest (Rolled *rolled, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 to_us = rolled->query->to_us, common_us = G_MININT64;

  for (guint i = 0; i < rolled->series->len; i++)
    common_us = MAX (common_us, ((OrfSeriesPoints *) rolled->series->pdata[i])->rolled_to_us);
  for (guint i = 0; i < rolled->series->len; i++) {
    const OrfSeriesPoints *one = rolled->series->pdata[i];

    if (one->rolled_to_us == common_us)
      g_array_append_val (ids, one->series_id);
    else if (!rolled_read_points (rolled, &one->series_id, 1, one->rolled_to_us, to_us, error))
      return FALSE;
  }
  return rolled_read_points (rolled, (const gint64 *) (gpointer) ids->data, ids->len, common_us,
                             to_us, error);
}

static gboolean
rolled_read (Rolled *rolled, GError **error)
{
  const OrfRolledQuery *query = rolled->query;
  const OrfSeriesPoints *any;

  if (!rolled_set_spans (rolled, error))
    return FALSE;
  any = rolled->series->pdata[0];
  if (!rolled_read_points (rolled, query->ids, query->n_ids, query->from_us, any->rolled_from_us,
                           error))
    return FALSE;
  for (guint i = 0; i < rolled->series->len; i++) {
    OrfSeriesPoints *one = rolled->series->pdata[i];

    if (orf_connection_is_stopped (rolled->connection, error) ||
        !rolled_read_rows (rolled, one, error) || !rolled_replace_rows (rolled, one, error))
      return FALSE;
  }
  return rolled_read_rest (rolled, error);
}

GPtrArray *
orf_tiers_read_rolled (OrfConnection *connection, const OrfRolledQuery *query, GError **error)
{
  g_autoptr (GPtrArray) series = g_ptr_array_new_with_free_func (series_points_free_cb);
  Rolled rolled = { connection, query, series, 0 };

  return rolled_read (&rolled, error) ? g_steal_pointer (&series) : NULL;
}
