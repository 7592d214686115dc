/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-rounding.h"

#include <math.h>
#include <string.h>

/* Of the largest value.  Smaller steps cost less than the noise, larger ones show no second. */
#define MIN_STEP 0.015
#define MAX_STEP 0.5

/* How far values gather at a period, 1: all at one point of it; noise alone stays below 0.5. */
#define MIN_GATHERED 0.6
#define MAX_PERIODS  6

/* What a law below is can be read from its stairs only where there are some. */
#define MIN_LEVELS 4

/* Places of the law below at each end of what was seen, looked at again and again in what is left
 * of them: without noise stairs tell it to a hundredth of a step. */
#define CELLS 21
#define ZOOMS 4
#define REACH 1.2 /* of a step, to both sides of half a step below the curve through the middle */

/* in spreads: what is this far off is no evidence of stairs */
#define OUTLIER 4.0

/* The laws below: how much of them grows with the square, and how likely each is. */
static const struct {
  double square;
  double prior;
} curves[] = {
  { 0, 0.6 },     { 0.1, 0.025 }, { 0.2, 0.025 }, { 0.3, 0.025 }, { 0.4, 0.025 }, { 0.5, 0.025 },
  { 0.6, 0.025 }, { 0.7, 0.025 }, { 0.8, 0.025 }, { 0.9, 0.025 }, { 1, 0.12 },
};

/* One size: what was seen at it. */
typedef struct {
  double size;
  double mean;
  double weight; /* how often, over the square of its spread */
  double count;
} Group;

typedef struct {
  Group *groups;
  guint n;
  double scale;  /* largest size */
  double within; /* squares that no law explains, over spreads */
  double count;
  double smooth; /* squares that the smooth law leaves */
} Groups;

/* One law below and one period. */
typedef struct {
  guint curve;
  double step;
  double phase;
  double step_error; /* of the regression of levels */
  double top_level;
  double first_size;
  double last_size;
  double base, slope; /* of the curve through the middle of the stairs */
  double low[2];      /* what the grid spans at the first size, in steps from there */
  double high[2];     /* at the last */
  double weights[CELLS][CELLS];
  double left; /* squares */
  double weight;
} Stairs;

struct _OrfBatchRounding {
  double scale;
  Stairs *stairs;
  guint n;
  guint best;
};

static void
add_group (
  Groups *groups, const OrfBatchPoints *points, guint from, guint to, const OrfBatchFit *under)
{
  double curve = orf_batch_fit_get_mean (under, points->sizes[from]);
  double spread = pow (MAX (curve, under->floor), under->law.noise);
  double limit = OUTLIER * under->spread * spread;
  double sum = 0;
  double squares = 0;
  double count = 0;
  double off;

  for (guint p = from; p < to; p++) {
    off = points->values[p] - curve;
    if (fabs (off) > limit)
      continue;
    sum += off;
    squares += off * off;
    count++;
  }
  if (count < 1)
    return;

  off = sum / count;
  groups->groups[groups->n++] = (Group){
    points->sizes[from],
    curve + off,
    count / (spread * spread),
    count,
  };
  groups->within += (squares - sum * off) / (spread * spread);
  groups->smooth += squares / (spread * spread);
  groups->count += count;
}

static void
gather (const OrfBatchPoints *points, const OrfBatchFit *under, Groups *groups)
{
  groups->groups = g_new (Group, points->n);
  groups->scale = points->scale;
  for (guint from = 0, to; from < points->n; from = to) {
    for (to = from + 1; to < points->n && points->sizes[to] <= points->sizes[from]; to++)
      ;
    add_group (groups, points, from, to, under);
  }
}

/* How the values gather at a period, and where in it. */
static double
measure_period (const Groups *groups, double step, double *phase)
{
  double x = 0;
  double y = 0;

  for (guint i = 0; i < groups->n; i++) {
    double angle = 2 * G_PI * groups->groups[i].mean / step;

    x += groups->groups[i].count * cos (angle);
    y += groups->groups[i].count * sin (angle);
  }
  *phase = atan2 (y, x) / (2 * G_PI) * step;

  return sqrt (x * x + y * y) / groups->count;
}

