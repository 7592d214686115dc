/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health/orf-health-score.h"

#include <math.h>
#include <string.h>

#include "core/orf-percent.h"

/* What people feel first weighs most: a GPU that is full or broken, requests that fail. */
typedef struct {
  const char *name;
  double weight;
} Part;

enum { PART_GPU, PART_REQUESTS, PART_HOST, PART_WORKERS, PART_CACHE, PART_RECORDER, N_PARTS };

static const Part parts[N_PARTS] = {
  [PART_GPU] = { "gpu", 35 },     [PART_REQUESTS] = { "requests", 25 },
  [PART_HOST] = { "host", 15 },   [PART_WORKERS] = { "workers", 10 },
  [PART_CACHE] = { "cache", 10 }, [PART_RECORDER] = { "recorder", 5 },
};

/* A reason is the subject, what stands before the value, the value, and what stands behind it. */
#define NO_VALUE (-1) /* in place of digits: it is not told */

typedef struct {
  guint part;
  const char *metric;
  const char *quality; /* NULL: whichever */
  double good, bad;    /* costs nothing there, and all there; good > bad where less is worse */
  double most;         /* points of the part's 100 */
  const char *before;
  double scale; /* the value is told times this */
  int digits;
  const char *after;
} Rule;

/* Those of one metric stand together.  They start where the alerts out of the box would warn. */
static const Rule rules[] = {
  { PART_GPU, "gpu.memory.used_percent", NULL, 85, 100, 60, " is ", 1, 0, " % full" },
  { PART_GPU, ORF_HEALTH_EXHAUSTION_S, NULL, 3600, 300, 60, " is forecast to be full in ", 1 / 60.0,
    0, " min" },
  { PART_GPU, "gpu.memory.fragmentation_percent", NULL, 30, 80, 25, " has ", 1, 0,
    " % of what is reserved in pieces" },
  { PART_GPU, "gpu.temperature_c", NULL, 80, 95, 40, " is at ", 1, 0, " °C" },
  { PART_GPU, "gpu.events.open", "critical", 0, 1, 100, " has ", 1, 0, " critical events open" },
  { PART_GPU, "gpu.events.open", "warning", 0, 1, 25, " has ", 1, 0, " events open" },
  { PART_REQUESTS, "error_rate_percent", NULL, 1, 10, 100, ": ", 1, 1, " % fail" },
  { PART_REQUESTS, "response_time_ms", NULL, 2500, 10000, 80, ": an answer takes ", 1e-3, 1, " s" },
  { PART_HOST, "host.cpu.used_percent", NULL, 90, 100, 40, ": the CPUs are busy for ", 1, 0,
    " % of the time" },
  { PART_HOST, "host.memory.used_percent", NULL, 90, 100, 60, ": the memory is ", 1, 0, " % full" },
  { PART_HOST, "host.disk.used_percent", NULL, 90, 99, 60, " is ", 1, 0, " % full" },
  { PART_WORKERS, "worker.lost", NULL, 0, 1, 100, " is lost", 1, NO_VALUE, "" },
  { PART_CACHE, "cache.hit_rate_percent", NULL, 50, 0, 100, " answers only ", 1, 0,
    " % of what it is asked" },
  { PART_RECORDER, "orfeas.loop_stall_us", NULL, 100000, 2000000, 40,
    ": the daemon did not answer for ", 1e-3, 0, " ms" },
  { PART_RECORDER, "orfeas.db.wal_held_us", NULL, 60000000, 3600000000., 40,
    ": somebody reads the file, and its log has grown for ", 1e-6, 0, " s" },
  { PART_RECORDER, "scrape.up", NULL, 1, 0, 50, " does not answer when it is scraped", 1, NO_VALUE,
    "" },
};

char **
orf_health_dup_metrics (void)
{
  g_autoptr (GStrvBuilder) metrics = g_strv_builder_new ();
  const char *last = ORF_HEALTH_EXHAUSTION_S;

  for (guint i = 0; i < G_N_ELEMENTS (rules); i++) {
    if (!g_str_equal (rules[i].metric, ORF_HEALTH_EXHAUSTION_S) &&
        !g_str_equal (rules[i].metric, last))
      g_strv_builder_add (metrics, rules[i].metric);
    last = rules[i].metric;
  }
  return g_strv_builder_end (metrics);
}

