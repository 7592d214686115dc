/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-window.h"

#include <math.h>

#include "core/orf-clock.h"
#include "history/orf-sketch.h"
#include "metrics/orf-gathered.h"
#include "metrics/orf-quantile.h"

/* What one window gathers. */
typedef struct {
  OrfGathered points;
  double increase; /* of all inputs that have one */
  gboolean has_increase;
  gboolean delta;    /* it is no increase, but last less first */
  GArray *values;    /* double; NULL unless a percentile is asked for */
  OrfSketch *sketch; /* of the rollups; NULL: there was none */
} Gathered;

gboolean
orf_window_looks_back (OrfMetricsAggregate aggregate)
{
  return aggregate == ORF_METRICS_AGGREGATE_RATE || aggregate == ORF_METRICS_AGGREGATE_INCREASE;
}

gboolean
orf_window_takes_rollups (OrfMetricsAggregate aggregate)
{
  return aggregate != ORF_METRICS_AGGREGATE_DELTA && aggregate != ORF_METRICS_AGGREGATE_STDDEV;
}

guint64
orf_window_count (const OrfWindowSpec *spec)
{
  if (spec->step_us == 0)
    return 1;
  return (guint64) ((spec->to_us - 1) / spec->step_us - spec->from_us / spec->step_us) + 1;
}

/* ---- gathering ------------------------------------------------------------------------------- */

double
orf_window_get_rise (double before, double after)
{
  return after >= before ? after - before : after;
}

static void
add_increase (Gathered *all, double increase)
{
  all->increase += increase;
  all->has_increase = TRUE;
}

/* How far an input was read. */
typedef struct {
  guint point, rollup;
  double newest; /* the value before the next */
  gboolean has_newest;
} Cursor;

static void
cursor_pass (Cursor *cursor, double value)
{
  cursor->newest = value;
  cursor->has_newest = TRUE;
}

static void
take_point (Gathered *all, Cursor *cursor, const OrfPoint *point)
{
  orf_gathered_add (&all->points, point);
  if (all->values != NULL)
    g_array_append_val (all->values, point->value);
  if (cursor->has_newest && !all->delta)
    add_increase (all, orf_window_get_rise (cursor->newest, point->value));
  cursor_pass (cursor, point->value);
}

/* A rollup that has none (its samples are gone) tells nothing of percentiles. */
static void
add_sketch (Gathered *all, const OrfRollup *row)
{
  g_autoptr (OrfSketch) sketch = row->sketch != NULL
                                   ? orf_sketch_decode (row->sketch->data, row->sketch->len, NULL)
                                   : NULL;

  if (all->sketch == NULL)
    all->sketch = orf_sketch_new ();
  if (sketch != NULL)
    orf_sketch_merge (all->sketch, sketch);
}

static void
take_rollup (Gathered *all, Cursor *cursor, const OrfRollup *row)
{
  const OrfGathered part = { .count = (guint64) row->count,
                             .sum = row->sum,
                             .minimum = row->min,
                             .maximum = row->max,
                             .mean = row->sum / (double) row->count,
                             .last = { row->t_us, row->last } };

  orf_gathered_merge (&all->points, &part);
  if (all->values != NULL)
    add_sketch (all, row);
  /* it only rose, so the least was the first */
  if (cursor->has_newest || row->count > 1)
    add_increase (all,
                  orf_window_get_rise (cursor->has_newest ? cursor->newest : row->min, row->last));
  cursor_pass (cursor, row->last);
}

/* Points and rollups up to end_us, by time. */
static void
gather (Gathered *all, Cursor *cursor, const OrfWindowInput *input, gint64 end_us)
{
  for (;;) {
    const OrfPoint *point = cursor->point < input->n_points ? &input->points[cursor->point] : NULL;
    const OrfRollup *row = cursor->rollup < input->n_rollups ? &input->rollups[cursor->rollup]
                                                             : NULL;

    if (point != NULL && (row == NULL || point->t_us < row->t_us)) {
      if (point->t_us >= end_us)
        return;
      take_point (all, cursor, point);
      cursor->point++;
    } else {
      if (row == NULL || row->t_us >= end_us)
        return;
      take_rollup (all, cursor, row);
      cursor->rollup++;
    }
  }
}

