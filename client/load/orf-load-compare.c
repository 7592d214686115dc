/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-compare.h"

#include <math.h>

#include "orf-error.h"

/* Below this the normal approximation is none. */
#define MIN_VALUES 5

/* Those that slices of time have. */
static const struct {
  const char *name;
  gboolean more_is_worse;
} measures[] = {
  { "rate_per_s", FALSE },
  { "p50_us", TRUE },
  { "p95_us", TRUE },
  { "p99_us", TRUE },
};

typedef struct {
  double value;
  gboolean is_after;
} Ranked;

static int
compare_values (gconstpointer a, gconstpointer b)
{
  double left = ((const Ranked *) a)->value;
  double right = ((const Ranked *) b)->value;

  return (left > right) - (left < right);
}

static double
get_both_tails (double z)
{
  return erfc (fabs (z) / G_SQRT2);
}

static void
add_ranked (GArray *all, const GArray *values, gboolean is_after)
{
  for (guint i = 0; i < values->len; i++) {
    Ranked one = { g_array_index (values, double, i), is_after };

    g_array_append_val (all, one);
  }
}

double
orf_load_compare_ranks (const GArray *before, const GArray *after)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Ranked));
  double n = before->len;
  double m = after->len;
  double rank_sum = 0;
  double ties = 0;
  double variance;

  if (before->len < MIN_VALUES || after->len < MIN_VALUES)
    return NAN;
  add_ranked (all, before, FALSE);
  add_ranked (all, after, TRUE);
  g_array_sort (all, compare_values);
  for (guint from = 0, to; from < all->len; from = to) {
    double equal;

    for (to = from + 1; to < all->len && compare_values (&g_array_index (all, Ranked, from),
                                                         &g_array_index (all, Ranked, to)) == 0;)
      to++;
    equal = to - from;
    ties += equal * equal * equal - equal;
    for (guint i = from; i < to; i++)
      rank_sum += g_array_index (all, Ranked, i).is_after ? (from + 1 + to) / 2. : 0;
  }
  variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  /* all of them are the same */
  if (variance <= 0)
    return 1;
  return get_both_tails ((rank_sum - m * (m + 1) / 2 - n * m / 2) / sqrt (variance));
}

double
orf_load_compare_shares (double failed_before, double n_before, double failed_after, double n_after)
{
  double share = (failed_before + failed_after) / (n_before + n_after);
  double variance = share * (1 - share) * (1 / n_before + 1 / n_after);

  if (n_before < 1 || n_after < 1)
    return NAN;
  if (variance <= 0)
    return 1;
  return get_both_tails ((failed_after / n_after - failed_before / n_before) / sqrt (variance));
}

/* ---- reports --------------------------------------------------------------------------------- */

static double
get_number (json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);

  return json_is_number (value) ? json_number_value (value) : NAN;
}

/* The last slice, which is seldom whole, and those before the first answer are left out. */
static GArray *
get_values (json_t *measured, const char *name)
{
  json_t *slices = json_object_get (measured, "slices");
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (gsize i = 0; i + 1 < json_array_size (slices); i++) {
    double value = get_number (json_array_get (slices, i), name);

    if (!isnan (value))
      g_array_append_val (values, value);
  }
  return values;
}

static void
add_measure (GArray *differences, json_t *before, json_t *after, guint measure)
{
  const char *name = measures[measure].name;
  g_autoptr (GArray) old = get_values (before, name);
  g_autoptr (GArray) new = get_values (after, name);
  OrfLoadDifference one = { .name = name,
                            .before = get_number (json_object_get (before, "total"), name),
                            .after = get_number (json_object_get (after, "total"), name),
                            .p = orf_load_compare_ranks (old, new) };

  one.is_worse = measures[measure].more_is_worse ? one.after > one.before : one.after < one.before;
  g_array_append_val (differences, one);
}