static gboolean
is_about (const Rule *rule, const OrfHealthInput *input)
{
  return !isnan (input->value) && g_str_equal (rule->metric, input->metric) &&
         (rule->quality == NULL || g_strcmp0 (rule->quality, input->quality) == 0);
}

/* How much of the rule's points are lost: 0 to 1. */
static double
get_loss (const Rule *rule, double value)
{
  return CLAMP ((value - rule->good) / (rule->bad - rule->good), 0.0, 1.0);
}

/* NULL: nobody measures what the rule is about. */
static const OrfHealthInput *
find_worst (const Rule *rule, const OrfHealthInput *inputs, guint n_inputs)
{
  const OrfHealthInput *worst = NULL;

  for (guint i = 0; i < n_inputs; i++)
    if (is_about (rule, &inputs[i]) &&
        (worst == NULL || get_loss (rule, inputs[i].value) > get_loss (rule, worst->value)))
      worst = &inputs[i];
  return worst;
}

static char *
describe (const Rule *rule, const OrfHealthInput *input)
{
  const char *subject = input->subject != NULL ? input->subject : parts[rule->part].name;

  if (rule->digits == NO_VALUE)
    return g_strconcat (subject, rule->before, NULL);
  return g_strdup_printf ("%s%s%.*f%s", subject, rule->before, rule->digits,
                          input->value * rule->scale, rule->after);
}

static void
add_reason (OrfPredictionHealth *health,
            const Rule *rule,
            const OrfHealthInput *input,
            double points)
{
  OrfPredictionHealthReason *reason = orf_prediction_health_reason_new ();

  reason->part = g_strdup (parts[rule->part].name);
  reason->deduction = orf_percent_round (points);
  reason->reason = describe (rule, input);
  g_ptr_array_add (health->reasons, reason);
}

/* A part has no more to lose than its 100 points: who comes first takes them. */
static void
judge_part (OrfPredictionHealth *health,
            guint part,
            const OrfHealthInput *inputs,
            guint n_inputs,
            OrfPredictionHealthPart *told)
{
  double left = 100;

  told->part = g_strdup (parts[part].name);
  told->weight = parts[part].weight;
  told->score = NAN;
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++) {
    const OrfHealthInput *worst = rules[i].part == part ? find_worst (&rules[i], inputs, n_inputs)
                                                        : NULL;
    double lost = worst != NULL ? MIN (left, rules[i].most * get_loss (&rules[i], worst->value))
                                : 0;

    if (worst == NULL)
      continue;
    left -= lost;
    told->score = orf_percent_round (left);
    if (lost > 0)
      add_reason (health, &rules[i], worst, lost * parts[part].weight / 100);
  }
}

static gint
compare_reasons (gconstpointer a, gconstpointer b)
{
  const OrfPredictionHealthReason *left = *(const OrfPredictionHealthReason *const *) a;
  const OrfPredictionHealthReason *right = *(const OrfPredictionHealthReason *const *) b;

  if (left->deduction != right->deduction)
    return left->deduction > right->deduction ? -1 : 1;
  return strcmp (left->reason, right->reason);
}

OrfPredictionHealth *
orf_health_judge (const OrfHealthInput *inputs, guint n_inputs)
{
  OrfPredictionHealth *health = orf_prediction_health_new ();
  double lost = 0;
  gboolean is_known = FALSE;

  health->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_prediction_health_part_free);
  health->reasons = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_prediction_health_reason_free);
  for (guint part = 0; part < N_PARTS; part++) {
    OrfPredictionHealthPart *told = orf_prediction_health_part_new ();

    judge_part (health, part, inputs, n_inputs, told);
    g_ptr_array_add (health->parts, told);
    if (isnan (told->score))
      continue;
    is_known = TRUE;
    lost += (100 - told->score) * told->weight / 100;
  }
  g_ptr_array_sort (health->reasons, compare_reasons);
  health->score = is_known ? orf_percent_round (100 - lost) : NAN;
  return health;
}