/* The points [first, end) are the window's, which a delta needs two of. */
static void
gather_delta (Gathered *all, const OrfWindowInput *input, guint first, guint end)
{
  if (end >= first + 2)
    add_increase (all, input->points[end - 1].value - input->points[first].value);
}

/* ---- results --------------------------------------------------------------------------------- */

static double
conclude (Gathered *all, OrfMetricsAggregate aggregate, gint64 length_us)
{
  double share;

  if (all->values != NULL && orf_quantile_find_share (aggregate, &share)) {
    double *values = (double *) (void *) all->values->data;

    if (all->sketch != NULL) {
      for (guint i = 0; i < all->values->len; i++)
        orf_sketch_add (all->sketch, values[i]);
      return orf_sketch_quantile (all->sketch, share);
    }
    orf_quantile_sort (values, all->values->len);
    return orf_quantile_get (values, all->values->len, share);
  }
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_RATE:
    return all->has_increase ? all->increase * (double) ORF_US_PER_S / (double) length_us : NAN;
  case ORF_METRICS_AGGREGATE_INCREASE:
  case ORF_METRICS_AGGREGATE_DELTA:
    return all->has_increase ? all->increase : NAN;
  default:
    return orf_gathered_conclude (&all->points, aggregate);
  }
}

/* ---- windows --------------------------------------------------------------------------------- */

static double
aggregate_one (const OrfWindowSpec *spec,
               const OrfWindowInput *inputs,
               guint n_inputs,
               Cursor *at,
               gint64 start_us,
               gint64 end_us,
               GArray *values)
{
  Gathered all = { .values = values, .delta = spec->aggregate == ORF_METRICS_AGGREGATE_DELTA };
  double value;

  if (values != NULL)
    g_array_set_size (values, 0);
  for (guint i = 0; i < n_inputs; i++) {
    guint first = at[i].point;

    gather (&all, &at[i], &inputs[i], end_us);
    if (all.delta)
      gather_delta (&all, &inputs[i], first, at[i].point);
  }
  value = conclude (&all, spec->aggregate, end_us - start_us);
  g_clear_pointer (&all.sketch, orf_sketch_free);
  return value;
}

/* What is before the span is not counted. */
static void
pass_over (Cursor *cursor, const OrfWindowInput *input, gint64 from_us)
{
  Gathered nothing = { 0 };

  gather (&nothing, cursor, input, from_us);
}

void
orf_window_aggregate (const OrfWindowSpec *spec,
                      const OrfWindowInput *inputs,
                      guint n_inputs,
                      GArray *out)
{
  g_autofree Cursor *at = g_new0 (Cursor, n_inputs);
  double share;
  g_autoptr (GArray) values = orf_quantile_find_share (spec->aggregate, &share)
                                ? g_array_new (FALSE, FALSE, sizeof (double))
                                : NULL;
  gint64 start_us = spec->step_us > 0 ? orf_rollup_align (spec->from_us, spec->step_us)
                                      : spec->from_us;

  for (guint i = 0; i < n_inputs; i++)
    pass_over (&at[i], &inputs[i], spec->from_us);
  while (start_us < spec->to_us) {
    gint64 left_us = spec->to_us - start_us;
    gint64 end_us = spec->step_us > 0 && spec->step_us < left_us ? start_us + spec->step_us
                                                                 : spec->to_us;
    OrfPoint point = { start_us, aggregate_one (spec, inputs, n_inputs, at,
                                                MAX (start_us, spec->from_us), end_us, values) };

    g_array_append_val (out, point);
    start_us = end_us;
  }
}
