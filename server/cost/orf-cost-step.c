/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-step.h"

#include <math.h>

#include "core/orf-split.h"
#include "core/orf-sum.h"

/* Shares of time are told in whole percent, or finer by others. */
#define USE_UNITS 1000

static gint64
sum_held (const OrfCostLook *look)
{
  gint64 held = 0;

  for (guint i = 0; i < look->n_holders; i++)
    held = orf_sum_add (held, MAX (look->holders[i].held_bytes, 0));
  return held;
}

/* In use by whomever, the driver not; -1: unknown. */
static gint64
get_in_use (const OrfCostLook *look)
{
  return look->used_bytes >= 0 ? MAX (look->used_bytes - MAX (look->driver_bytes, 0), 0) : -1;
}

/* What is in use, or what is known to be held where that is not told. */
static double
get_memory_share (const OrfCostLook *look, gint64 held)
{
  gint64 in_use = get_in_use (look);

  if (look->total_bytes <= 0)
    return look->n_holders > 0 ? 1 : 0;
  return (double) (in_use >= 0 ? in_use : held) / (double) look->total_bytes;
}

static void
set_used (const OrfCostLook *look, gint64 held, OrfCostStep *step)
{
  double share;

  if (!isnan (look->utilization_percent)) {
    step->basis = ORF_COST_BASIS_UTILIZATION;
    share = look->utilization_percent / 100;
  } else if (look->n_holders > 0 || (look->total_bytes > 0 && look->used_bytes >= 0)) {
    step->basis = ORF_COST_BASIS_MEMORY;
    share = get_memory_share (look, held);
  } else {
    step->basis = ORF_COST_BASIS_UNKNOWN;
    share = 0;
  }
  step->used_us = llround ((double) look->step_us * CLAMP (share, 0, 1));
}

/* FALSE: it is not told for whom the device computed. */
static gboolean
weigh_by_use (const OrfCostLook *look, const OrfCostStep *step, gint64 *weights)
{
  gint64 sum = 0;

  for (guint i = 0; i < look->n_holders; i++) {
    double percent = look->holders[i].utilization_percent;

    weights[i] = isnan (percent) ? 0 : llround (CLAMP (percent, 0, 100) * USE_UNITS);
    sum += weights[i];
  }
  weights[look->n_holders] = 0;
  return step->basis == ORF_COST_BASIS_UTILIZATION && sum > 0;
}

/* Holders of which nobody knows how much they hold count the same. */
static void
weigh_by_memory (const OrfCostLook *look, gint64 held, gint64 *weights)
{
  guint n = look->n_holders;

  for (guint i = 0; i < n; i++)
    weights[i] = held > 0 ? MAX (look->holders[i].held_bytes, 0) : 1;
  weights[n] = look->complete || held == 0 ? 0 : MAX (get_in_use (look) - held, 0);
  if (n == 0)
    weights[n] = 1;
}

static void
split (const OrfCostLook *look, gint64 held, OrfCostStep *step, gint64 *parts)
{
  guint n = look->n_holders;
  g_autofree gint64 *weights = g_new (gint64, n + 1);
  g_autofree gint64 *all = g_new (gint64, n + 1);

  if (!weigh_by_use (look, step, weights))
    weigh_by_memory (look, held, weights);
  orf_split (step->used_us, weights, n + 1, all);
  for (guint i = 0; i < n; i++)
    parts[i] = all[i];
  step->nobody_us = all[n];
}

OrfCostStep
orf_cost_step_decide (const OrfCostLook *look, gint64 *parts)
{
  OrfCostStep step = { 0 };
  gint64 held = sum_held (look);

  set_used (look, held, &step);
  split (look, held, &step, parts);
  return step;
}
