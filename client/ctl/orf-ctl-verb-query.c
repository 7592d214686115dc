/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-query.h"
#include "orf-ctl-spark.h"
#include "orf-ctl-table.h"

#define INDENT 2
#define DAY_US (86400 * (gint64) G_USEC_PER_SEC)

/* ---- points: a table ---------------------------------------------------------------------------
 */

static void
append_points (const OrfCtl *ctl, GString *out, const OrfMetricsQueryResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  gboolean utc = orf_ctl_options_has (orf_ctl_get_options (ctl), "utc");
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "VALUE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < result->series->len; i++) {
    const OrfMetricsSeriesPoints *series = result->series->pdata[i];

    for (guint k = 0; k < series->points->len; k++) {
      const OrfPoint *point = &g_array_index (series->points, OrfPoint, k);

      orf_ctl_table_take (table, ORF_CTL_PLAIN,
                          terminal->is_terminal ? orf_ctl_format_time (point->t_us, utc)
                                                : orf_ctl_format_time_utc (point->t_us));
      orf_ctl_table_take (table, ORF_CTL_STRONG,
                          terminal->is_terminal
                            ? orf_ctl_format_metric (series->name, point->value, terminal->utf8)
                            : orf_ctl_format_exact (point->value));
      orf_ctl_table_add (table, ORF_CTL_FAINT, series->series);
    }
  }
  orf_ctl_table_append_to (table, out);
}

/* ---- for eyes: a line of blocks for each series ------------------------------------------------
 */

typedef struct {
  double minimum, maximum, mean, last; /* NAN: no point has a value */
  guint count;
} Summary;

static Summary
summarize (const GArray *points)
{
  Summary summary = { INFINITY, -INFINITY, 0, NAN, 0 };

  for (guint i = 0; i < points->len; i++) {
    double value = g_array_index (points, OrfPoint, i).value;

    if (isnan (value))
      continue;
    summary.minimum = MIN (summary.minimum, value);
    summary.maximum = MAX (summary.maximum, value);
    summary.count++;
    /* a running mean: the sum of large values would lose the small ones */
    summary.mean += (value - summary.mean) / summary.count;
    summary.last = value;
  }
  if (summary.count == 0)
    summary = (Summary){ NAN, NAN, NAN, NAN, 0 };
  return summary;
}

static void
append_summary (const OrfCtlTerminal *terminal,
                GString *out,
                const OrfMetricsSeriesPoints *series,
                const Summary *summary)
{
  const struct {
    const char *label;
    double value;
  } facts[] = { { "min", summary->minimum },
                { "avg", summary->mean },
                { "max", summary->maximum },
                { "last", summary->last } };
  g_autofree char *count = g_strdup_printf ("%u point%s", summary->count,
                                            summary->count == 1 ? "" : "s");

  g_string_append_printf (out, "%*s", INDENT, "");
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++) {
    g_autofree char *text = orf_ctl_format_metric (series->name, facts[i].value, terminal->utf8);

    orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, facts[i].label);
    g_string_append_printf (out, " %s   ",
                            text != NULL ? text : orf_ctl_terminal_get_dash (terminal));
  }
  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, count);
  g_string_append_c (out, '\n');
}

static void
append_series (const OrfCtlTerminal *terminal,
               GString *out,
               const OrfMetricsSeriesPoints *series,
               const OrfMetricsQueryResult *result)
{
  g_autofree char *name = orf_ctl_terminal_clean (terminal, series->series);
  Summary summary = summarize (series->points);
  g_autofree char *line = orf_ctl_spark_points ((const OrfPoint *) (void *) series->points->data,
                                                series->points->len, result->from_us, result->to_us,
                                                terminal->width - 2 * INDENT, terminal->utf8);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, name);
  g_string_append_printf (out, "\n%*s", INDENT, "");
  orf_ctl_terminal_append (terminal, out, ORF_CTL_ACCENT, line);
  g_string_append_c (out, '\n');
  append_summary (terminal, out, series, &summary);
}

