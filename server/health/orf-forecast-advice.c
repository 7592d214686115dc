/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health/orf-forecast-advice.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-schema-types.h"

#define MINUTE_US (60 * ORF_US_PER_S)
#define HOUR_US   (60 * MINUTE_US)
/* Later than that nobody does anything about it today. */
#define FAR_US (24 * HOUR_US)
/* Nearer than that somebody has to be woken: a cleanup takes seconds, a person minutes. */
#define NEAR_US (30 * MINUTE_US)

/* Behind the = of a label of a canonical text; NULL: it has no such label. */
static const char *
find_value (const char *series, const char *key)
{
  for (const char *p = series; (p = strstr (p, key)) != NULL; p++)
    if (p > series && (p[-1] == '{' || p[-1] == ',') && g_str_has_prefix (p + strlen (key), "=\""))
      return p + strlen (key) + 2;
  return NULL;
}

static char *
dup_label (const char *series, const char *key)
{
  const char *value = find_value (series, key);
  const char *end = value;
  g_autofree char *quoted = NULL;

  if (value == NULL)
    return NULL;
  for (; *end != '\0' && *end != '"'; end++)
    if (*end == '\\' && end[1] != '\0')
      end++;
  quoted = g_strndup (value, (gsize) (end - value));
  return g_strcompress (quoted);
}

static char *
format_span (gint64 us)
{
  if (us < 2 * MINUTE_US)
    return g_strdup_printf ("%.0f s", (double) us / ORF_US_PER_S);
  if (us < 2 * HOUR_US)
    return g_strdup_printf ("%.0f min", (double) us / MINUTE_US);
  return g_strdup_printf ("%.1f h", (double) us / HOUR_US);
}

/* The command that does most about it, or shows what is behind it. */
static char *
make_action (const OrfPredictionInfo *prediction)
{
  g_autofree char *device = dup_label (prediction->series, "device");
  g_autofree char *path = dup_label (prediction->series, "path");
  g_autofree char *quoted = NULL;

  if (g_str_has_prefix (prediction->series, "gpu.memory.") && device != NULL) {
    quoted = g_shell_quote (device);
    return g_strdup_printf ("orfeasctl gpu cleanup --device %s", quoted);
  }
  if (g_str_has_prefix (prediction->series, "host.memory."))
    return g_strdup ("orfeasctl workers");
  if (g_str_has_prefix (prediction->series, "host.disk.") && path != NULL) {
    quoted = g_shell_quote (path);
    return g_strdup_printf ("du -xh --max-depth 1 %s", quoted);
  }
  quoted = g_shell_quote (prediction->series);
  return g_strdup_printf ("orfeasctl metrics query %s --last 1h", quoted);
}

static char *
make_evidence (const OrfPredictionInfo *prediction)
{
  const OrfPredictionTime *left = prediction->time_to_threshold_us;
  GString *text = g_string_new (NULL);
  g_autofree char *lower = left->has_lower ? format_span (left->lower) : g_strdup ("now");
  g_autofree char *upper = left->has_upper ? format_span (left->upper) : NULL;

  g_string_append_printf (text, "It is %.4g", prediction->last);
  if (!isnan (prediction->slope_per_s))
    g_string_append_printf (text, " and moves by %.3g an hour", prediction->slope_per_s * 3600);
  if (upper != NULL)
    g_string_append_printf (text, "; in 4 of 5 such cases it is there after %s to %s", lower,
                            upper);
  else
    g_string_append_printf (text, "; after %s at the earliest, perhaps never", lower);
  if (!isnan (prediction->confidence))
    g_string_append_printf (text, ". What was said of it before held in %.0f %% of cases.",
                            100 * prediction->confidence);
  else
    g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

static OrfGpuRecommendation *
recommend (const OrfPredictionInfo *prediction)
{
  OrfGpuRecommendation *recommendation = orf_gpu_recommendation_new ();
  gint64 left_us = prediction->time_to_threshold_us->value;
  g_autofree char *left = format_span (left_us);

  recommendation->severity = left_us <= NEAR_US ? ORF_SEVERITY_CRITICAL : ORF_SEVERITY_WARNING;
  recommendation->title = left_us == 0 ? g_strdup_printf ("%s is at its threshold of %g",
                                                          prediction->series, prediction->threshold)
                                       : g_strdup_printf ("%s reaches %g in %s", prediction->series,
                                                          prediction->threshold, left);
  recommendation->evidence = make_evidence (prediction);
  recommendation->action = make_action (prediction);
  return recommendation;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  const OrfPredictionInfo *left = *(const OrfPredictionInfo *const *) a;
  const OrfPredictionInfo *right = *(const OrfPredictionInfo *const *) b;
  gint64 left_us = left->time_to_threshold_us->value;
  gint64 right_us = right->time_to_threshold_us->value;

  if (left_us != right_us)
    return left_us < right_us ? -1 : 1;
  return strcmp (left->series, right->series);
}

/* Horizons of one series have one time between them. */
static GPtrArray *
list_near (const GPtrArray *predictions)
{
  GPtrArray *near = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < predictions->len; i++) {
    const OrfPredictionInfo *prediction = predictions->pdata[i];
    const OrfPredictionTime *left = prediction->time_to_threshold_us;

    if (left != NULL && left->has_value && left->value <= FAR_US &&
        g_hash_table_add (seen, prediction->series))
      g_ptr_array_add (near, (gpointer) prediction);
  }
  g_ptr_array_sort (near, compare_times);
  return near;
}

GPtrArray *
orf_forecast_advise (const GPtrArray *predictions)
{
  g_autoptr (GPtrArray) near = list_near (predictions);
  GPtrArray *advice = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_recommendation_free);

  for (guint i = 0; i < near->len; i++)
    g_ptr_array_add (advice, recommend (near->pdata[i]));
  return advice;
}
