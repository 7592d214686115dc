/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health/orf-forecast-advice.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "core/orf-id.h"
#include "core/orf-names.h"
#include "store/orf-store-leaks.h"

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

static void
append_time (GString *text, const OrfPredictionTime *left)
{
  g_autofree char *lower = left->has_lower ? orf_format_span (left->lower) : g_strdup ("now");
  g_autofree char *upper = left->has_upper ? orf_format_span (left->upper) : NULL;

  if (upper != NULL)
    g_string_append_printf (text, "; in 4 of 5 such cases it is there after %s to %s", lower,
                            upper);
  else
    g_string_append_printf (text, "; after %s at the earliest, perhaps never", lower);
}

static char *
make_evidence (const OrfPredictionInfo *prediction)
{
  const OrfPredictionTime *left = prediction->time_to_threshold_us;
  GString *text = g_string_new (NULL);
  g_autofree char *slope = orf_format_number (prediction->slope_per_s * 3600);

  g_string_append_printf (text, "It is %.4g", prediction->last);
  if (!isnan (prediction->slope_per_s))
    g_string_append_printf (text, " and moves by %s an hour", slope);
  if (left->value > 0) /* else there is nothing to foretell */
    append_time (text, left);
  g_string_append_c (text, '.');
  if (!isnan (prediction->confidence) && left->value > 0)
    g_string_append_printf (text, " What was said of it before held in %.0f %% of cases.",
                            100 * prediction->confidence);
  return g_string_free (text, FALSE);
}

static OrfGpuRecommendation *
recommend (const OrfPredictionInfo *prediction)
{
  OrfGpuRecommendation *recommendation = orf_gpu_recommendation_new ();
  gint64 left_us = prediction->time_to_threshold_us->value;
  g_autofree char *left = orf_format_span (left_us);

  recommendation->severity = left_us <= NEAR_US ? ORF_SEVERITY_CRITICAL : ORF_SEVERITY_WARNING;
  recommendation->title = left_us == 0 ? g_strdup_printf ("%s is at its threshold of %g",
                                                          prediction->series, prediction->threshold)
                                       : g_strdup_printf ("%s reaches %g in %s", prediction->series,
                                                          prediction->threshold, left);
  recommendation->evidence = make_evidence (prediction);
  recommendation->action = make_action (prediction);
  return recommendation;
}

/* ---- leaks ----------------------------------------------------------------------------------- */

static char *
describe_leak (const OrfLeakRow *leak)
{
  g_autoptr (GDateTime) since = g_date_time_new_from_unix_utc (leak->since_us / ORF_US_PER_S);
  g_autofree char *when = since != NULL ? g_date_time_format (since, "%Y-%m-%dT%H:%M:%SZ") : NULL;
  g_autofree char *grown = orf_format_bytes ((double) leak->grown_bytes);
  g_autofree char *lower = orf_format_bytes (leak->slope_lower_bytes_per_s * 3600);
  g_autofree char *upper = orf_format_bytes (leak->slope_upper_bytes_per_s * 3600);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "It took %s since %s and gave nothing back: %s to %s an hour.",
                          grown, when != NULL ? when : "then", lower, upper);
  if (leak->trigger != NULL)
    g_string_append_printf (text, " It may have begun with: %s.", leak->trigger);
  g_string_append_printf (text, " Confidence: %.2f.", leak->confidence);
  return g_string_free (text, FALSE);
}

static OrfGpuRecommendation *
recommend_about_leak (const OrfLeakRow *leak)
{
  OrfGpuRecommendation *recommendation = orf_gpu_recommendation_new ();
  g_autofree char *worker = leak->worker > 0 ? orf_id_format (ORF_ID_WORKER, leak->worker) : NULL;
  g_autofree char *slope = orf_format_bytes (leak->slope_bytes_per_s * 3600);
  g_autofree char *device = g_shell_quote (leak->device);

  recommendation->severity = ORF_SEVERITY_WARNING;
  recommendation->title = g_strdup_printf ("%s%s%s%s leaks memory of %s: %s an hour",
                                           leak->name != NULL ? leak->name : leak->subject,
                                           worker != NULL ? " (" : "", worker != NULL ? worker : "",
                                           worker != NULL ? ")" : "", leak->device, slope);
  recommendation->evidence = describe_leak (leak);
  if (worker != NULL)
    recommendation->action =
      g_strdup_printf ("orfeasctl gpu cleanup --worker %s --level aggressive", worker);
  else if (leak->pid > 0)
    recommendation->action = g_strdup_printf ("ps -o pid,user,etime,args -p %" G_GINT64_FORMAT,
                                              leak->pid);
  else
    recommendation->action = g_strdup_printf ("orfeasctl gpu leaks %s", device);
  return recommendation;
}

/* ---- all of it ------------------------------------------------------------------------------- */

gboolean
orf_forecast_is_trusted (const OrfPredictionInfo *prediction)
{
  return prediction->time_to_threshold_us != NULL && prediction->time_to_threshold_us->has_value &&
         prediction->regime == ORF_PREDICTION_REGIME_QUIET;
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
  g_autoptr (GHashTable) seen = orf_names_table_new (NULL, NULL);

  for (guint i = 0; i < predictions->len; i++) {
    const OrfPredictionInfo *prediction = predictions->pdata[i];

    if (orf_forecast_is_trusted (prediction) && prediction->time_to_threshold_us->value <= FAR_US &&
        g_hash_table_add (seen, prediction->series))
      g_ptr_array_add (near, (gpointer) prediction);
  }
  g_ptr_array_sort (near, compare_times);
  return near;
}

GPtrArray *
orf_forecast_advise (const GPtrArray *predictions, const GPtrArray *leaks)
{
  g_autoptr (GPtrArray) near = list_near (predictions);
  GPtrArray *advice = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_recommendation_free);

  for (guint i = 0; i < near->len; i++)
    g_ptr_array_add (advice, recommend (near->pdata[i]));
  for (guint i = 0; i < leaks->len; i++)
    g_ptr_array_add (advice, recommend_about_leak (leaks->pdata[i]));
  return advice;
}
