/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-requirements.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"

#define SECOND_US ((double) G_USEC_PER_SEC)

typedef enum {
  WHAT_LATENCY, /* by its quantile, or below */
  WHAT_ERRORS,
  WHAT_LATE,
  WHAT_DROPPED,
  WHAT_RATE,
} What;

/* In place of a quantile. */
#define SHARE_MIN  (-1)
#define SHARE_MEAN (-2)
#define SHARE_MAX  (-3)

static const struct {
  const char *name;
  What what;
  double share;
} measures[] = {
  { "min", WHAT_LATENCY, SHARE_MIN }, { "mean", WHAT_LATENCY, SHARE_MEAN },
  { "p50", WHAT_LATENCY, .5 },        { "p75", WHAT_LATENCY, .75 },
  { "p90", WHAT_LATENCY, .9 },        { "p95", WHAT_LATENCY, .95 },
  { "p99", WHAT_LATENCY, .99 },       { "p99.9", WHAT_LATENCY, .999 },
  { "max", WHAT_LATENCY, SHARE_MAX }, { "errors", WHAT_ERRORS, 0 },
  { "late", WHAT_LATE, 0 },           { "dropped", WHAT_DROPPED, 0 },
  { "rate", WHAT_RATE, 0 },
};

static const struct {
  const char *name;
  double us;
} units[] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 } };

typedef struct {
  char *text;
  guint measure; /* of measures */
  gboolean is_below, or_equal;
  gboolean is_percent;
  double value; /* durations: microseconds */
} Requirement;

struct _OrfLoadRequirements {
  GArray *list; /* Requirement */
};

static void
clear_requirement (gpointer data)
{
  g_free (((Requirement *) data)->text);
}

/* ---- their text ------------------------------------------------------------------------------ */

static gboolean
refuse (const char *text, GError **error)
{
  g_set_error (
    error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
    "\"%s\": a requirement is a measure (min, mean, p50, p75, p90, p95, p99, p99.9, max, "
    "errors, late, dropped, rate), one of < <= > >=, and a value: p95<500ms, errors<1%%, "
    "rate>=100",
    text);
  return FALSE;
}

