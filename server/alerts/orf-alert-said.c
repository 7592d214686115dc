/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-said.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-expr-parse.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "orf-schema-types.h"

#define MAX_NAME_BYTES 64
#define MAX_LABELS     16
#define DAY_US         (86400 * ORF_US_PER_S)
#define S              ORF_US_PER_S

/* ---- what is built in ------------------------------------------------------------------------ */

typedef struct {
  const char *name, *expr;
  double hysteresis;
  OrfSeverity severity;
  gint64 for_us;
  const char *inhibited_by; /* JSON */
  const char *summary, *help;
} Builtin;

/* The original's ten, and its thresholds where it had one; and lost workers.  What a GPU or a host
 * has for a moment is no news: they wait some seconds, and fire within half a minute of a fault. Of
 * the cache, the requests and errors nothing is measured by the daemon itself: they are what a
 * service records by these names. */
static const Builtin builtins[] = {
  { "cache_hit_rate_low", "cache.hit_rate_percent < 50", 5, ORF_SEVERITY_WARNING, 15 * S, NULL,
    "cache hit rate is {value} %",
    "Look whether keys changed (a deploy?), or the cache is too small for what is asked of it." },
  { "data_silent", "scrape.up == 0", 0, ORF_SEVERITY_WARNING, 10 * S, NULL, "no data from {target}",
    "A target that was measured answers no more: see orfeasctl scrape." },
  { "error_rate_high", "error_rate_percent > 1", .2, ORF_SEVERITY_CRITICAL, 10 * S, NULL,
    "{value} % of requests fail", "Look at the failing requests' traces and logs." },
  { "gpu_fragmentation", "gpu.memory.fragmentation_percent > 30", 5, ORF_SEVERITY_WARNING, 15 * S,
    NULL, "free memory of {device} is {value} % fragmented",
    "Ask workers to free what they cache: orfeasctl gpu cleanup." },
  { "gpu_memory_critical", "gpu.memory.used_percent > 95", 2, ORF_SEVERITY_CRITICAL, 5 * S, NULL,
    "memory of {device} is {value} % used",
    "Ask workers to free memory: orfeasctl gpu cleanup. See who holds it: orfeasctl gpu." },
  { "gpu_memory_exhaustion", "forecast.time_to_threshold_us{metric=\"gpu_memory\"} / 1m < 15", 1,
    ORF_SEVERITY_WARNING, 0, NULL, "{series} is expected to reach its threshold in {value} minutes",
    "See the trend and who grows: orfeasctl predictions, orfeasctl gpu leaks." },
  { "gpu_memory_high", "gpu.memory.used_percent > 85", 2, ORF_SEVERITY_WARNING, 10 * S,
    "[\"gpu_memory_critical\"]", "memory of {device} is {value} % used",
    "See who holds it: orfeasctl gpu; smaller batches: orfeasctl gpu batch-size WORKER." },
  { "gpu_temperature_high", "gpu.temperature_c > 85", 3, ORF_SEVERITY_WARNING, 10 * S, NULL,
    "{device} is at {value} °C", "Check fans and air; the driver throttles soon." },
  { "host_cpu_high", "avg(host.cpu.used_percent, 20s) > 90", 5, ORF_SEVERITY_WARNING, 5 * S, NULL,
    "the CPU is {value} % used", "See what runs beside the service." },
  { "response_slow", "p95(response_time_ms, 1m) > 5000", 500, ORF_SEVERITY_WARNING, 5 * S, NULL,
    "95 % of responses take up to {value} ms", "See the slow traces, and the GPU's queue." },
  { "worker_lost", "worker.lost == 1", 0, ORF_SEVERITY_WARNING, 10 * S, NULL,
    "worker {worker} was lost",
    "It said nothing for too long, or its process ended without a word: see orfeasctl workers." },
};

GPtrArray *
orf_alert_said_builtin (const OrfConfig *config)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_row_free);

  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++) {
    const Builtin *builtin = &builtins[i];
    OrfAlertRuleRow *row = orf_alert_rule_row_new ();

    row->name = g_strdup (builtin->name);
    row->expr = g_strdup (builtin->expr);
    /* a setting that users had */
    if (g_str_equal (builtin->name, "gpu_fragmentation"))
      row->threshold = config->gpu.fragmentation_warning_percent;
    row->hysteresis = builtin->hysteresis;
    row->severity = (int) builtin->severity;
    row->for_us = builtin->for_us;
    row->inhibited_by_json = g_strdup (builtin->inhibited_by);
    row->summary = g_strdup (builtin->summary);
    row->help = g_strdup (builtin->help);
    g_ptr_array_add (rows, row);
  }
  return rows;
}

/* ---- what the config says -------------------------------------------------------------------- */

static gboolean
refuse (const char *rule, const char *key, const char *allowed, const char *text, GError **error)
{
  g_autofree char *field = g_strdup_printf ("alerts.%s.%s", rule, key);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: '%s' is not %s", field, text, allowed));
  return FALSE;
}

/* A number as an expression has it, with its unit. */
static gboolean
parse_number (const char *text, double *number)
{
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, NULL);
  const OrfExpr *positive = expr != NULL && expr->kind == ORF_EXPR_NEGATE ? expr->left : expr;

  if (positive == NULL || positive->kind != ORF_EXPR_NUMBER)
    return FALSE;
  *number = positive == expr ? positive->number : -positive->number;
  return TRUE;
}

