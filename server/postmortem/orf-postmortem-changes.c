/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Series are compared by what rollups say, or of short windows by points; so many at a time, that
 * few megabytes are held.  Where there are more than can be read in time, their hours say which
 * moved at all, and those come first.
 */
#include "postmortem/orf-postmortem-changes.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "postmortem/orf-postmortem-course.h"
#include "postmortem/orf-postmortem-series.h"
#include "postmortem/orf-postmortem-shift.h"
#include "store/orf-store-series.h"

/* Of as many as a daemon has at most in a usual config. */
#define MAX_SERIES 20000
/* Rows told: those that moved, and those that began or ended. */
#define MAX_MOVED 20
#define MAX_NEW   8
/* Read at once: 100 megabytes of rollups, were each of the 240 steps a row. */
#define BATCH            500
#define MAX_BATCH_POINTS 8000000
/* Half of what a reader may take at most: the rest is told as skipped. */
#define PATIENCE_US (1000 * ORF_US_PER_MS)
/* More are looked at by their hours first. */
#define PRESCREENED 2000
#define LATE_US     (10 * ORF_MINUTE_US)

typedef struct {
  OrfSeriesRow *row; /* borrowed */
  double hint;       /* how far its hours moved; 0: nobody looked */
} Candidate;

typedef struct {
  OrfConnection *connection;
  OrfPostmortemFacts *facts;
  const OrfPostmortemWindow *window;
  guint n_steps;
  gint64 step_us, rollup_us;
  GPtrArray *moved, *others; /* OrfPostmortemChange; others: began or ended */
  guint n_recorded;          /* with samples in either span */
  double *before, *during;   /* n_steps each */
} Compare;

/* ---- one series ------------------------------------------------------------------------------ */

static OrfPostmortemStats *
make_stats (const OrfPostmortemCourse *course, guint first, guint n, double median)
{
  OrfPostmortemSum sum = orf_postmortem_course_sum (course, first, n);
  OrfPostmortemStats *stats = orf_postmortem_stats_new ();

  stats->mean = sum.mean;
  stats->median = median;
  stats->min = sum.min;
  stats->max = sum.max;
  stats->count = sum.count;
  return stats;
}

static OrfPostmortemChange *
make_change (const Compare *compare,
             const OrfSeriesRow *row,
             const OrfPostmortemCourse *course,
             const OrfPostmortemShift *shift)
{
  OrfPostmortemChange *change = orf_postmortem_change_new ();
  guint n = compare->n_steps;

  change->name = g_strdup (row->name);
  change->labels = orf_series_name_labels_from_json (row->labels_json);
  change->series = orf_series_name_to_text (change->name, change->labels);
  change->unit = g_strdup (row->unit);
  change->rate = row->kind == ORF_SERIES_KIND_COUNTER;
  change->before = make_stats (course, 0, n, shift->median_before);
  change->during = make_stats (course, n, n, shift->median_during);
  change->change_percent = shift->change_percent;
  change->effect = shift->effect;
  change->has_from_us = shift->first >= 0;
  change->from_us = compare->window->from_us + shift->first * compare->step_us;
  change->before_points = orf_postmortem_course_get_points (course, 0, n);
  change->points = orf_postmortem_course_get_points (course, n, n);
  return change;
}

/* It had samples in one of the two alone, and some of them were not 0. */
static gboolean
is_new_or_gone (OrfPostmortemSum before, OrfPostmortemSum during)
{
  OrfPostmortemSum some = before.count > 0 ? before : during;

  return (before.count == 0) != (during.count == 0) && (some.min < 0 || some.max > 0);
}

static void
judge (Compare *compare, const OrfSeriesRow *row, const OrfPostmortemCourse *course)
{
  OrfPostmortemSum before = orf_postmortem_course_sum (course, 0, compare->n_steps);
  OrfPostmortemSum during = orf_postmortem_course_sum (course, compare->n_steps, compare->n_steps);
  OrfPostmortemShift shift;

  compare->n_recorded += before.count > 0 || during.count > 0 ? 1 : 0;
  compare->facts->has_baseline = compare->facts->has_baseline || before.count > 0;
  orf_postmortem_course_get_values (course, 0, compare->n_steps, compare->before);
  orf_postmortem_course_get_values (course, compare->n_steps, compare->n_steps, compare->during);
  orf_postmortem_shift_judge (compare->before, compare->during, compare->n_steps, &shift);
  if (fabs (shift.effect) >= ORF_POSTMORTEM_SHIFT_MOVED)
    g_ptr_array_add (compare->moved, make_change (compare, row, course, &shift));
  else if (isnan (shift.effect) && is_new_or_gone (before, during))
    g_ptr_array_add (compare->others, make_change (compare, row, course, &shift));
}

