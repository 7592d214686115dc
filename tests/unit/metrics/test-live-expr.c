/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expressions that are kept up to date, against what orf_expr_eval() makes of all points at each
 * time: series come and go, samples are late, of the future, and of times that were. */
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "expr-fixture.h"
#include "metrics/orf-expr-parse.h"
#include "metrics/orf-live-expr.h"
#include "orf-error.h"

#define S        ORF_US_PER_S
#define N_SERIES 9
#define N_EXPRS  12

static const OrfLiveLimits limits = { 1000, 100000, 1 << 30, 1000000 };

/* By canonical text, as those who ask have them. */
static ExprSeries series[N_SERIES] = {
  { .name = "a", .labels = { "k", "x" } },
  { .name = "a", .labels = { "k", "y" } },
  { .name = "a", .labels = { "k", "y", "l", "1" } },
  { .name = "b", .labels = { "k", "x" } },
  { .name = "b", .labels = { "k", "z" } },
  { .name = "c", .labels = { NULL } },
  { .name = "c", .labels = { "l", "1" } },
  { .name = "d", .labels = { "k", "x" } },
  { .name = "d", .labels = { NULL } },
};

/* Sums of whole numbers are the same in any order. */
static const ExprWords exact = {
  .leaves = (const char *const[]){ "a", "b", "c", "a{k='y'}", "b{k!='x'}", "{__name__=~'a|d'}",
                                   "{__name__=~'[bc]'}", "{k='x'}", "3", "0.5", "0", "5", NULL },
  .selects = (const char *const[]){ "a", "b", "c", "d", "{__name__=~'a|d'}", "{l='1'}", "e", NULL },
  .windows = (const char *const[]){ "avg", "min", "max", "sum", "count", "last", "rate", "p50",
                                    "p95", "p99", "delta", "increase", NULL },
  .groups = (const char *const[]){ "avg", "min", "max", "sum", "count", "p50", NULL },
  .by = (const char *const[]){ "", "k", "l", "__name__", "k, l", NULL },
  .unary = (const char *const[]){ "not", "-", NULL },
  .binary = (const char *const[]){ "or", "and", "or", "and", ">", ">=", "<", "<=", "==", "!=", "+",
                                   "-", "*", "/", NULL },
};

/* Deviations are not to the last bit, so nothing may ask whether two are equal, or one is 0. */
static const ExprWords smooth = {
  .leaves = (const char *const[]){ "a", "b", "c", "3", "0.5", NULL },
  .selects = (const char *const[]){ "a", "b", "c", "{k='x'}", NULL },
  .windows = (const char *const[]){ "stddev", "avg", NULL },
  .groups = (const char *const[]){ "avg", "min", "max", "sum", "count", "p50", "stddev", NULL },
  .by = (const char *const[]){ "", "k", "__name__", NULL },
  .unary = (const char *const[]){ "-", NULL },
  .binary = (const char *const[]){ "+", "-", "*", NULL },
};

/* ---- the world ------------------------------------------------------------------------------- */

typedef struct {
  OrfLivePool *pool;
  GArray *points[N_SERIES]; /* OrfPoint by time, all that came; NULL: it is not there */
  guint n_compared, n_known, n_errors, n_lost;
} World;

static void
push (World *world, guint i, gint64 t_us, double value)
{
  const OrfPoint point = { t_us, value };
  GArray *points = world->points[i];
  guint at = points->len;

  while (at > 0 && g_array_index (points, OrfPoint, at - 1).t_us >= t_us)
    at--;
  if (at < points->len && g_array_index (points, OrfPoint, at).t_us == t_us)
    g_array_index (points, OrfPoint, at) = point;
  else
    g_array_insert_val (points, at, point);
  world->n_lost += !orf_live_pool_push (world->pool, i, t_us, value);
}

static void
come (World *world, guint i)
{
  if (orf_live_pool_add (world->pool, i, series[i].name, (char *const *) series[i].labels))
    world->points[i] = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
}