/* Values at multiples of a step are also at multiples of its half. */
static gboolean
is_part (const double *steps, const double *gathered, guint n, double step, double at)
{
  for (guint i = 0; i < n; i++) {
    double times = steps[i] / step;

    if (fabs (times - round (times)) < 0.02 * times && at < 1.1 * gathered[i])
      return TRUE;
  }

  return FALSE;
}

static void
keep_period (double *steps, double *gathered, guint *n, double step, double at)
{
  guint worst = 0;

  if (is_part (steps, gathered, *n, step, at))
    return;

  if (*n < MAX_PERIODS) {
    worst = (*n)++;
  } else {
    for (guint i = 1; i < *n; i++)
      worst = gathered[i] < gathered[worst] ? i : worst;
    if (gathered[worst] >= at)
      return;
  }
  gathered[worst] = at;
  steps[worst] = step;
}

/* The local peaks of measure_period(), the best MAX_PERIODS. */
static guint
find_periods (const Groups *groups, double *steps)
{
  double gathered[MAX_PERIODS];
  double before = 0;
  double at = 0;
  double at_step = MAX_STEP;
  double step = MAX_STEP;
  guint n = 0;
  double phase;

  while (step >= MIN_STEP) {
    double now = measure_period (groups, step, &phase);

    if (at >= MIN_GATHERED && at >= before && at > now)
      keep_period (steps, gathered, &n, at_step, at);
    before = at;
    at = now;
    at_step = step;
    /* a tenth of a turn at the largest value: no peak lies between two of these */
    step -= 0.1 * step * step;
  }

  return n;
}

static double
get_curve (const Stairs *stairs, double scale, double size)
{
  double x = size / scale;
  double square = curves[stairs->curve].square;

  return (1 - square) * x + square * x * x;
}

/* The curve through the middle: least squares. */
static void
lay_curve (Stairs *stairs, const Groups *groups)
{
  double sum = 0, x = 0, y = 0, xx = 0, xy = 0;

  for (guint i = 0; i < groups->n; i++) {
    const Group *group = &groups->groups[i];
    double at = get_curve (stairs, groups->scale, group->size);

    sum += group->weight;
    x += group->weight * at;
    y += group->weight * group->mean;
    xx += group->weight * at * at;
    xy += group->weight * at * group->mean;
  }
  stairs->slope = (sum * xy - x * y) / (sum * xx - x * x);
  stairs->base = (y - stairs->slope * x) / sum;
}

static double
get_offset (const double *range, guint cell)
{
  return range[0] + (range[1] - range[0]) * cell / (CELLS - 1);
}

/* The law below at a size, for a cell of the grid. */
static double
get_below (const Stairs *stairs, double scale, guint low, guint high, double size)
{
  double at = get_curve (stairs, scale, size);
  double first = get_curve (stairs, scale, stairs->first_size);
  double last = get_curve (stairs, scale, stairs->last_size);
  double share = (at - first) / (last - first);
  double offset = (1 - share) * get_offset (stairs->low, low) +
                  share * get_offset (stairs->high, high);

  return stairs->base + stairs->slope * at + stairs->step * (offset - 0.5);
}

static double
get_level (const Stairs *stairs, double value)
{
  return ceil ((value - stairs->phase) / stairs->step);
}

static double
measure_cell (const Stairs *stairs, const Groups *groups, guint low, guint high)
{
  /* between the ends of what was seen a cell is a line over the curve */
  double at_first = get_below (stairs, groups->scale, low, high, stairs->first_size);
  double at_last = get_below (stairs, groups->scale, low, high, stairs->last_size);
  double first = get_curve (stairs, groups->scale, stairs->first_size);
  double slope = (at_last - at_first) /
                 (get_curve (stairs, groups->scale, stairs->last_size) - first);
  double sum = 0;

  for (guint i = 0; i < groups->n; i++) {
    const Group *group = &groups->groups[i];
    double value = at_first + slope * (get_curve (stairs, groups->scale, group->size) - first);
    double off = group->mean - stairs->phase - stairs->step * get_level (stairs, value);

    sum += group->weight * off * off;
  }

  return sum;
}

