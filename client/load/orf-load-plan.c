/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-plan.h"

#include <math.h>

#include "orf-error.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

/* What the original's users had: 50/s for a minute; ten more each minute; 20, 100 and 20 again in
 * thirds of a minute; 30/s for an hour. */
static const OrfLoadSetup defaults[ORF_LOAD_KIND_N] = {
  [ORF_LOAD_KIND_SUSTAINED] = { .rate = 50, .duration_us = 60 * SECOND_US },
  [ORF_LOAD_KIND_STRESS] = { .rate = 10,
                             .step_rate = 10,
                             .max_rate = ORF_LOAD_DEFAULT_MAX_RATE,
                             .duration_us = 60 * SECOND_US },
  [ORF_LOAD_KIND_SPIKE] = { .rate = 20, .peak_rate = 100, .duration_us = 60 * SECOND_US },
  [ORF_LOAD_KIND_ENDURANCE] = { .rate = 30, .duration_us = 3600 * SECOND_US },
};

struct _OrfLoadPlan {
  OrfLoadKind kind;
  gboolean is_random;
  GArray *levels; /* OrfLoadLevel */
};

static void
add_level (OrfLoadPlan *plan, const char *name, double rate, gint64 duration_us)
{
  OrfLoadLevel level = { .from_us = orf_load_plan_get_duration (plan), .rate = rate };

  if (name != NULL)
    g_strlcpy (level.name, name, sizeof level.name);
  else
    g_snprintf (level.name, sizeof level.name, "%g/s", rate);
  level.until_us = level.from_us + duration_us;
  level.n_requests = (guint64) ceil (rate * (double) duration_us / (double) SECOND_US - 1e-6);
  g_array_append_val (plan->levels, level);
}

static double
choose (double given, double usual)
{
  return given > 0 ? given : usual;
}

static gboolean
check_rate (const char *option, double rate, GError **error)
{
  if (rate >= 0 && rate <= ORF_LOAD_MAX_RATE)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--%s: %g is no rate above 0, up to %d a second", option, rate, ORF_LOAD_MAX_RATE);
  return FALSE;
}

static gboolean
check_duration (double n_levels, gint64 duration_us, GError **error)
{
  if (n_levels * (double) duration_us <= ORF_LOAD_MAX_DAYS * 86400. * (double) SECOND_US)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--duration: %g levels of %" G_GINT64_FORMAT " s are more than %d days", n_levels,
               duration_us / SECOND_US, ORF_LOAD_MAX_DAYS);
  return FALSE;
}

static gboolean
add_stress (OrfLoadPlan *plan, const OrfLoadSetup *setup, GError **error)
{
  double n_levels = floor ((setup->max_rate - setup->rate) / setup->step_rate + 1e-9) + 1;

  if (n_levels < 1 || n_levels > ORF_LOAD_MAX_LEVELS) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--rate %g, --step %g, --max-rate %g: that makes no 1 to %d levels", setup->rate,
                 setup->step_rate, setup->max_rate, ORF_LOAD_MAX_LEVELS);
    return FALSE;
  }
  if (!check_duration (n_levels, setup->duration_us, error))
    return FALSE;
  for (guint i = 0; i < (guint) n_levels; i++)
    add_level (plan, NULL, setup->rate + i * setup->step_rate, setup->duration_us);
  return TRUE;
}

OrfLoadPlan *
orf_load_plan_new (const OrfLoadSetup *setup, GError **error)
{
  const OrfLoadSetup *usual = &defaults[setup->kind];
  g_autoptr (OrfLoadPlan) plan = g_new0 (OrfLoadPlan, 1);
  OrfLoadSetup used = {
    .rate = choose (setup->rate, usual->rate),
    .peak_rate = choose (setup->peak_rate, usual->peak_rate),
    .step_rate = choose (setup->step_rate, usual->step_rate),
    .max_rate = choose (setup->max_rate, usual->max_rate),
    .duration_us = setup->duration_us > 0 ? setup->duration_us : usual->duration_us,
  };

  plan->kind = setup->kind;
  plan->is_random = setup->is_random;
  plan->levels = g_array_new (FALSE, FALSE, sizeof (OrfLoadLevel));
  if (!check_rate ("rate", used.rate, error) || !check_rate ("peak", used.peak_rate, error) ||
      !check_rate ("max-rate", used.max_rate, error) ||
      !check_duration (1, used.duration_us, error))
    return NULL;
  switch (setup->kind) {
  case ORF_LOAD_KIND_STRESS:
    if (!add_stress (plan, &used, error))
      return NULL;
    break;
  case ORF_LOAD_KIND_SPIKE:
    add_level (plan, "baseline", used.rate, used.duration_us / 3);
    add_level (plan, "spike", used.peak_rate, used.duration_us / 3);
    add_level (plan, "recovery", used.rate, used.duration_us / 3);
    break;
  case ORF_LOAD_KIND_SUSTAINED:
  case ORF_LOAD_KIND_ENDURANCE:
  case ORF_LOAD_KIND_UNSET:
  case ORF_LOAD_KIND_N:
  default:
    add_level (plan, NULL, used.rate, used.duration_us);
    break;
  }
  return g_steal_pointer (&plan);
}