static gboolean
set_number (double *member, const char *rule, const char *key, const char *text, GError **error)
{
  return text[0] == '\0' || parse_number (text, member) ||
         refuse (rule, key, "a number, as 85% or 5GiB", text, error);
}

static gboolean
set_time (gint64 *member, const char *rule, const char *key, const char *text, GError **error)
{
  double number;

  if (text[0] == '\0')
    return TRUE;
  if (!parse_number (text, &number) || !(number >= 0) || number > (double) DAY_US)
    return refuse (rule, key, "a time from 0 to 24h, in microseconds or with its unit", text,
                   error);
  *member = (gint64) number;
  return TRUE;
}

static gboolean
set_severity (OrfAlertRuleRow *row, const OrfConfigAlertRule *entry, GError **error)
{
  if (entry->severity[0] == '\0')
    return TRUE;
  row->severity = (int) orf_severity_from_string (entry->severity);
  return row->severity != ORF_SEVERITY_UNSET ||
         refuse (entry->name, "severity", "info, warning or critical", entry->severity, error);
}

/* KEY=VALUE each. */
static gboolean
set_labels (OrfAlertRuleRow *row, const OrfConfigAlertRule *entry, GError **error)
{
  guint n = g_strv_length (entry->labels);
  g_auto (GStrv) pairs = g_strdupv (entry->labels);
  g_autofree char *field = g_strdup_printf ("alerts.%s.labels", entry->name);
  g_auto (GStrv) labels = g_new0 (char *, 2 * n + 1);

  if (n == 0)
    return TRUE;
  qsort (pairs, n, sizeof *pairs, orf_names_compare);
  for (guint i = 0; i < n; i++) {
    const char *equals = strchr (pairs[i], '=');

    if (equals == NULL)
      return refuse (entry->name, "labels", "KEY=VALUE", pairs[i], error);
    labels[2 * i] = g_strndup (pairs[i], (gsize) (equals - pairs[i]));
    labels[2 * i + 1] = g_strdup (equals + 1);
  }
  if (!orf_series_name_check_labels (labels, MAX_LABELS, field, error))
    return FALSE;
  row->labels_json = orf_series_name_labels_to_json (labels);
  return TRUE;
}

static gboolean
set_inhibitors (OrfAlertRuleRow *row, const OrfConfigAlertRule *entry, GError **error)
{
  g_autofree char *field = g_strdup_printf ("alerts.%s.inhibited_by", entry->name);

  if (entry->inhibited_by[0] == NULL)
    return TRUE;
  for (guint i = 0; entry->inhibited_by[i] != NULL; i++)
    if (!orf_alert_said_check_name (entry->inhibited_by[i], field, error))
      return FALSE;
  row->inhibited_by_json = orf_alert_said_names_to_json (entry->inhibited_by);
  return TRUE;
}

static char *
dup_said (const char *text)
{
  return text[0] != '\0' ? g_strdup (text) : NULL;
}

static OrfAlertRuleRow *
make_row (const OrfConfigAlertRule *entry, GError **error)
{
  g_autoptr (OrfAlertRuleRow) row = orf_alert_rule_row_new ();

  row->name = g_strdup (entry->name);
  row->expr = dup_said (entry->expr);
  row->summary = dup_said (entry->summary);
  row->help = dup_said (entry->help);
  row->runbook = dup_said (entry->runbook);
  row->enabled = entry->enabled;
  if (!set_number (&row->threshold, entry->name, "threshold", entry->threshold, error) ||
      !set_number (&row->hysteresis, entry->name, "hysteresis", entry->hysteresis, error) ||
      !set_time (&row->for_us, entry->name, "for_us", entry->for_us, error) ||
      !set_time (&row->keep_firing_for_us, entry->name, "keep_firing_for_us",
                 entry->keep_firing_for_us, error) ||
      !set_time (&row->cooldown_us, entry->name, "cooldown_us", entry->cooldown_us, error) ||
      !set_severity (row, entry, error) || !set_labels (row, entry, error) ||
      !set_inhibitors (row, entry, error))
    return NULL;
  return g_steal_pointer (&row);
}

GPtrArray *
orf_alert_said_config (const OrfConfig *config, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_row_free);

  for (guint i = 0; i < config->alerts.rules->len; i++) {
    OrfAlertRuleRow *row = make_row (config->alerts.rules->pdata[i], error);

    if (row == NULL)
      return NULL;
    g_ptr_array_add (rows, row);
  }
  return g_steal_pointer (&rows);
}

gboolean
orf_alert_said_check_name (const char *name, const char *field, GError **error)
{
  static const char allowed[] = "letters, digits, - and _, at most 64";

  if (orf_names_is_plain (name, MAX_NAME_BYTES))
    return TRUE;
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                          "%s: '%s' is not a name of %s", field, name, allowed));
  return FALSE;
}

char *
orf_alert_said_names_to_json (char *const *names)
{
  g_autofree char *joined = g_strjoinv ("\",\"", (char **) names);

  return names[0] != NULL ? g_strdup_printf ("[\"%s\"]", joined) : g_strdup ("[]");
}