/* Squares of each cell; the cell with the least. */
static double
measure (Stairs *stairs, const Groups *groups, guint *low, guint *high)
{
  double least = INFINITY;

  for (guint i = 0; i < CELLS; i++) {
    for (guint j = 0; j < CELLS; j++) {
      double squares = measure_cell (stairs, groups, i, j);

      stairs->weights[i][j] = squares;
      if (squares < least) {
        least = squares;
        *low = i;
        *high = j;
      }
    }
  }

  return least;
}

/* Step and phase again, from the levels that the best cell gives each size. */
static void
refine (Stairs *stairs, const Groups *groups, guint low, guint high)
{
  double sum = 0, x = 0, y = 0, xx = 0, xy = 0;
  double spread = sqrt (stairs->left / groups->count);
  double slope;

  stairs->top_level = -INFINITY;
  for (guint i = 0; i < groups->n; i++) {
    const Group *group = &groups->groups[i];
    double level = get_level (stairs, get_below (stairs, groups->scale, low, high, group->size));

    sum += group->weight;
    x += group->weight * level;
    y += group->weight * group->mean;
    xx += group->weight * level * level;
    xy += group->weight * level * group->mean;
    stairs->top_level = MAX (stairs->top_level, level);
  }
  slope = sum * xx - x * x;
  if (slope <= 1e-9 * sum * sum)
    return;

  stairs->step_error = spread * sqrt (sum / slope);
  stairs->phase = (y * xx - x * xy) / slope;
  stairs->step = (sum * xy - x * y) / slope;
}

static double
get_variance (const Groups *groups, double left)
{
  return MAX (left / groups->count, 1e-8);
}

static void
weigh_cells (Stairs *stairs, const Groups *groups, double least)
{
  double variance = get_variance (groups, least + groups->within);
  double sum = 0;

  for (guint i = 0; i < CELLS; i++)
    for (guint j = 0; j < CELLS; j++)
      sum += stairs->weights[i][j] = exp (-(stairs->weights[i][j] - least) / (2 * variance));
  for (guint i = 0; i < CELLS; i++)
    for (guint j = 0; j < CELLS; j++)
      stairs->weights[i][j] /= sum;
}

/* The grid over the cells that weigh something, and one around them. */
static void
zoom (Stairs *stairs)
{
  guint cells[4] = { CELLS, 0, CELLS, 0 };
  double low[2], high[2];

  for (guint i = 0; i < CELLS; i++) {
    for (guint j = 0; j < CELLS; j++) {
      if (stairs->weights[i][j] < 1e-5)
        continue;
      cells[0] = MIN (cells[0], i);
      cells[1] = MAX (cells[1], i);
      cells[2] = MIN (cells[2], j);
      cells[3] = MAX (cells[3], j);
    }
  }
  low[0] = get_offset (stairs->low, cells[0] > 0 ? cells[0] - 1 : 0);
  low[1] = get_offset (stairs->low, MIN (cells[1] + 1, CELLS - 1));
  high[0] = get_offset (stairs->high, cells[2] > 0 ? cells[2] - 1 : 0);
  high[1] = get_offset (stairs->high, MIN (cells[3] + 1, CELLS - 1));
  memcpy (stairs->low, low, sizeof low);
  memcpy (stairs->high, high, sizeof high);
}

/* FALSE: too few stairs to tell what is below them. */
static gboolean
try_stairs (Stairs *stairs, const Groups *groups, guint curve, double step)
{
  guint low = 0;
  guint high = 0;
  double least = 0;

  *stairs = (Stairs){ .curve = curve,
                      .step = step,
                      .low = { -REACH, REACH },
                      .high = { -REACH, REACH },
                      .first_size = groups->groups[0].size,
                      .last_size = groups->groups[groups->n - 1].size };
  lay_curve (stairs, groups);
  if (!(stairs->slope > 0))
    return FALSE;
  measure_period (groups, step, &stairs->phase);

  for (guint round = 0; round < ZOOMS; round++) {
    least = measure (stairs, groups, &low, &high);
    stairs->left = least + groups->within;
    if (round == 0) {
      refine (stairs, groups, low, high);
      if (!(stairs->step >= MIN_STEP && stairs->step <= 2 * MAX_STEP))
        return FALSE;
      least = measure (stairs, groups, &low, &high);
      stairs->left = least + groups->within;
    }
    weigh_cells (stairs, groups, least);
    if (round + 1 < ZOOMS)
      zoom (stairs);
  }

  return stairs->top_level -
           get_level (stairs, get_below (stairs, groups->scale, low, high, stairs->first_size)) >=
         MIN_LEVELS - 1;
}

