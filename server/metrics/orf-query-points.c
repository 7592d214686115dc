/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Points are taken from the chunks before the file is asked: a chunk goes on dropping its oldest,
 * and what it drops while the file is read would be in neither.
 */
#include "metrics/orf-query-points.h"

#include "orf-error.h"

typedef struct {
  const OrfMetricsParts *parts;
  OrfQueryPointsSpec spec;
  OrfCancel *cancel; /* its owner waits for done */
  OrfQueryPoints *points;
  OrfQueryPointsDone done;
  gpointer user_data;
} Reading;

void
orf_query_points_free (const OrfMetricsParts *parts, OrfQueryPoints *points)
{
  if (points->selected != NULL)
    orf_series_set_free (parts, points->selected);
  for (guint i = 0; i < points->points->len; i++)
    if (points->points->pdata[i] != NULL)
      g_array_unref (points->points->pdata[i]);
  g_ptr_array_unref (points->points);
  for (guint i = 0; i < points->rollups->len; i++)
    if (points->rollups->pdata[i] != NULL)
      g_array_unref (points->rollups->pdata[i]);
  g_ptr_array_unref (points->rollups);
  orf_memory_add (parts->memory, ORF_MEMORY_QUERIES, -points->held_bytes);
  g_free (points);
}

gboolean
orf_query_points_refuse (const OrfMetricsParts *parts, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "more than [metrics] max_query_points (%" G_GINT64_FORMAT
               "): ask for fewer series, a shorter span or a larger step_us",
               parts->config->metrics.max_query_points);
  return FALSE;
}

/* What was read, or nothing. */
static void
conclude (Reading *reading, const GError *error)
{
  if (error == NULL) {
    reading->done (reading->user_data, reading->points, NULL);
  } else {
    orf_query_points_free (reading->parts, reading->points);
    reading->done (reading->user_data, NULL, error);
  }
  g_free (reading);
}

/* ---- chunks and file together ---------------------------------------------------------------- */

/* Both by time; of equal times the chunk's: it is told as soon as the file is. */
static GArray *
merge (const OrfPoint *file, guint n_file, GArray *chunk)
{
  GArray *merged = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), n_file + chunk->len);
  guint i = 0, at = 0;

  /* in runs: as a rule all that the file has comes first */
  while (i < n_file) {
    guint first = i, first_at = at;

    while (i < n_file &&
           (at == chunk->len || file[i].t_us < g_array_index (chunk, OrfPoint, at).t_us))
      i++;
    g_array_append_vals (merged, file + first, i - first);
    while (i < n_file && at < chunk->len && g_array_index (chunk, OrfPoint, at).t_us < file[i].t_us)
      at++;
    g_array_append_vals (merged, &g_array_index (chunk, OrfPoint, first_at), at - first_at);
    if (i < n_file && at < chunk->len && g_array_index (chunk, OrfPoint, at).t_us == file[i].t_us)
      i++;
  }
  g_array_append_vals (merged, &g_array_index (chunk, OrfPoint, at), chunk->len - at);
  return merged;
}

/* Points for which rollups stand. */
static void
drop_span (GArray *points, gint64 from_us, gint64 to_us)
{
  guint first = 0, end;

  while (first < points->len && g_array_index (points, OrfPoint, first).t_us < from_us)
    first++;
  for (end = first; end < points->len && g_array_index (points, OrfPoint, end).t_us < to_us;)
    end++;
  if (end > first)
    g_array_remove_range (points, first, end - first);
}

static void
add_file (OrfQueryPoints *points, guint index, const OrfSeriesPoints *file)
{
  GArray *chunk = points->points->pdata[index];

  if (file->rollups != NULL) {
    points->rollups->pdata[index] = g_array_ref (file->rollups);
    points->n_points += file->rollups->len;
    drop_span (chunk, file->rolled_from_us, file->rolled_to_us);
  }
  if (file->points->len == 0)
    return;
  points->points->pdata[index] = merge ((const OrfPoint *) file->points->data, file->points->len,
                                        chunk);
  g_array_unref (chunk);
}

/* found: OrfSeriesPoints by id. */
static gboolean
add_all (Reading *reading, GHashTable *found, GError **error)
{
  OrfQueryPoints *points = reading->points;

  points->n_points = 0;
  for (guint i = 0; i < points->selected->len; i++) {
    const OrfSelected *one = points->selected->pdata[i];
    const OrfSeriesPoints *file = g_hash_table_lookup (found, &one->id);

    if (file != NULL)
      add_file (points, i, file);
    points->n_points += ((GArray *) points->points->pdata[i])->len;
    if (points->n_points > reading->spec.max_points)
      return orf_query_points_refuse (reading->parts, error);
  }
  return TRUE;
}

static void
read_cb (gpointer user_data, GPtrArray *series, const GError *failure)
{
  Reading *reading = user_data;
  g_autoptr (GHashTable) found = NULL;
  g_autoptr (GError) error = NULL;

  if (failure != NULL) {
    conclude (reading, failure);
    return;
  }
  found = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < series->len; i++) {
    OrfSeriesPoints *one = series->pdata[i];

    g_hash_table_insert (found, &one->series_id, one);
  }
  add_all (reading, found, &error);
  conclude (reading, error);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* The ids of the series of which the file has more than their chunk; *to_us: up to where, of any;
 * *rolled_to_us: of all. */
static GArray *
find_incomplete (const Reading *reading, gint64 *to_us, gint64 *rolled_to_us)
{
  const OrfQueryPointsSpec *spec = &reading->spec;
  GPtrArray *selected = reading->points->selected;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  *to_us = spec->from_us;
  *rolled_to_us = spec->to_us;
  for (guint i = 0; i < selected->len; i++) {
    const OrfSelected *one = selected->pdata[i];
    gint64 complete_us = one->active != NULL ? one->active->chunk.complete_from_us : spec->to_us;

    if (one->id == 0 || complete_us <= spec->from_us)
      continue;
    g_array_append_val (ids, one->id);
    *to_us = MAX (*to_us, MIN (complete_us, spec->to_us));
    *rolled_to_us = MIN (*rolled_to_us, complete_us);
  }
  return ids;
}