static void
judge_points (Compare *compare, const OrfSeriesRow *row, const OrfSeriesPoints *points)
{
  g_autoptr (OrfPostmortemCourse)
    course = orf_postmortem_course_new (orf_postmortem_series_get_origin (compare->window),
                                        compare->step_us, 2 * compare->n_steps,
                                        row->kind == ORF_SERIES_KIND_COUNTER);
  guint n_rollups = points->rollups != NULL ? points->rollups->len : 0;

  for (guint i = 0; i < n_rollups; i++)
    orf_postmortem_course_add_rollup (course, &g_array_index (points->rollups, OrfRollup, i));
  for (guint i = 0; i < points->points->len; i++)
    orf_postmortem_course_add_point (course, &g_array_index (points->points, OrfPoint, i));
  judge (compare, row, course);
}

/* ---- some at a time -------------------------------------------------------------------------- */

static int
compare_ids_cb (gconstpointer a, gconstpointer b)
{
  gint64 x = ((const Candidate *) a)->row->id, y = ((const Candidate *) b)->row->id;

  return (x > y) - (x < y);
}

static GPtrArray *
read_batch (const Compare *compare, const gint64 *ids, guint n, gint64 rollup_us, GError **error)
{
  const OrfRolledQuery query = {
    .ids = ids,
    .n_ids = n,
    .from_us = compare->window->baseline_from_us,
    .to_us = compare->window->to_us,
    .max_points = MAX_BATCH_POINTS,
    .rollup_us = rollup_us,
    .rolled_from_us = compare->window->baseline_from_us,
    .rolled_to_us = compare->window->to_us,
    .part = ORF_ROLLUP_ALL,
  };

  return rollup_us == 0 ? orf_tiers_read (compare->connection, ids, n, query.from_us, query.to_us,
                                          MAX_BATCH_POINTS, error)
                        : orf_tiers_read_rolled (compare->connection, &query, error);
}

/* candidates are put by rising id, as what is read of them comes. */
static gboolean
judge_batch (Compare *compare, Candidate *candidates, guint n, GError **error)
{
  g_autofree gint64 *ids = g_new (gint64, n);
  g_autoptr (GPtrArray) found = NULL;
  guint at = 0;

  qsort (candidates, n, sizeof *candidates, compare_ids_cb);
  for (guint i = 0; i < n; i++)
    ids[i] = candidates[i].row->id;
  found = read_batch (compare, ids, n, compare->rollup_us, error);
  if (found == NULL)
    return FALSE;
  for (guint i = 0; i < found->len; i++) {
    const OrfSeriesPoints *points = found->pdata[i];

    while (candidates[at].row->id != points->series_id)
      at++;
    judge_points (compare, candidates[at].row, points);
  }
  return TRUE;
}

static gboolean
judge_all (Compare *compare, GArray *candidates, GError **error)
{
  OrfPostmortemChanges *changes = compare->facts->document->changes;
  Candidate *all = (Candidate *) (gpointer) candidates->data;
  gint64 until_us = orf_clock_monotonic_us () + PATIENCE_US;
  guint done = 0;

  while (done < candidates->len && (done == 0 || orf_clock_monotonic_us () < until_us)) {
    guint n = MIN (BATCH, candidates->len - done);

    if (!judge_batch (compare, all + done, n, error))
      return FALSE;
    done += n;
  }
  changes->series = compare->n_recorded;
  changes->skipped = candidates->len - done;
  return TRUE;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* Buckets of histograms are counts of their own, by the hundred: what they tell is in the count,
 * the sum and in spans. */
static gboolean
is_compared (const OrfSeriesRow *row)
{
  return strstr (row->labels_json, "\"le\":") == NULL;
}

static GArray *
choose (const GPtrArray *rows)
{
  GArray *candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));

  for (guint i = 0; i < rows->len; i++) {
    const Candidate candidate = { rows->pdata[i], 0 };

    if (is_compared (candidate.row))
      g_array_append_val (candidates, candidate);
  }
  return candidates;
}

/* By how much the mean of the hours moved, in what they were spread over before. */
static double
get_hint (const GArray *hours, gint64 from_us)
{
  double sums[2] = { 0 }, counts[2] = { 0 }, lowest = INFINITY, highest = -INFINITY, spread;

  for (guint i = 0; i < hours->len; i++) {
    const OrfRollup *hour = &g_array_index (hours, OrfRollup, i);
    guint side = hour->t_us >= from_us ? 1 : 0;

    sums[side] += hour->sum;
    counts[side] += (double) hour->count;
    if (side == 0) {
      lowest = fmin (lowest, hour->min);
      highest = fmax (highest, hour->max);
    }
  }
  if (counts[0] == 0 || counts[1] == 0)
    return 0;
  spread = fmax (highest - lowest, 1e-3 * fmax (fabs (highest), fabs (lowest)));
  return spread > 0 ? fabs (sums[1] / counts[1] - sums[0] / counts[0]) / spread : 0;
}