static gboolean
find_measure (const char *name, gsize length, guint *measure)
{
  for (guint i = 0; i < G_N_ELEMENTS (measures); i++) {
    if (strlen (measures[i].name) == length && strncmp (measures[i].name, name, length) == 0) {
      *measure = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
apply_unit (Requirement *requirement, const char *unit)
{
  gboolean is_latency = measures[requirement->measure].what == WHAT_LATENCY;

  for (guint i = 0; is_latency && i < G_N_ELEMENTS (units); i++) {
    if (g_str_equal (unit, units[i].name)) {
      requirement->value *= units[i].us;
      return TRUE;
    }
  }
  requirement->is_percent = g_str_equal (unit, "%");
  return !is_latency && (requirement->is_percent || *unit == '\0');
}

static gboolean
parse_one (Requirement *requirement, const char *text, GError **error)
{
  gsize length = strcspn (text, "<>");
  const char *at = text + length;
  char *end;

  if (*at == '\0' || !find_measure (text, length, &requirement->measure))
    return refuse (text, error);
  requirement->is_below = *at++ == '<';
  requirement->or_equal = *at == '=';
  at += requirement->or_equal;
  requirement->value = g_ascii_strtod (at, &end);
  if (end == at || !isfinite (requirement->value) || requirement->value < 0 ||
      !apply_unit (requirement, end))
    return refuse (text, error);
  return TRUE;
}

OrfLoadRequirements *
orf_load_requirements_new (const char *text, GError **error)
{
  g_autoptr (OrfLoadRequirements) requirements = g_new0 (OrfLoadRequirements, 1);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  requirements->list = g_array_new (FALSE, TRUE, sizeof (Requirement));
  g_array_set_clear_func (requirements->list, clear_requirement);
  if (parts[0] == NULL) {
    refuse (text, error);
    return NULL;
  }
  for (char **part = parts; *part != NULL; part++) {
    Requirement requirement = { .text = g_strdup (g_strstrip (*part)) };

    g_array_append_val (requirements->list, requirement);
    if (!parse_one (&g_array_index (requirements->list, Requirement, requirements->list->len - 1),
                    *part, error))
      return NULL;
  }
  return g_steal_pointer (&requirements);
}

void
orf_load_requirements_free (OrfLoadRequirements *requirements)
{
  if (requirements == NULL)
    return;
  g_array_unref (requirements->list);
  g_free (requirements);
}

guint
orf_load_requirements_get_n (const OrfLoadRequirements *requirements)
{
  return requirements->list->len;
}

const char *
orf_load_requirements_get_text (const OrfLoadRequirements *requirements, guint i)
{
  return g_array_index (requirements->list, Requirement, i).text;
}

const char *
orf_load_requirements_get_unit (const OrfLoadRequirements *requirements, guint i)
{
  const Requirement *requirement = &g_array_index (requirements->list, Requirement, i);

  if (requirement->is_percent)
    return "percent";
  if (measures[requirement->measure].what == WHAT_LATENCY)
    return "us";
  return measures[requirement->measure].what == WHAT_RATE ? "per_s" : "count";
}

/* ---- what was measured ----------------------------------------------------------------------- */

double
orf_load_get_rate (const OrfLoadTally *tally, gint64 sent_for_us)
{
  return sent_for_us > 0 ? (double) tally->answered * SECOND_US / (double) sent_for_us : NAN;
}

static double
measure_latency (const OrfLoadTally *tally, double share)
{
  if (share == SHARE_MIN)
    return tally->min_us;
  if (share == SHARE_MEAN)
    return orf_load_tally_get_mean (tally);
  if (share == SHARE_MAX)
    return tally->max_us;
  return orf_load_tally_get_quantile (tally, share);
}

static double
measure_count (const Requirement *requirement, const OrfLoadTally *tally, guint64 count)
{
  guint64 meant = tally->sent + tally->dropped;

  if (!requirement->is_percent)
    return (double) count;
  return meant > 0 ? 100 * (double) count / (double) meant : NAN;
}

static double
measure (const Requirement *requirement,
         const OrfLoadTally *tally,
         gint64 sent_for_us,
         double planned_rate)
{
  switch (measures[requirement->measure].what) {
  case WHAT_ERRORS:
    return requirement->is_percent ? orf_load_tally_get_error_percent (tally)
                                   : (double) orf_load_tally_get_failed (tally);
  case WHAT_LATE:
    return measure_count (requirement, tally, tally->late);
  case WHAT_DROPPED:
    return measure_count (requirement, tally, tally->dropped);
  case WHAT_RATE:
    return orf_load_get_rate (tally, sent_for_us) *
           (requirement->is_percent ? 100 / planned_rate : 1);
  case WHAT_LATENCY:
  default:
    return measure_latency (tally, measures[requirement->measure].share);
  }
}

gboolean
orf_load_requirements_check (const OrfLoadRequirements *requirements,
                             guint i,
                             const OrfLoadTally *tally,
                             gint64 sent_for_us,
                             double planned_rate,
                             double *measured)
{
  const Requirement *requirement = &g_array_index (requirements->list, Requirement, i);

  *measured = measure (requirement, tally, sent_for_us, planned_rate);
  if (requirement->or_equal && *measured == requirement->value)
    return TRUE;
  return requirement->is_below ? *measured < requirement->value : *measured > requirement->value;
}

gboolean
orf_load_requirements_are_met (const OrfLoadRequirements *requirements,
                               const OrfLoadTally *tally,
                               gint64 sent_for_us,
                               double planned_rate)
{
  double measured;

  for (guint i = 0; i < requirements->list->len; i++) {
    if (!orf_load_requirements_check (requirements, i, tally, sent_for_us, planned_rate, &measured))
      return FALSE;
  }
  return TRUE;
}
