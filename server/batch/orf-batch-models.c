/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-models.h"

#include <math.h>

#include "batch/orf-batch-rounding.h"

/* How likely each is before anything is seen.  What a network keeps of an item does not depend on
 * the others, save in attention: these two are common, the rest is there so that what is neither is
 * not taken for one of them. */
static const double shape_priors[ORF_BATCH_N_SHAPES] = {
  [ORF_BATCH_SHAPE_LINEAR] = 0.62,    [ORF_BATCH_SHAPE_QUADRATIC] = 0.20,
  [ORF_BATCH_SHAPE_SQUARE] = 0.14,    [ORF_BATCH_SHAPE_LOG_LINEAR] = 0.02,
  [ORF_BATCH_SHAPE_POWER_3_2] = 0.02,
};

/* Sizes that servers pad to.  Together they are less likely than what a recommendation may be wrong
 * by: where only multiples were seen, sizes between them are still recommended. */
static const guint paddings[] = {
  ORF_BATCH_PADDING_POWERS, 2, 4, 8, 16, 32, 64, 128, 256, 3, 5, 6, 10, 12, 20, 24, 25, 48, 50, 100
};
#define PADDING_PRIOR  0.0004
#define ROUNDING_PRIOR 0.001

static const double noises[] = { 0, 0.5, 1 };

/* what is less likely than this changes no answer */
#define MIN_WEIGHT 1e-6

typedef struct {
  OrfBatchFit fit;
  double weight; /* a logarithm until all are known */
} Member;

struct _OrfBatchModels {
  GArray *members; /* Member */
  guint best;
  OrfBatchRounding *rounding; /* NULL: none; weighs what of 1 the members leave */
  double rounding_weight;
};

/* More items never take less, and no law turns. */
static gboolean
is_possible (const OrfBatchFit *fit)
{
  if (fit->law.shape == ORF_BATCH_SHAPE_LINEAR)
    return TRUE;
  if (fit->law.shape == ORF_BATCH_SHAPE_QUADRATIC)
    return fit->coefficients[1] >= 0 && fit->coefficients[2] > 0;

  return fit->coefficients[1] > 0;
}

static void
add_law (OrfBatchModels *models, const OrfBatchPoints *points, const OrfBatchLaw *law, double prior)
{
  Member member = { .weight = log (prior) };

  if (orf_batch_fit (points, law, &member.fit) && is_possible (&member.fit))
    g_array_append_val (models->members, member);
}

static const Member *
find_likeliest (const GArray *members)
{
  const Member *best = NULL;

  for (guint i = 0; i < members->len; i++) {
    const Member *member = &g_array_index (members, Member, i);

    if (!best || member->fit.log_likelihood > best->fit.log_likelihood)
      best = member;
  }

  return best;
}

/* Padded laws with the noise that fits the plain ones best: it decides little, and fits cost time.
 */
static void
add_laws (OrfBatchModels *models, const OrfBatchPoints *points)
{
  double noise;

  for (guint i = 0; i < G_N_ELEMENTS (noises); i++)
    for (guint shape = 0; shape < ORF_BATCH_N_SHAPES; shape++)
      add_law (models, points, &(OrfBatchLaw){ shape, 1, noises[i] }, shape_priors[shape]);
  if (models->members->len == 0)
    return;

  noise = find_likeliest (models->members)->fit.law.noise;
  for (guint i = 0; i < G_N_ELEMENTS (paddings); i++) {
    /* of one stair nothing is told */
    if (paddings[i] >= points->scale)
      continue;
    for (guint shape = 0; shape <= ORF_BATCH_SHAPE_QUADRATIC; shape++)
      add_law (models, points, &(OrfBatchLaw){ shape, paddings[i], noise },
               shape_priors[shape] * PADDING_PRIOR);
  }
}

/* Schwarz' criterion: a law pays for each coefficient.  Where sizes differ more than their repeats,
 * the law that fits best is not quite theirs either, and points count as fewer. */
static void
weigh (OrfBatchModels *models, const OrfBatchPoints *points)
{
  const Member *likeliest = find_likeliest (models->members);
  double dispersion = likeliest->fit.dispersion;
  double most = likeliest->fit.log_likelihood;
  double highest = -INFINITY;
  double sum = 0;

  for (guint i = 0; i < models->members->len; i++) {
    Member *member = &g_array_index (models->members, Member, i);

    member->weight += (member->fit.log_likelihood - most) / dispersion -
                      0.5 * orf_batch_law_count (&member->fit.law) * log (points->n);
    if (member->weight > highest) {
      highest = member->weight;
      models->best = i;
    }
  }
  for (guint i = 0; i < models->members->len; i++) {
    Member *member = &g_array_index (models->members, Member, i);

    member->weight = exp (member->weight - highest);
    sum += member->weight;
  }
  for (guint i = 0; i < models->members->len; i++)
    g_array_index (models->members, Member, i).weight /= sum;
}

/* Stairs over the smooth law that is likeliest of those without any of their own. */
static void
add_rounding (OrfBatchModels *models, const OrfBatchPoints *points)
{
  const Member *under = NULL;
  const Member *best = &g_array_index (models->members, Member, models->best);
  double gain, odds;

  for (guint i = 0; i < models->members->len; i++) {
    const Member *member = &g_array_index (models->members, Member, i);

    if (member->fit.law.padding == 1 && (!under || member->weight > under->weight))
      under = member;
  }
  if (!under)
    return;

  models->rounding = orf_batch_rounding_new (points, &under->fit, &gain);
  if (!models->rounding)
    return;
  gain += MIN (under->fit.log_likelihood - best->fit.log_likelihood, 0) / best->fit.dispersion;
  odds = best->weight * ROUNDING_PRIOR * exp (MIN (gain, 50));
  models->rounding_weight = odds / (1 + odds);
}

OrfBatchModels *
orf_batch_models_new (const OrfBatchPoints *points)
{
  g_autoptr (OrfBatchModels) models = g_new0 (OrfBatchModels, 1);

  models->members = g_array_new (FALSE, FALSE, sizeof (Member));
  add_laws (models, points);
  if (models->members->len == 0)
    return NULL;

  weigh (models, points);
  add_rounding (models, points);

  return g_steal_pointer (&models);
}

void
orf_batch_models_free (OrfBatchModels *models)
{
  if (!models)
    return;

  g_array_unref (models->members);
  g_clear_pointer (&models->rounding, orf_batch_rounding_free);
  g_free (models);
}

double
orf_batch_models_get_probability (const OrfBatchModels *models, double size, double bound)
{
  double sum = 0;

  for (guint i = 0; i < models->members->len; i++) {
    const Member *member = &g_array_index (models->members, Member, i);

    if (member->weight >= MIN_WEIGHT)
      sum += member->weight * orf_batch_fit_get_probability (&member->fit, size, bound);
  }
  sum *= 1 - models->rounding_weight;
  if (models->rounding_weight >= MIN_WEIGHT)
    sum += models->rounding_weight *
           orf_batch_rounding_get_probability (models->rounding, size, bound);

  return MIN (sum, 1);
}

const OrfBatchFit *
orf_batch_models_get_best (const OrfBatchModels *models)
{
  return &g_array_index (models->members, Member, models->best).fit;
}

double
orf_batch_models_get_step (const OrfBatchModels *models)
{
  return models->rounding_weight > 0.5 ? orf_batch_rounding_get_step (models->rounding) : 0;
}