static void
go (World *world, guint i)
{
  orf_live_pool_remove (world->pool, i);
  g_clear_pointer (&world->points[i], g_array_unref);
}

static void
happen (World *world, gint64 now_us)
{
  for (guint i = 0; i < N_SERIES; i++) {
    if (g_test_rand_int_range (0, 25) == 0) {
      if (world->points[i] != NULL)
        go (world, i);
      else
        come (world, i);
    }
    if (world->points[i] == NULL || g_test_rand_int_range (0, 3) == 0)
      continue;
    push (world, i, now_us - g_test_rand_int_range (0, 2 * (int) S), g_test_rand_int_range (-3, 8));
    if (g_test_rand_int_range (0, 20) == 0)
      push (world, i, now_us - g_test_rand_int_range (0, 100) * S, g_test_rand_int_range (-3, 8));
    if (g_test_rand_int_range (0, 20) == 0)
      push (world, i, now_us + g_test_rand_int_range (0, 5) * S, g_test_rand_int_range (-3, 8));
  }
}

/* ---- the comparison -------------------------------------------------------------------------- */

static OrfExprVector *
eval_slowly (const World *world, const OrfExpr *expr, gint64 now_us, GError **error)
{
  const OrfExprSpec spec = { .grid = { now_us, S, 1 }, .max_values = G_MAXUINT64 };
  ExprSeries there[N_SERIES];
  g_autoptr (GPtrArray) inputs = NULL;
  guint n = 0;

  for (guint i = 0; i < N_SERIES; i++) {
    if (world->points[i] == NULL)
      continue;
    there[n] = series[i];
    there[n].points = (const OrfPoint *) (void *) world->points[i]->data;
    there[n++].n_points = world->points[i]->len;
  }
  inputs = expr_inputs_new (expr, there, n);
  return orf_expr_eval (expr, &spec, (const GArray *const *) inputs->pdata, error);
}

/* Of this key; NAN: has none. */
static double
find_value (const OrfExprVector *vector, const char *key)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];

    if (g_str_equal (line->key, key))
      return line->values[0];
  }
  return NAN;
}

static gboolean
is_near (double expected, double value)
{
  return fabs (expected - value) <= 1e-6 * MAX (1, fabs (expected));
}

static void
check (World *world, OrfLiveExpr *live, const OrfExpr *expr, gint64 now_us)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExprVector) expected = eval_slowly (world, expr, now_us, &error);
  const OrfExprVector *vector = orf_live_expr_eval (live, now_us);
  g_autofree char *text = orf_expr_print (expr);
  guint n_known = 0;

  if ((error != NULL) != (orf_live_expr_get_error (live) != NULL))
    g_error ("%s: %s, not %s", text,
             error == NULL ? orf_live_expr_get_error (live)->message : "no error",
             error != NULL ? error->message : "no error");
  world->n_errors += error != NULL;
  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];
    double value = error == NULL ? find_value (expected, line->key) : NAN;

    if (i > 0)
      g_assert_cmpstr (((OrfExprLine *) vector->lines->pdata[i - 1])->key, <, line->key);
    n_known += !isnan (line->values[0]);
    if (isnan (value) ? !isnan (line->values[0]) : !is_near (value, line->values[0]))
      g_error ("%s: %s is %g, not %g", text, line->key, line->values[0], value);
  }
  if (error == NULL && n_known != expected->lines->len)
    g_error ("%s: %u are known, not %u", text, n_known, expected->lines->len);
  world->n_known += n_known;
  world->n_compared += MAX (vector->lines->len, 1);
}

/* What there is too little room for may be unknown, and is never another value. */
static void
check_bounded (World *world, OrfLiveExpr *live, const OrfExpr *expr, gint64 now_us)
{
  g_autoptr (OrfExprVector) expected = eval_slowly (world, expr, now_us, NULL);
  const OrfExprVector *vector = orf_live_expr_eval (live, now_us);
  g_autofree char *text = orf_expr_print (expr);

  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];

    if (isnan (line->values[0]))
      continue;
    world->n_known++;
    if (expected == NULL || !is_near (find_value (expected, line->key), line->values[0]))
      g_error ("%s: %s is %g", text, line->key, line->values[0]);
  }
  world->n_errors += orf_live_expr_get_error (live) != NULL;
}