static int
compare_hints_cb (gconstpointer a, gconstpointer b)
{
  const Candidate *x = a, *y = b;

  return x->hint != y->hint ? (x->hint < y->hint) - (x->hint > y->hint) : compare_ids_cb (a, b);
}

static gboolean
prescreen (const Compare *compare, GArray *candidates, GError **error)
{
  OrfTierReader *reader = orf_connection_get_tiers (compare->connection);
  const OrfPostmortemWindow *window = compare->window;
  gint64 hour_us = orf_rollup_align (window->from_us, ORF_HOUR_US);

  for (guint i = 0; i < candidates->len; i++) {
    Candidate *candidate = &g_array_index (candidates, Candidate, i);
    g_autoptr (GArray) hours = orf_rollup_array_new ();
    GError *failure = NULL;

    if (!orf_tier_reader_read_rollups (reader, ORF_HOUR_US, ORF_ROLLUP_ALL, candidate->row->id,
                                       orf_rollup_align (window->baseline_from_us, ORF_HOUR_US),
                                       window->to_us, hours, &failure))
      return orf_connection_adopt_error (compare->connection, failure, error);
    candidate->hint = get_hint (hours, hour_us);
  }
  g_array_sort (candidates, compare_hints_cb);
  return TRUE;
}

/* ---- ranked ---------------------------------------------------------------------------------- */

/* The recorder's own series follow what else happened: they are told behind others. */
static gboolean
is_own (const OrfPostmortemFacts *facts, const OrfPostmortemChange *change)
{
  const char *service = orf_series_name_get_label (change->labels, "service");

  return g_str_has_prefix (change->name, "orfeas.") ||
         orf_postmortem_facts_is_own_service (facts, service);
}

static int
rank_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const OrfPostmortemChange *x = *(OrfPostmortemChange *const *) a;
  const OrfPostmortemChange *y = *(OrfPostmortemChange *const *) b;
  double effect = fabs (y->effect) - fabs (x->effect);
  int own = is_own (user_data, x) - is_own (user_data, y);

  if (own != 0)
    return own;
  if (!isnan (effect) && effect != 0)
    return effect > 0 ? 1 : -1;
  return strcmp (x->series, y->series);
}

static void
take (OrfPostmortemFacts *facts, GPtrArray *from, guint max)
{
  OrfPostmortemChanges *changes = facts->document->changes;

  g_ptr_array_sort_with_data (from, rank_cb, facts);
  for (guint i = 0; i < from->len; i++)
    if (i < max)
      g_ptr_array_add (changes->rows, g_steal_pointer (&from->pdata[i]));
    else
      changes->more++;
}

static gboolean
compare_all (Compare *compare, GArray *candidates, GError **error)
{
  if (candidates->len > PRESCREENED && !prescreen (compare, candidates, error))
    return FALSE;
  if (!judge_all (compare, candidates, error))
    return FALSE;
  take (compare->facts, compare->moved, MAX_MOVED);
  /* with nothing before all would be new */
  if (compare->facts->has_baseline)
    take (compare->facts, compare->others, MAX_NEW);
  return TRUE;
}

static void
change_free_cb (gpointer change)
{
  orf_postmortem_change_free (change);
}

gboolean
orf_postmortem_changes_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  guint n = orf_postmortem_get_n_steps (window);
  g_autoptr (GPtrArray)
    rows = orf_series_list (connection, NULL, window->baseline_from_us - LATE_US, MAX_SERIES,
                            error);
  g_autoptr (GArray) candidates = NULL;
  g_autoptr (GPtrArray) moved = g_ptr_array_new_with_free_func (change_free_cb);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (change_free_cb);
  g_autofree double *before = g_new (double, n), *during = g_new (double, n);
  Compare compare = {
    .connection = connection,
    .facts = facts,
    .window = window,
    .n_steps = n,
    .step_us = orf_postmortem_get_step_us (window),
    .rollup_us = orf_postmortem_series_get_rollup_us (window),
    .moved = moved,
    .others = others,
    .before = before,
    .during = during,
  };

  if (rows == NULL)
    return FALSE;
  candidates = choose (rows);
  return compare_all (&compare, candidates, error);
}
