/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Selectors are read one after the other, one that is written twice once, as far back as any part
 * needs it; then the tree is evaluated.
 */
#include "metrics/orf-expr-query.h"

#include "metrics/orf-query-points.h"

/* What is between windows is not read where they are so many of themselves apart, and not too many:
 * each is looked up by itself. */
#define FAR_APART   3
#define MAX_WINDOWS 1000

typedef struct {
  const OrfExpr *first;   /* the first part with this selector */
  OrfRollupPart part;     /* where minutes stand for points, */
  gint64 fold_us;         /* so many together */
  gint64 reach_us;        /* the farthest of all of them */
  OrfQueryPoints *points; /* NULL: not read yet */
} Reading;

typedef struct {
  const OrfMetricsParts *parts;
  const OrfExpr *expr;
  OrfGrid grid;
  OrfCancel *cancel;
  OrfExprQueryDone done;
  gpointer user_data;
  GPtrArray *selectors; /* OrfExpr */
  GArray *minutes;      /* OrfRollupPart, what stands for a minute of each; NULL: points do */
  GArray *readings;     /* Reading, one a text */
  GArray *places;       /* guint, for each of selectors: which reading is its */
  guint n_read;
  guint64 n_points;
} ExprQuery;

static void
conclude (ExprQuery *query, const OrfExprVector *vector, const GError *error)
{
  query->done (query->user_data, vector, error);
  for (guint i = 0; i < query->n_read; i++)
    orf_query_points_free (query->parts, g_array_index (query->readings, Reading, i).points);
  g_clear_pointer (&query->minutes, g_array_unref);
  g_array_unref (query->readings);
  g_array_unref (query->places);
  g_ptr_array_unref (query->selectors);
  g_free (query);
}