typedef void (*Check) (World *world, OrfLiveExpr *live, const OrfExpr *expr, gint64 now_us);

static void
run_round (
  World *total, const OrfLiveLimits *of, const ExprWords *words, guint n_ticks, Check check_it)
{
  World world = { .pool = orf_live_pool_new (of) };
  gint64 now_us = 1000 * S;
  OrfExpr *exprs[N_EXPRS];
  OrfLiveExpr *live[N_EXPRS];

  for (guint i = 0; i < N_EXPRS; i++) {
    g_autoptr (GString) text = g_string_new (NULL);

    expr_write_random (text, words, 3);
    exprs[i] = orf_expr_parse (text->str, NULL);
    live[i] = orf_live_expr_new (world.pool, exprs[i], NULL);
    g_assert_nonnull (live[i]);
  }
  for (guint tick = 0; tick < n_ticks; tick++) {
    happen (&world, now_us);
    for (guint i = 0; i < N_EXPRS; i++)
      if (g_test_rand_int_range (0, 20) != 0)
        check_it (&world, live[i], exprs[i], now_us);
    now_us += g_test_rand_int_range (0, 50) == 0 ? 290 * S : g_test_rand_int_range (0, 3) * S;
  }
  for (guint i = 0; i < N_EXPRS; i++) {
    orf_live_expr_free (live[i]);
    orf_expr_free (exprs[i]);
  }
  for (guint i = 0; i < N_SERIES; i++)
    if (world.points[i] != NULL)
      go (&world, i);
  g_assert_cmpuint (orf_live_pool_get_figures (world.pool).bytes, ==, 0);
  g_assert_cmpuint (orf_live_pool_get_figures (world.pool).n_lines, ==, 0);
  orf_live_pool_free (world.pool);
  total->n_compared += world.n_compared;
  total->n_known += world.n_known;
  total->n_errors += world.n_errors;
  total->n_lost += world.n_lost;
}

static void
test_random (void)
{
  World total = { NULL };

  for (guint round = 0; round < 90; round++)
    run_round (&total, &limits, round % 4 == 3 ? &smooth : &exact, 120, check);
  g_test_message ("%u compared, %u known, %u errors", total.n_compared, total.n_known,
                  total.n_errors);
  g_assert_cmpuint (total.n_compared, >=, 100000);
  g_assert_cmpuint (total.n_known, >=, 50000);
  g_assert_cmpuint (total.n_errors, >, 0);
  g_assert_cmpuint (total.n_lost, ==, 0);
}

static void
test_random_bounded (void)
{
  World total = { NULL };

  for (guint round = 0; round < 30; round++) {
    const OrfLiveLimits few = { 9, (guint) g_test_rand_int_range (5, 40),
                                (gsize) g_test_rand_int_range (5000, 50000), 200 };

    run_round (&total, &few, &exact, 120, check_bounded);
  }
  g_test_message ("%u known, %u errors, %u lost", total.n_known, total.n_errors, total.n_lost);
  g_assert_cmpuint (total.n_known, >, 0);
  g_assert_cmpuint (total.n_errors, >, 0);
  g_assert_cmpuint (total.n_lost, >, 0);
}

/* ---- by hand --------------------------------------------------------------------------------- */

typedef struct {
  World world;
  OrfExpr *expr;
  OrfLiveExpr *live;
} Fixture;

static void
set_up (Fixture *fixture, const char *text, const OrfLiveLimits *of)
{
  *fixture = (Fixture){ 0 };
  fixture->world.pool = orf_live_pool_new (of);
  fixture->expr = orf_expr_parse (text, NULL);
  fixture->live = orf_live_expr_new (fixture->world.pool, fixture->expr, NULL);
  g_assert_nonnull (fixture->live);
}

