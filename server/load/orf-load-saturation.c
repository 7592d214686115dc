/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load/orf-load-saturation.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "postmortem/orf-postmortem-facts.h"
#include "stats/orf-median.h"

/* One value beyond a limit is a moment; three in a row are a state. */
#define HOLD 3
/* What a run begins with is told by its first tenth, and at least by so many values. */
#define MIN_BASELINE 3

typedef enum {
  RULE_REACHES, /* the limit */
  RULE_RISES,   /* to limit times what it was, and by margin at least */
  RULE_FALLS,   /* to limit times what it was, or below */
  RULE_LACKS,   /* it is less than the limit */
} RuleKind;

typedef struct {
  const char *name; /* of the series */
  RuleKind kind;
  double limit; /* NAN: the config's, of device memory */
  double margin;
  const char *means;
} Rule;

static const Rule server_rules[] = {
  { "gpu.memory.used_percent", RULE_REACHES, NAN, 0, "the device's memory is critically full" },
  { "gpu.utilization_percent", RULE_REACHES, 95, 0, "the device has no time left" },
  /* whoever sends from the same host is part of it */
  { "host.cpu.used_percent", RULE_REACHES, 90, 0, "requests wait for a core" },
  { "host.memory.used_percent", RULE_REACHES, 90, 0, "the host's memory is nearly full" },
  /* its calls are answered by one thread */
  { "orfeas.cpu_percent", RULE_REACHES, 90, 0, "the daemon's main thread has a core and no more" },
  { "orfeas.loop_stall_us", RULE_REACHES, 100e3, 0, "the daemon's loop stood still" },
  { "orfeas.memory.rss_bytes", RULE_RISES, 1.5, 16 * 1048576, "the daemon's memory grew" },
  { "cache.hit_rate_percent", RULE_FALLS, 0.5, 0,
    "half of what the cache found, it finds no more" },
  { "span.duration_us", RULE_RISES, 2, 10e3, "the operation takes twice as long" },
};

static const Rule latency_rule = { "p95_us", RULE_RISES, 2, 10e3, "answers take twice as long" };
static const Rule errors_rule = { "errors_percent", RULE_REACHES, 1, 0, "requests fail" };
static const Rule rate_rule = { "rate_percent", RULE_LACKS, 90, 0,
                                "less is answered than was planned" };

typedef struct {
  const OrfLoadServer *server;
  const GPtrArray *slices;
  double critical_percent;
  GPtrArray *found;
} Search;

/* A series of either side. */
typedef struct {
  OrfLoadSide side;
  const char *series, *unit;
  const GArray *points; /* OrfPoint by time */
} Course;

/* ---- one series ------------------------------------------------------------------------------ */

static const OrfPoint *
get_point (const GArray *points, guint i)
{
  return &g_array_index (points, OrfPoint, i);
}

/* NAN: there are too few to tell. */
static double
get_baseline (const GArray *points)
{
  guint n = MAX (points->len / 10, MIN_BASELINE);
  g_autofree double *values = g_new (double, n);

  if (points->len < n + HOLD)
    return NAN;
  for (guint i = 0; i < n; i++)
    values[i] = get_point (points, i)->value;
  return orf_median_of (values, n);
}

/* What a value has to pass; NAN: nothing can be said. */
static double
get_bound (const Search *search, const Rule *rule, const GArray *points)
{
  double baseline;

  switch (rule->kind) {
  case RULE_RISES:
    baseline = get_baseline (points);
    return isnan (baseline) ? NAN : fmax (rule->limit * baseline, baseline + rule->margin);
  case RULE_FALLS:
    baseline = get_baseline (points);
    return baseline > 0 ? rule->limit * baseline : NAN;
  case RULE_REACHES:
  case RULE_LACKS:
  default:
    return isnan (rule->limit) ? search->critical_percent : rule->limit;
  }
}

static gboolean
is_beyond (const Rule *rule, double value, double bound)
{
  return rule->kind == RULE_FALLS   ? value <= bound
         : rule->kind == RULE_LACKS ? value < bound
                                    : value >= bound;
}