static void
append_caption (const OrfCtl *ctl, GString *out, const OrfMetricsQueryResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *aggregate = orf_ctl_options_get (options, "aggregate");
  const char *step = orf_ctl_options_get (options, "step");
  gboolean utc = orf_ctl_options_has (options, "utc");
  g_autofree char *from = orf_ctl_format_time (result->from_us - result->from_us % G_USEC_PER_SEC,
                                               utc);
  /* within a day the clock says enough */
  g_autofree char *to = result->to_us - result->from_us < DAY_US
                          ? orf_ctl_format_clock (result->to_us, utc)
                          : orf_ctl_format_time (result->to_us - result->to_us % G_USEC_PER_SEC,
                                                 utc);
  g_autofree char *span = orf_ctl_format_duration_us ((double) (result->to_us - result->from_us),
                                                      terminal->utf8);
  g_autoptr (GString) caption = g_string_new (NULL);

  g_string_append_printf (caption, "%s %s %s, %s", from, terminal->utf8 ? "→" : "to", to, span);
  if (step != NULL)
    g_string_append_printf (caption, ", %s of each %s", aggregate != NULL ? aggregate : "one value",
                            step);
  else if (aggregate != NULL)
    g_string_append_printf (caption, ", %s of all", aggregate);
  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, caption->str);
  g_string_append_c (out, '\n');
}

static void
append_sparks (const OrfCtl *ctl, GString *out, const OrfMetricsQueryResult *result)
{
  for (guint i = 0; i < result->series->len; i++)
    append_series (orf_ctl_get_terminal (ctl), out, result->series->pdata[i], result);
  if (result->series->len == 0)
    g_string_append (out, "no series matches, or none has points in this span\n");
  append_caption (ctl, out, result);
}

/* ---- CSV ---------------------------------------------------------------------------------------
 */

/* As it came, for a file is compared byte by byte; a terminal gets nothing that drives it. */
static void
append_csv (const OrfCtlTerminal *terminal, GString *out, const char *csv)
{
  g_auto (GStrv) lines = NULL;

  if (!terminal->is_terminal) {
    g_string_append (out, csv);
    return;
  }
  lines = g_strsplit (csv, "\r\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_autofree char *clean = orf_ctl_terminal_clean (terminal, *line);

    g_string_append_printf (out, "%s%s", line > lines ? "\n" : "", clean);
  }
}

/* Takes params. */
static OrfCtlExit export(OrfCtl *ctl, json_t *params, GError **error)
{
  g_autoptr (OrfMetricsExportResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_query_fetch (ctl, ORF_METHOD_METRICS_EXPORT, params,
                                            (gpointer *) &result, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_csv (orf_ctl_get_terminal (ctl), out, result->csv);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_metrics_export (OrfCtl *ctl, GError **error)
{
  json_t *params = orf_ctl_query_new_params (ctl, error);

  return params != NULL ? export(ctl, params, error) : ORF_CTL_USAGE;
}

OrfCtlExit
orf_ctl_verb_metrics_query (OrfCtl *ctl, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  json_t *params = orf_ctl_query_new_params (ctl, error);
  g_autoptr (OrfMetricsQueryResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict;
  gboolean is_moment;

  if (params == NULL)
    return ORF_CTL_USAGE;
  /* an expression without a span is one value a series */
  is_moment = orf_ctl_options_has (options, "expr") && json_object_get (params, "step_us") == NULL;
  if (orf_ctl_options_has (options, "csv"))
    return export(ctl, params, error);
  verdict = orf_ctl_query_fetch (ctl, ORF_METHOD_METRICS_QUERY, params, (gpointer *) &result,
                                 error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (orf_ctl_options_has (options, "points") || !orf_ctl_get_terminal (ctl)->is_terminal ||
      is_moment)
    append_points (ctl, out, result);
  else
    append_sparks (ctl, out, result);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
