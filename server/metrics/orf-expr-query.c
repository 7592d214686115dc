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

static void
read_cb (gpointer user_data, OrfQueryPoints *points, const GError *error)
{
  ExprQuery *query = user_data;

  if (error != NULL) {
    conclude (query, NULL, error);
    return;
  }
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
  if (query->grid.n_steps <= MAX_WINDOWS && query->grid.step_us / reading->reach_us >= FAR_APART) {
    spec.step_us = query->grid.step_us;
    spec.window_us = reading->reach_us;
  }
  orf_query_points_read (query->parts, &spec, query->cancel, read_cb, query);
}

/* Which reading is that of this text; as many as there are: none. */
static guint
find_reading (const ExprQuery *query, const char *select)
{
  guint i = 0;

  while (i < query->readings->len &&
         !g_str_equal (g_array_index (query->readings, Reading, i).first->select, select))
    i++;
  return i;
}

static void
plan_readings (ExprQuery *query)
{
  for (guint i = 0; i < query->selectors->len; i++) {
    const OrfExpr *one = query->selectors->pdata[i];
    const Reading planned = { one, 0, NULL };
    guint place = find_reading (query, one->select);
    Reading *reading;

    if (place == query->readings->len)
      g_array_append_val (query->readings, planned);
    reading = &g_array_index (query->readings, Reading, place);
    reading->reach_us = MAX (reading->reach_us, orf_expr_get_reach_us (one));
    g_array_append_val (query->places, place);
  }
}

void
orf_expr_query_run (const OrfMetricsParts *parts,
                    const OrfExpr *expr,
                    const OrfGrid *grid,
                    OrfCancel *cancel,
                    OrfExprQueryDone done,
                    gpointer user_data)
{
  ExprQuery *query = g_new0 (ExprQuery, 1);

  query->parts = parts;
  query->expr = expr;
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