static void
tear_down (Fixture *fixture)
{
  orf_live_expr_free (fixture->live);
  orf_expr_free (fixture->expr);
  for (guint i = 0; i < N_SERIES; i++)
    if (fixture->world.points[i] != NULL)
      go (&fixture->world, i);
  orf_live_pool_free (fixture->world.pool);
}

/* Labels are made when series came or went, and not else. */
static void
test_layout (void)
{
  const OrfExprVector *vector;
  Fixture fixture;
  guint64 layout;

  set_up (&fixture, "a + 1", &limits);
  come (&fixture.world, 0);
  vector = orf_live_expr_eval (fixture.live, 1 * S);
  layout = vector->layout;
  g_assert_cmpuint (layout, !=, 0);
  push (&fixture.world, 0, 2 * S, 4);
  come (&fixture.world, 3); /* b: is not meant */
  vector = orf_live_expr_eval (fixture.live, 2 * S);
  g_assert_cmpuint (vector->layout, ==, layout);
  g_assert_cmpfloat (find_value (vector, "{k=\"x\"}"), ==, 5);
  come (&fixture.world, 1);
  vector = orf_live_expr_eval (fixture.live, 3 * S);
  g_assert_cmpuint (vector->layout, !=, layout);
  g_assert_cmpuint (vector->lines->len, ==, 2);
  g_assert_cmpfloat (find_value (vector, "{k=\"x\"}"), ==, 5); /* what was known still is */
  tear_down (&fixture);
}

static void
test_twice (void)
{
  Fixture fixture;

  set_up (&fixture, "{__name__=~'a|d'} + b", &limits);
  come (&fixture.world, 0);
  come (&fixture.world, 3);
  come (&fixture.world, 7);
  push (&fixture.world, 0, S, 1);
  push (&fixture.world, 3, S, 10);
  g_assert_cmpfloat (find_value (orf_live_expr_eval (fixture.live, S), "{k=\"x\"}"), ==, 11);
  push (&fixture.world, 7, 2 * S, 2);
  g_assert_true (isnan (find_value (orf_live_expr_eval (fixture.live, 2 * S), "{k=\"x\"}")));
  g_assert_error (orf_live_expr_get_error (fixture.live), ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  go (&fixture.world, 0);
  g_assert_cmpfloat (find_value (orf_live_expr_eval (fixture.live, 3 * S), "{k=\"x\"}"), ==, 12);
  g_assert_null (orf_live_expr_get_error (fixture.live));
  tear_down (&fixture);
}

/* Too many lines are told, and no part of them is taken for all. */
static void
test_lines (void)
{
  const OrfLiveLimits few = { 1000, 1000, 1 << 20, 1 };
  Fixture fixture;

  set_up (&fixture, "a", &few);
  come (&fixture.world, 0);
  come (&fixture.world, 1);
  push (&fixture.world, 0, S, 1);
  g_assert_cmpuint (orf_live_expr_eval (fixture.live, S)->lines->len, ==, 0);
  g_assert_error (orf_live_expr_get_error (fixture.live), ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  go (&fixture.world, 1);
  push (&fixture.world, 0, 2 * S, 2);
  orf_live_expr_eval (fixture.live, 2 * S);
  push (&fixture.world, 0, 2 * S, 3);
  g_assert_cmpfloat (find_value (orf_live_expr_eval (fixture.live, 2 * S), "{k=\"x\"}"), ==, 3);
  g_assert_null (orf_live_expr_get_error (fixture.live));
  tear_down (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live-expr/random", test_random);
  g_test_add_func ("/live-expr/random-bounded", test_random_bounded);
  g_test_add_func ("/live-expr/layout", test_layout);
  g_test_add_func ("/live-expr/twice", test_twice);
  g_test_add_func ("/live-expr/lines", test_lines);
  return g_test_run ();
}
