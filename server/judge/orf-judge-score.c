/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-score.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"

/* Added up by key; sorted when they are told. */
typedef struct {
  char *metric;
  char *series; /* may be NULL */
  char *method; /* NULL: of warnings */
  gint64 horizon_us;
  OrfPredictionScore sums; /* its strings are not used */
  gint64 n[ORF_N_WARNING_FATES];
  double lead_us;
} Group;

struct _OrfJudgeScores {
  GPtrArray *accuracy, *warnings; /* Group, in the order they came */
  GHashTable *by_key;             /* text -> Group of either */
  gint64 n_open;
};

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->metric);
  g_free (group->series);
  g_free (group->method);
  g_free (group);
}

OrfJudgeScores *
orf_judge_scores_new (void)
{
  OrfJudgeScores *scores = g_new0 (OrfJudgeScores, 1);

  scores->accuracy = g_ptr_array_new_with_free_func (group_free);
  scores->warnings = g_ptr_array_new_with_free_func (group_free);
  scores->by_key = orf_names_table_new (g_free, NULL);
  return scores;
}

void
orf_judge_scores_free (OrfJudgeScores *scores)
{
  g_hash_table_unref (scores->by_key);
  g_ptr_array_unref (scores->accuracy);
  g_ptr_array_unref (scores->warnings);
  g_free (scores);
}

static Group *
ensure (OrfJudgeScores *scores,
        GPtrArray *groups,
        const char *metric,
        const char *series,
        const char *method,
        gint64 horizon_us)
{
  /* no name or method has a line end in it */
  g_autofree char *key = g_strdup_printf ("%s\n%s\n%s\n%" G_GINT64_FORMAT, metric,
                                          series != NULL ? series : "",
                                          method != NULL ? method : "", horizon_us);
  Group *group = g_hash_table_lookup (scores->by_key, key);

  if (group != NULL)
    return group;
  group = g_new0 (Group, 1);
  group->metric = g_strdup (metric);
  group->series = g_strdup (series);
  group->method = g_strdup (method);
  group->horizon_us = horizon_us;
  g_ptr_array_add (groups, group);
  g_hash_table_insert (scores->by_key, g_steal_pointer (&key), group);
  return group;
}

void
orf_judge_scores_add (OrfJudgeScores *scores, const char *series, const OrfPredictionScore *row)
{
  OrfPredictionScore *sums;

  scores->n_open += row->n_open;
  if (row->n_judged + row->n_missing == 0)
    return;
  sums = &ensure (scores, scores->accuracy, row->series.name, series, row->method, row->horizon_us)
            ->sums;
  sums->n_judged += row->n_judged;
  sums->n_missing += row->n_missing;
  sums->error += row->error;
  sums->naive_error += row->naive_error;
  sums->inside80 += row->inside80;
  sums->inside90 += row->inside90;
  sums->width80 += row->width80;
  sums->width90 += row->width90;
}

void
orf_judge_scores_add_warnings (OrfJudgeScores *scores,
                               const char *series,
                               const OrfWarningScore *row)
{
  Group *group = ensure (scores, scores->warnings, row->series.name, series, NULL, 0);

  for (guint i = 0; i < ORF_N_WARNING_FATES; i++)
    group->n[i] += row->n[i];
  group->lead_us += row->lead_us;
}

gint64
orf_judge_scores_get_n_open (const OrfJudgeScores *scores)
{
  return scores->n_open;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  const Group *x = *(const Group *const *) a, *y = *(const Group *const *) b;
  int order = strcmp (x->metric, y->metric);

  if (order == 0)
    order = g_strcmp0 (x->series, y->series);
  if (order == 0)
    order = (x->horizon_us > y->horizon_us) - (x->horizon_us < y->horizon_us);
  return order != 0 ? order : g_strcmp0 (x->method, y->method);
}

/* NAN of nothing: not known. */
static double
divide (double sum, double n)
{
  return n > 0 ? sum / n : NAN;
}

static OrfPredictionWarnings *
make_warnings (const Group *group)
{
  OrfPredictionWarnings *warnings = orf_prediction_warnings_new ();
  gint64 came_true = group->n[ORF_WARNING_CAME_TRUE];

  warnings->metric = g_strdup (group->metric);
  warnings->series = g_strdup (group->series);
  warnings->open = group->n[ORF_WARNING_OPEN];
  warnings->came_true = came_true;
  warnings->false_alarm = group->n[ORF_WARNING_FALSE_ALARM];
  warnings->missed = group->n[ORF_WARNING_MISSED];
  warnings->averted = group->n[ORF_WARNING_AVERTED];
  warnings->unknown = group->n[ORF_WARNING_UNKNOWN];
  warnings->right_percent = divide (100.0 * (double) came_true,
                                    (double) (came_true + warnings->false_alarm));
  warnings->found_percent = divide (100.0 * (double) came_true,
                                    (double) (came_true + warnings->missed));
  warnings->has_lead_us = came_true > 0;
  warnings->lead_us = came_true > 0 ? (gint64) (group->lead_us / (double) came_true) : 0;
  return warnings;
}

GPtrArray *
orf_judge_scores_make_warnings (OrfJudgeScores *scores)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_prediction_warnings_free);

  g_ptr_array_sort (scores->warnings, compare_groups);
  for (guint i = 0; i < scores->warnings->len; i++)
    g_ptr_array_add (warnings, make_warnings (scores->warnings->pdata[i]));
  return warnings;
}

static double
find_right_percent (const GPtrArray *warnings, const Group *group)
{
  for (guint i = 0; i < warnings->len; i++) {
    const OrfPredictionWarnings *one = warnings->pdata[i];

    if (g_str_equal (one->metric, group->metric) && g_strcmp0 (one->series, group->series) == 0)
      return one->right_percent;
  }
  return NAN;
}

static OrfPredictionAccuracy *
make_accuracy (const Group *group, const GPtrArray *warnings)
{
  OrfPredictionAccuracy *accuracy = orf_prediction_accuracy_new ();
  const OrfPredictionScore *sums = &group->sums;
  double n = (double) sums->n_judged;

  accuracy->metric = g_strdup (group->metric);
  accuracy->series = g_strdup (group->series);
  accuracy->method = g_strdup (group->method);
  accuracy->horizon_us = group->horizon_us;
  accuracy->forecasts = sums->n_judged;
  accuracy->missing = sums->n_missing;
  accuracy->error = divide (sums->error, n);
  accuracy->naive_error = divide (sums->naive_error, n);
  accuracy->error_ratio = divide (sums->error, sums->naive_error);
  accuracy->coverage_percent = divide (100 * sums->inside80, n);
  accuracy->coverage90_percent = divide (100 * sums->inside90, n);
  accuracy->width = divide (sums->width80, n);
  accuracy->width90 = divide (sums->width90, n);
  accuracy->warnings_right_percent = find_right_percent (warnings, group);
  return accuracy;
}

GPtrArray *
orf_judge_scores_make_accuracy (OrfJudgeScores *scores, const GPtrArray *warnings)
{
  GPtrArray *accuracy = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_prediction_accuracy_free);

  g_ptr_array_sort (scores->accuracy, compare_groups);
  for (guint i = 0; i < scores->accuracy->len; i++)
    g_ptr_array_add (accuracy, make_accuracy (scores->accuracy->pdata[i], warnings));
  return accuracy;
}