static guint64
get_max_points (const ExprQuery *query)
{
  return (guint64) query->parts->config->metrics.max_query_points;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static GArray *
new_input (const OrfQueryPoints *read)
{
  GArray *input = g_array_sized_new (FALSE, FALSE, sizeof (OrfExprSeries), read->selected->len);

  for (guint i = 0; i < read->selected->len; i++) {
    const OrfSelected *one = read->selected->pdata[i];
    const GArray *points = read->points->pdata[i];
    const OrfExprSeries series = { one->name, one->labels, (const OrfPoint *) points->data,
                                   points->len };

    g_array_append_val (input, series);
  }
  return input;
}

static void
evaluate (ExprQuery *query)
{
  const OrfExprSpec spec = { query->grid, get_max_points (query), query->cancel };
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autoptr (OrfExprVector) vector = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < query->places->len; i++) {
    guint place = g_array_index (query->places, guint, i);

    g_ptr_array_add (inputs, new_input (g_array_index (query->readings, Reading, place).points));
  }
  vector = orf_expr_eval (query->expr, &spec, (const GArray *const *) inputs->pdata, &error);
  conclude (query, vector, error);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_next (ExprQuery *query);

/* Few, in place of all that was read. */
static void
fold_minutes (OrfQueryPoints *read, const Reading *reading)
{
  for (guint i = 0; i < read->points->len; i++) {
    GArray *points = read->points->pdata[i];

    read->points->pdata[i] = orf_expr_minutes_fold (reading->part, reading->fold_us, points,
                                                    read->rollups->pdata[i]);
    g_array_unref (points);
  }
}

static void
read_cb (gpointer user_data, OrfQueryPoints *points, const GError *error)
{
  ExprQuery *query = user_data;

  if (error != NULL) {
    conclude (query, NULL, error);
    return;
  }
  if (query->minutes != NULL)
    fold_minutes (points, &g_array_index (query->readings, Reading, query->n_read));
  g_array_index (query->readings, Reading, query->n_read++).points = points;
  query->n_points += points->n_points;
  read_next (query);
}

static void
read_next (ExprQuery *query)
{
  const Reading *reading;
  OrfQueryPointsSpec spec;

  if (query->n_read == query->readings->len) {
    evaluate (query);
    return;
  }
  reading = &g_array_index (query->readings, Reading, query->n_read);
  spec = (OrfQueryPointsSpec){
    .selector = reading->first->selector,
    .from_us = MAX (orf_grid_get_time_us (&query->grid, 0) - reading->reach_us + 1, 0),
    .to_us = query->grid.last_us + 1,
    .max_points = get_max_points (query) - query->n_points,
    .n_told = query->grid.n_steps,
  };
  if (query->minutes != NULL) {
    spec.from_us = orf_rollup_align (spec.from_us, ORF_MINUTE_US);
    spec.rollup_us = ORF_MINUTE_US;
    spec.rolled_from_us = spec.from_us;
    spec.part = reading->part;
  } else if (query->grid.n_steps <= MAX_WINDOWS &&
             query->grid.step_us / reading->reach_us >= FAR_APART) {
    spec.step_us = query->grid.step_us;
    spec.window_us = reading->reach_us;
  }
  orf_query_points_read (query->parts, &spec, query->cancel, read_cb, query);
}

/* Which reading is as planned is; as many as there are: none. */
static guint
find_reading (const ExprQuery *query, const Reading *planned)
{
  guint i;

  for (i = 0; i < query->readings->len; i++) {
    const Reading *reading = &g_array_index (query->readings, Reading, i);

    if (reading->part == planned->part && reading->fold_us == planned->fold_us &&
        g_str_equal (reading->first->select, planned->first->select))
      break;
  }
  return i;
}

/* Of what is no window, all of a step matters. */
static Reading
plan_reading (const ExprQuery *query, guint i)
{
  const OrfExpr *one = query->selectors->pdata[i];
  Reading planned = { .first = one };

  if (query->minutes != NULL) {
    planned.part = g_array_index (query->minutes, OrfRollupPart, i);
    planned.fold_us = one->kind == ORF_EXPR_LATEST ? query->grid.step_us : ORF_MINUTE_US;
  }
  return planned;
}

/* How far before a time points matter. */
static gint64
get_reach_us (const ExprQuery *query, const Reading *planned)
{
  return MAX (orf_expr_get_reach_us (planned->first), planned->fold_us);
}

static void
plan_readings (ExprQuery *query)
{
  for (guint i = 0; i < query->selectors->len; i++) {
    const Reading planned = plan_reading (query, i);
    guint place = find_reading (query, &planned);
    Reading *reading;

    if (place == query->readings->len)
      g_array_append_val (query->readings, planned);
    reading = &g_array_index (query->readings, Reading, place);
    reading->reach_us = MAX (reading->reach_us, get_reach_us (query, &planned));
    g_array_append_val (query->places, place);
  }
}

/* Takes minutes. */
static void
run (const OrfMetricsParts *parts,
     const OrfExpr *expr,
     GArray *minutes,
     const OrfGrid *grid,
     OrfCancel *cancel,
     OrfExprQueryDone done,
     gpointer user_data)
{
  ExprQuery *query = g_new0 (ExprQuery, 1);

  query->parts = parts;
  query->expr = expr;
  query->minutes = minutes;
  query->grid = *grid;
  query->cancel = cancel;
  query->done = done;
  query->user_data = user_data;
  query->selectors = orf_expr_list_selectors (expr);
  query->readings = g_array_new (FALSE, FALSE, sizeof (Reading));
  query->places = g_array_new (FALSE, FALSE, sizeof (guint));
  plan_readings (query);
  read_next (query);
}

void
orf_expr_query_run (const OrfMetricsParts *parts,
                    const OrfExpr *expr,
                    const OrfGrid *grid,
                    OrfCancel *cancel,
                    OrfExprQueryDone done,
                    gpointer user_data)
{
  run (parts, expr, NULL, grid, cancel, done, user_data);
}

void
orf_expr_query_run_by_minutes (const OrfMetricsParts *parts,
                               const OrfExpr *expr,
                               OrfExprTowards towards,
                               const OrfGrid *grid,
                               OrfCancel *cancel,
                               OrfExprQueryDone done,
                               gpointer user_data)
{
  run (parts, expr, orf_expr_minutes_get_parts (expr, towards), grid, cancel, done, user_data);
}