static gboolean
read_chunks (Reading *reading, GError **error)
{
  OrfQueryPoints *read = reading->points;

  for (guint i = 0; i < read->selected->len; i++) {
    const OrfSelected *one = read->selected->pdata[i];
    GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

    g_ptr_array_add (read->points, points);
    g_ptr_array_add (read->rollups, NULL);
    if (one->active != NULL)
      orf_open_chunk_read (&one->active->chunk, reading->spec.from_us, reading->spec.to_us, points);
    read->n_points += points->len;
    if (read->n_points > reading->spec.max_points)
      return orf_query_points_refuse (reading->parts, error);
  }
  /* they are held while the file is read, and others ask meanwhile */
  read->held_bytes = (gint64) (read->n_points * sizeof (OrfPoint));
  orf_memory_add (reading->parts->memory, ORF_MEMORY_QUERIES, read->held_bytes);
  return TRUE;
}

/* Whether its rollups tell what is asked: increases of counters alone, percentiles of durations. */
static gboolean
is_told_by_rollups (const OrfQueryPointsSpec *spec, const OrfSelected *one)
{
  if (spec->rising)
    return one->kind == ORF_SERIES_KIND_COUNTER;
  return spec->part != ORF_ROLLUP_SKETCH ||
         (one->kind == ORF_SERIES_KIND_GAUGE && orf_rollup_is_duration (one->unit));
}

static gboolean
may_use_rollups (const Reading *reading)
{
  for (guint i = 0; i < reading->points->selected->len; i++)
    if (!is_told_by_rollups (&reading->spec, reading->points->selected->pdata[i]))
      return FALSE;
  return reading->spec.rollup_us > 0;
}

static void
read_windows (Reading *reading, const GArray *ids, gint64 to_us)
{
  const OrfQueryPointsSpec *spec = &reading->spec;
  const OrfWindowedQuery query = {
    .ids = (const gint64 *) (gpointer) ids->data,
    .n_ids = ids->len,
    .from_us = spec->from_us,
    .to_us = to_us,
    .last_us = spec->to_us - 1,
    .step_us = spec->step_us,
    .window_us = spec->window_us,
    .max_points = (guint) MIN (spec->max_points, G_MAXUINT),
  };

  orf_store_read_windows (reading->parts->store, &query, reading->cancel, read_cb, reading);
}

static void
read_file (Reading *reading, const GArray *ids, gint64 to_us, gint64 rolled_to_us)
{
  const OrfQueryPointsSpec *spec = &reading->spec;
  const OrfRolledQuery query = {
    .ids = (const gint64 *) (gpointer) ids->data,
    .n_ids = ids->len,
    .from_us = spec->from_us,
    .to_us = to_us,
    .max_points = (guint) MIN (spec->max_points, G_MAXUINT),
    .rollup_us = spec->rollup_us,
    .rolled_from_us = spec->rolled_from_us,
    .rolled_to_us = rolled_to_us,
    .part = spec->part,
    .rising = spec->rising,
  };

  if (may_use_rollups (reading))
    orf_store_read_rolled (reading->parts->store, &query, reading->cancel, read_cb, reading);
  else
    orf_store_read_samples (reading->parts->store, query.ids, query.n_ids, query.from_us,
                            query.to_us, query.max_points, reading->cancel, read_cb, reading);
}

static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *failure)
{
  Reading *reading = user_data;
  const OrfQueryPointsSpec *spec = &reading->spec;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = NULL;
  gint64 to_us, rolled_to_us;

  if (failure != NULL) {
    conclude (reading, failure);
    return;
  }
  reading->points->selected = selected;
  if (selected->len > 0 && spec->n_told > spec->max_points)
    orf_query_points_refuse (reading->parts, &error);
  if (error != NULL || !read_chunks (reading, &error)) {
    conclude (reading, error);
    return;
  }
  ids = find_incomplete (reading, &to_us, &rolled_to_us);
  if (ids->len == 0)
    conclude (reading, NULL);
  else if (spec->step_us > 0)
    read_windows (reading, ids, to_us);
  else
    read_file (reading, ids, to_us, rolled_to_us);
}

static Reading *
reading_new (const OrfMetricsParts *parts,
             const OrfQueryPointsSpec *spec,
             OrfCancel *cancel,
             OrfQueryPointsDone done,
             gpointer user_data)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->parts = parts;
  reading->spec = *spec;
  reading->cancel = cancel;
  reading->points = g_new0 (OrfQueryPoints, 1);
  reading->points->points = g_ptr_array_new ();
  reading->points->rollups = g_ptr_array_new ();
  reading->done = done;
  reading->user_data = user_data;
  return reading;
}

void
orf_query_points_read (const OrfMetricsParts *parts,
                       const OrfQueryPointsSpec *spec,
                       OrfCancel *cancel,
                       OrfQueryPointsDone done,
                       gpointer user_data)
{
  orf_series_set_select (parts, spec->selector, spec->from_us, cancel, selected_cb,
                         reading_new (parts, spec, cancel, done, user_data));
}

void
orf_query_points_read_of (const OrfMetricsParts *parts,
                          GPtrArray *selected,
                          const OrfQueryPointsSpec *spec,
                          OrfCancel *cancel,
                          OrfQueryPointsDone done,
                          gpointer user_data)
{
  selected_cb (reading_new (parts, spec, cancel, done, user_data), selected, NULL);
}
