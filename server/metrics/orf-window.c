/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-window.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-gathered.h"
#include "metrics/orf-quantile.h"

/* What one window gathers. */
typedef struct {
  OrfGathered points;
  double increase; /* of all inputs that have one */
  gboolean has_increase;
  GArray *values; /* double; NULL unless a percentile is asked for */
} Gathered;

gboolean
orf_window_looks_back (OrfMetricsAggregate aggregate)
{
  return aggregate == ORF_METRICS_AGGREGATE_RATE || aggregate == ORF_METRICS_AGGREGATE_INCREASE;
}

/* The start of the window that holds t. */
static gint64
align (gint64 t_us, gint64 step_us)
{
  return t_us - t_us % step_us;
}

guint64
orf_window_count (const OrfWindowSpec *spec)
{
  if (spec->step_us == 0)
    return 1;
  return (guint64) ((spec->to_us - 1) / spec->step_us - spec->from_us / spec->step_us) + 1;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static void
gather_value (Gathered *all, const OrfPoint *point)
{
  orf_gathered_add (&all->points, point);
  if (all->values != NULL)
    g_array_append_val (all->values, point->value);
}

double
orf_window_get_rise (double before, double after)
{
  return after >= before ? after - before : after;
}

/* The points [first, end) are the window's; a delta needs two of them, an increase may start
 * before. */
static void
gather_increase (Gathered *all, const OrfWindowInput *input, guint first, guint end, gboolean delta)
{
  double increase = 0;
  guint from = !delta && first > 0 && first < end ? first - 1 : first;

  if (end < from + 2)
    return;
  if (delta)
    increase = input->points[end - 1].value - input->points[from].value;
  for (guint i = from + 1; i < end && !delta; i++)
    increase += orf_window_get_rise (input->points[i - 1].value, input->points[i].value);
  all->increase += increase;
  all->has_increase = TRUE;
}

/* ---- results --------------------------------------------------------------------------------- */

static double
conclude (Gathered *all, OrfMetricsAggregate aggregate, gint64 length_us)
{
  double share;

  if (orf_quantile_find_share (aggregate, &share)) {
    double *values = (double *) (void *) all->values->data;

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

/* at: how far each input is read; moved to the window's end. */
static double
aggregate_one (const OrfWindowSpec *spec,
               const OrfWindowInput *inputs,
               guint n_inputs,
               guint *at,
               gint64 start_us,
               gint64 end_us,
               GArray *values)
{
  Gathered all = { .values = values };

  if (values != NULL)
    g_array_set_size (values, 0);
  for (guint i = 0; i < n_inputs; i++) {
    guint first = at[i];

    for (; at[i] < inputs[i].n_points && inputs[i].points[at[i]].t_us < end_us; at[i]++)
      gather_value (&all, &inputs[i].points[at[i]]);
    gather_increase (&all, &inputs[i], first, at[i],
                     spec->aggregate == ORF_METRICS_AGGREGATE_DELTA);
  }
  return conclude (&all, spec->aggregate, end_us - start_us);
}

void
orf_window_aggregate (const OrfWindowSpec *spec,
                      const OrfWindowInput *inputs,
                      guint n_inputs,
                      GArray *out)
{
  g_autofree guint *at = g_new0 (guint, n_inputs);
  double share;
  g_autoptr (GArray) values = orf_quantile_find_share (spec->aggregate, &share)
                                ? g_array_new (FALSE, FALSE, sizeof (double))
                                : NULL;
  gint64 start_us = spec->step_us > 0 ? align (spec->from_us, spec->step_us) : spec->from_us;

  for (guint i = 0; i < n_inputs; i++)
    while (at[i] < inputs[i].n_points && inputs[i].points[at[i]].t_us < spec->from_us)
      at[i]++;
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