static void
add_errors (GArray *differences, json_t *before, json_t *after)
{
  json_t *totals[2] = { json_object_get (before, "total"), json_object_get (after, "total") };
  double failed[2];
  double n[2];
  OrfLoadDifference one = { .name = "error_percent" };

  for (guint i = 0; i < G_N_ELEMENTS (totals); i++) {
    failed[i] = get_number (totals[i], "failed");
    n[i] = failed[i] + get_number (totals[i], "answered");
  }
  one.before = 100 * failed[0] / n[0];
  one.after = 100 * failed[1] / n[1];
  one.p = orf_load_compare_shares (failed[0], n[0], failed[1], n[1]);
  one.is_worse = one.after > one.before;
  g_array_append_val (differences, one);
}

GArray *
orf_load_compare (json_t *before, json_t *after, GError **error)
{
  json_t *measured[2] = { json_object_get (before, "orfeas"), json_object_get (after, "orfeas") };
  GArray *differences;

  for (guint i = 0; i < G_N_ELEMENTS (measured); i++) {
    if (!json_is_object (json_object_get (measured[i], "total")) ||
        !json_is_array (json_object_get (measured[i], "slices"))) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                   "%s is no report of orfeasctl load", i == 0 ? "the first" : "the second");
      return NULL;
    }
  }
  differences = g_array_new (FALSE, FALSE, sizeof (OrfLoadDifference));
  for (guint i = 0; i < G_N_ELEMENTS (measures); i++)
    add_measure (differences, measured[0], measured[1], i);
  add_errors (differences, measured[0], measured[1]);
  return differences;
}

/* ---- the daemon's side ----------------------------------------------------------------------- */

/* Others are neutral: more calls, or a busier device, may be what was asked for. */
static const struct {
  const char *name;
  gboolean more_is_worse;
} server_measures[] = {
  { "gpu.memory.used_percent", TRUE },  { "host.cpu.used_percent", TRUE },
  { "host.memory.used_percent", TRUE }, { "orfeas.cpu_percent", TRUE },
  { "orfeas.memory.rss_bytes", TRUE },  { "orfeas.loop_stall_us", TRUE },
  { "orfeas.rpc.errors", TRUE },        { "span.duration_us", TRUE },
  { "cache.hit_rate_percent", FALSE },
};

static json_t *
get_series (json_t *document)
{
  return json_object_get (json_object_get (document, "server"), "series");
}

static json_t *
find_series (json_t *list, const char *series)
{
  gsize i;
  json_t *one;

  json_array_foreach (list, i, one)
  {
    if (g_strcmp0 (json_string_value (json_object_get (one, "series")), series) == 0)
      return one;
  }
  return NULL;
}

static GArray *
get_point_values (json_t *series)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));
  gsize i;
  json_t *point;

  json_array_foreach (json_object_get (series, "points"), i, point)
  {
    json_t *value = json_array_get (point, 1);
    double number = json_number_value (value);

    if (json_is_number (value))
      g_array_append_val (values, number);
  }
  return values;
}

static void
set_worse (OrfLoadDifference *one, const char *name)
{
  one->is_neutral = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (server_measures); i++) {
    if (g_strcmp0 (server_measures[i].name, name) != 0)
      continue;
    one->is_neutral = FALSE;
    one->is_worse = server_measures[i].more_is_worse ? one->after > one->before
                                                     : one->after < one->before;
  }
}

GArray *
orf_load_compare_servers (json_t *before, json_t *after)
{
  GArray *differences = g_array_new (FALSE, FALSE, sizeof (OrfLoadDifference));
  gsize i;
  json_t *old;

  json_array_foreach (get_series (before), i, old)
  {
    const char *series = json_string_value (json_object_get (old, "series"));
    json_t *new = series != NULL ? find_series (get_series (after), series) : NULL;
    g_autoptr (GArray) old_values = get_point_values (old);
    g_autoptr (GArray) new_values = get_point_values (new);
    OrfLoadDifference one = { .name = series,
                              .before = get_number (old, "mean"),
                              .after = get_number (new, "mean"),
                              .p = orf_load_compare_ranks (old_values, new_values) };

    if (new == NULL)
      continue;
    set_worse (&one, json_string_value (json_object_get (old, "name")));
    g_array_append_val (differences, one);
  }
  return differences;
}