/* Where it was crossed for good; NULL: it was not. */
static const OrfPoint *
find_crossing (const Rule *rule, const GArray *points, double bound)
{
  guint n = 0;

  for (guint i = 0; i < points->len; i++) {
    n = is_beyond (rule, get_point (points, i)->value, bound) ? n + 1 : 0;
    if (n == HOLD)
      return get_point (points, i + 1 - HOLD);
  }
  return NULL;
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* What was sent then; NAN: not known. */
static double
find_planned (const Search *search, gint64 at_us)
{
  double planned = NAN;

  for (guint i = 0; i < search->slices->len; i++) {
    const OrfLoadSlice *slice = search->slices->pdata[i];

    if (slice->at_us > at_us)
      break;
    planned = slice->planned_per_s;
  }
  return planned;
}

static OrfLoadSaturationKind
get_kind (const Rule *rule)
{
  switch (rule->kind) {
  case RULE_REACHES:
    return ORF_LOAD_SATURATION_KIND_LIMIT;
  case RULE_LACKS:
    return ORF_LOAD_SATURATION_KIND_SHORTFALL;
  case RULE_RISES:
  case RULE_FALLS:
  default:
    return ORF_LOAD_SATURATION_KIND_KNEE;
  }
}

/* "12.0 s into the run"; what was beyond at once may have been so before. */
static char *
format_moment (const OrfLoadSaturation *one, gboolean at_once)
{
  g_autofree char *rate = isnan (one->planned_per_s)
                            ? g_strdup ("")
                            : g_strdup_printf (", at %g requests a second", one->planned_per_s);

  return at_once ? g_strdup_printf ("from the beginning of the run on%s", rate)
                 : g_strdup_printf ("%.1f s into the run%s",
                                    (double) one->at_us / (double) ORF_US_PER_S, rate);
}

static char *
make_reason (const Rule *rule, const OrfLoadSaturation *one, gboolean at_once)
{
  g_autofree char *value = orf_postmortem_format_value (one->value, one->unit, FALSE);
  g_autofree char *limit = orf_postmortem_format_value (one->limit, one->unit, FALSE);
  g_autofree char *moment = format_moment (one, at_once);
  gboolean knee = one->kind == ORF_LOAD_SATURATION_KIND_KNEE;

  return g_strdup_printf ("%s: %s was at %s %s (its %s is %s)", rule->means, one->series, value,
                          moment, knee ? "knee" : "limit", limit);
}

static void
look (Search *search, const Rule *rule, const Course *course)
{
  double bound = get_bound (search, rule, course->points);
  const OrfPoint *point = isnan (bound) ? NULL : find_crossing (rule, course->points, bound);
  OrfLoadSaturation *one;

  if (point == NULL)
    return;
  one = orf_load_saturation_new ();
  one->side = course->side;
  one->name = g_strdup (rule->name);
  one->series = g_strdup (course->series);
  one->unit = g_strdup (course->unit);
  one->kind = get_kind (rule);
  one->at_us = MAX (point->t_us - search->server->from_us, 0);
  one->value = point->value;
  one->limit = bound;
  one->planned_per_s = find_planned (search, one->at_us);
  one->reason = make_reason (rule, one, point == get_point (course->points, 0));
  g_ptr_array_add (search->found, one);
}

static void
look_at_server (Search *search)
{
  for (guint i = 0; i < search->server->series->len; i++) {
    const OrfLoadSeries *series = search->server->series->pdata[i];
    const Course course = { ORF_LOAD_SIDE_SERVER, series->series, series->unit, series->points };

    for (guint rule = 0; rule < G_N_ELEMENTS (server_rules); rule++)
      if (strcmp (server_rules[rule].name, series->name) == 0)
        look (search, &server_rules[rule], &course);
  }
}

/* ---- the client's side ----------------------------------------------------------------------- */

static double
get_latency (const Search *search G_GNUC_UNUSED, const OrfLoadSlice *slice)
{
  return slice->has_p95_us ? (double) slice->p95_us : NAN;
}

static double
get_errors (const Search *search, const OrfLoadSlice *slice)
{
  double answered = slice->rate_per_s * (double) search->server->step_us / (double) ORF_US_PER_S;
  double ended = answered + (double) slice->failed;

  return slice->has_failed && ended > 0 ? 100 * (double) slice->failed / ended : NAN;
}

static double
get_rate (const Search *search G_GNUC_UNUSED, const OrfLoadSlice *slice)
{
  return slice->planned_per_s > 0 ? 100 * slice->rate_per_s / slice->planned_per_s : NAN;
}

static void
look_at_client (Search *search,
                const Rule *rule,
                const char *unit,
                double (*get) (const Search *search, const OrfLoadSlice *slice))
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  const Course course = { ORF_LOAD_SIDE_CLIENT, rule->name, unit, points };

  /* without the last one, which is seldom whole */
  for (guint i = 0; i + 1 < search->slices->len; i++) {
    const OrfLoadSlice *slice = search->slices->pdata[i];
    const OrfPoint point = { search->server->from_us + slice->at_us, get (search, slice) };

    if (!isnan (point.value))
      g_array_append_val (points, point);
  }
  look (search, rule, &course);
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfLoadSaturation *x = *(OrfLoadSaturation *const *) a;
  const OrfLoadSaturation *y = *(OrfLoadSaturation *const *) b;

  if (x->at_us != y->at_us)
    return x->at_us < y->at_us ? -1 : 1;
  if (x->side != y->side)
    return x->side == ORF_LOAD_SIDE_SERVER ? -1 : 1;
  return strcmp (x->series, y->series);
}

GPtrArray *
orf_load_saturation_find (const OrfLoadServer *server,
                          const GPtrArray *slices,
                          double critical_percent)
{
  Search search = { server, slices, critical_percent, g_ptr_array_new () };

  look_at_server (&search);
  look_at_client (&search, &latency_rule, "us", get_latency);
  look_at_client (&search, &errors_rule, "percent", get_errors);
  look_at_client (&search, &rate_rule, "percent", get_rate);
  g_ptr_array_sort (search.found, compare_cb);
  return search.found;
}