void
orf_load_plan_free (OrfLoadPlan *plan)
{
  if (plan == NULL)
    return;
  g_array_unref (plan->levels);
  g_free (plan);
}

OrfLoadKind
orf_load_plan_get_kind (const OrfLoadPlan *plan)
{
  return plan->kind;
}

gboolean
orf_load_plan_is_random (const OrfLoadPlan *plan)
{
  return plan->is_random;
}

guint
orf_load_plan_get_n_levels (const OrfLoadPlan *plan)
{
  return plan->levels->len;
}

const OrfLoadLevel *
orf_load_plan_get_level (const OrfLoadPlan *plan, guint level)
{
  return &g_array_index (plan->levels, OrfLoadLevel, level);
}

gint64
orf_load_plan_get_duration (const OrfLoadPlan *plan)
{
  return plan->levels->len > 0 ? orf_load_plan_get_level (plan, plan->levels->len - 1)->until_us
                               : 0;
}

guint
orf_load_plan_find_level (const OrfLoadPlan *plan, gint64 at_us)
{
  guint level = 0;

  while (level + 1 < plan->levels->len && at_us >= orf_load_plan_get_level (plan, level)->until_us)
    level++;
  return level;
}

/* ---- the row of requests --------------------------------------------------------------------- */

/* Above 0, and below 1; of the same request always the same (splitmix64). */
static double
draw (const OrfLoadCursor *cursor)
{
  guint64 x = ((guint64) cursor->level << 40) + cursor->n + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  x ^= x >> 31;
  return ((double) (x >> 11) + .5) / (double) (G_GUINT64_CONSTANT (1) << 53);
}

/* Arrivals of a Poisson process of which it is known how many there are lie in the level like so
 * many numbers drawn from it and sorted: the next is the least of those that are left. */
static void
place (const OrfLoadPlan *plan, OrfLoadCursor *cursor)
{
  guint64 n_left;

  if (!plan->is_random || cursor->level >= plan->levels->len)
    return;
  n_left = orf_load_plan_get_level (plan, cursor->level)->n_requests - cursor->n;
  cursor->into += (1 - cursor->into) * (1 - pow (draw (cursor), 1 / (double) n_left));
}

OrfLoadCursor
orf_load_plan_begin (const OrfLoadPlan *plan)
{
  OrfLoadCursor cursor = { 0 };

  place (plan, &cursor);
  return cursor;
}

gint64
orf_load_plan_get_time (const OrfLoadPlan *plan, const OrfLoadCursor *cursor)
{
  const OrfLoadLevel *level;

  if (cursor->level >= plan->levels->len)
    return G_MAXINT64;
  level = orf_load_plan_get_level (plan, cursor->level);
  if (plan->is_random)
    return level->from_us + (gint64) (cursor->into * (double) (level->until_us - level->from_us));
  /* each by itself, not the one before and a step: nothing adds up */
  return level->from_us + (gint64) ((double) cursor->n * (double) SECOND_US / level->rate);
}

void
orf_load_plan_advance (const OrfLoadPlan *plan, OrfLoadCursor *cursor)
{
  cursor->n++;
  while (cursor->level < plan->levels->len &&
         cursor->n >= orf_load_plan_get_level (plan, cursor->level)->n_requests) {
    cursor->level++;
    cursor->n = 0;
    cursor->into = 0;
  }
  place (plan, cursor);
}