/* How likely each is, beside the others; the logarithm of their sum over that of the smooth law.
 * By sizes, not by points: among enough stairs some go through any few sizes, however well known.
 */
static double
weigh (OrfBatchRounding *rounding, const Groups *groups)
{
  double highest = -INFINITY;
  double sum = 0;

  for (guint i = 0; i < rounding->n; i++) {
    Stairs *stairs = &rounding->stairs[i];

    double square = curves[stairs->curve].square;

    stairs->weight = log (curves[stairs->curve].prior) -
                     0.5 * groups->count * log (get_variance (groups, stairs->left));
    /* a mixture of both pays for a coefficient more */
    if (square > 0 && square < 1)
      stairs->weight -= 0.5 * log (groups->count);
    if (stairs->weight > highest) {
      highest = stairs->weight;
      rounding->best = i;
    }
  }
  for (guint i = 0; i < rounding->n; i++) {
    rounding->stairs[i].weight = exp (rounding->stairs[i].weight - highest);
    sum += rounding->stairs[i].weight;
  }
  for (guint i = 0; i < rounding->n; i++)
    rounding->stairs[i].weight /= sum;

  return highest + log (sum) + 0.5 * groups->count * log (get_variance (groups, groups->smooth));
}

OrfBatchRounding *
orf_batch_rounding_new (const OrfBatchPoints *points, const OrfBatchFit *under, double *gain)
{
  g_autoptr (OrfBatchRounding) rounding = NULL;
  g_autofree Group *owned = NULL;
  Groups groups = { 0 };
  double steps[MAX_PERIODS];
  guint n;

  gather (points, under, &groups);
  owned = groups.groups;
  if (groups.n < MIN_LEVELS + 1)
    return NULL;

  rounding = g_new0 (OrfBatchRounding, 1);
  rounding->scale = groups.scale;
  n = find_periods (&groups, steps);
  rounding->stairs = g_new (Stairs, n * G_N_ELEMENTS (curves) + 1);
  for (guint i = 0; i < n; i++)
    for (guint curve = 0; curve < G_N_ELEMENTS (curves); curve++)
      if (try_stairs (&rounding->stairs[rounding->n], &groups, curve, steps[i]))
        rounding->n++;
  if (rounding->n == 0)
    return NULL;

  /* step and phase, which are looked for among many */
  *gain = weigh (rounding, &groups) - 2 * log (groups.count);

  return g_steal_pointer (&rounding);
}

void
orf_batch_rounding_free (OrfBatchRounding *rounding)
{
  if (!rounding)
    return;

  g_free (rounding->stairs);
  g_free (rounding);
}

static double
get_stairs_probability (const Stairs *stairs, double scale, double size, double bound)
{
  double levels = floor ((bound - stairs->phase) / stairs->step + 1e-3);
  double doubt = 2 * stairs->step_error * MAX (levels - stairs->top_level, 0);
  double highest;
  double sum = 0;

  /* the level itself must be below the bound, so far as the step is known */
  levels = floor ((bound - doubt - stairs->phase) / stairs->step + 1e-3);
  highest = stairs->phase + stairs->step * levels;

  for (guint i = 0; i < CELLS; i++)
    for (guint j = 0; j < CELLS; j++)
      if (stairs->weights[i][j] > 0 && get_below (stairs, scale, i, j, size) <= highest)
        sum += stairs->weights[i][j];

  return MIN (sum, 1);
}

double
orf_batch_rounding_get_probability (const OrfBatchRounding *rounding, double size, double bound)
{
  double sum = 0;

  for (guint i = 0; i < rounding->n; i++) {
    const Stairs *stairs = &rounding->stairs[i];

    if (stairs->weight > 1e-6)
      sum += stairs->weight * get_stairs_probability (stairs, rounding->scale, size, bound);
  }

  return MIN (sum, 1);
}

double
orf_batch_rounding_get_step (const OrfBatchRounding *rounding)
{
  return rounding->stairs[rounding->best].step;
}
