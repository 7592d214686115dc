/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-traces.h"

#define DEFAULT_LIMIT 100

/* ---- parameters ------------------------------------------------------------------------------ */

/* KEY=VALUE,KEY=VALUE */
static json_t *
parse_tags (const char *text, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (text, ",", -1);
  g_autoptr (json_t) tags = json_object ();

  for (guint i = 0; pairs[i] != NULL; i++) {
    g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);

    if (g_strv_length (pair) != 2 || pair[0][0] == '\0' ||
        json_object_set_new (tags, pair[0], json_string (pair[1])) != 0) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                   "--tag %s: it has to be KEY=VALUE, or several parted by commas", text);
      return NULL;
    }
  }
  return g_steal_pointer (&tags);
}

json_t *
orf_ctl_traces_new_params (const OrfCtl *ctl, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *tag = orf_ctl_options_get (options, "tag");
  g_autoptr (json_t) params = json_object ();
  json_t *tags;

  orf_ctl_params_add_text (ctl, params, "service");
  orf_ctl_params_add_text (ctl, params, "operation");
  if (orf_ctl_options_has (options, "errors"))
    json_object_set_new (params, "outcome", json_string ("error"));
  if (tag != NULL) {
    tags = parse_tags (tag, error);
    if (tags == NULL)
      return NULL;
    json_object_set_new (params, "tags", tags);
  }
  if (!orf_ctl_params_add_duration (ctl, params, "longer", "min_duration_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* As people read it for a terminal, else in microseconds. */
char *
orf_ctl_traces_format_duration (const OrfCtl *ctl, gint64 duration_us)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  return terminal->is_terminal ? orf_ctl_format_duration_us ((double) duration_us, terminal->utf8)
                               : g_strdup_printf ("%" G_GINT64_FORMAT, duration_us);
}

static void
add_duration (const OrfCtl *ctl, OrfCtlTable *table, gboolean has, gint64 duration_us)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      has ? orf_ctl_traces_format_duration (ctl, duration_us) : NULL);
}

static void
add_count (OrfCtlTable *table, OrfCtlStyle style, gint64 count)
{
  orf_ctl_table_take (table, style, g_strdup_printf ("%" G_GINT64_FORMAT, count));
}

static const char *
get_duration_title (const OrfCtlTerminal *terminal, const char *title, const char *exact)
{
  return terminal->is_terminal ? title : exact;
}

/* ---- traces list ----------------------------------------------------------------------------- */

OrfCtlTable *
orf_ctl_traces_new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "SERVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "OPERATION", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "DURATION", "DURATION_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SPANS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "ERRORS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TRACE", 0);
  return table;
}

void
orf_ctl_traces_add (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfTraceInfo *trace = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, trace->start_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, trace->service);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, trace->operation);
  add_duration (ctl, table, TRUE, trace->duration_us);
  add_count (table, ORF_CTL_PLAIN, trace->spans);
  add_count (table, trace->errors > 0 ? ORF_CTL_BAD : ORF_CTL_FAINT, trace->errors);
  orf_ctl_table_add (table, ORF_CTL_FAINT, trace->trace_id);
}

static const GPtrArray *
read_list_cb (gconstpointer page, const char **next_cursor)
{
  const OrfTracesListResult *result = page;

  *next_cursor = result->next_cursor;
  return result->traces;
}

static void
free_list_cb (gpointer page)
{
  orf_traces_list_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_TRACES_LIST,
  .nothing = "no traces\n",
  .default_limit = DEFAULT_LIMIT,
  .read = read_list_cb,
  .free_page = free_list_cb,
  .add = orf_ctl_traces_add,
};

OrfCtlExit
orf_ctl_verb_traces_list (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_traces_new_table (orf_ctl_get_terminal (ctl));
  json_t *params = orf_ctl_traces_new_params (ctl, error);

  return params != NULL ? orf_ctl_list_show (ctl, &list, table, params, error) : ORF_CTL_USAGE;
}

/* ---- traces slow ----------------------------------------------------------------------------- */

static void
add_slow_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfSlowSpan *span = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, span->start_us));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, span->service);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, span->operation);
  add_duration (ctl, table, TRUE, span->duration_us);
  add_duration (ctl, table, span->has_usual_us, span->usual_us);
  orf_ctl_table_take (table, ORF_CTL_WARNING,
                      span->has_usual_us && span->usual_us > 0
                        ? g_strdup_printf ("%.1f",
                                           (double) span->duration_us / (double) span->usual_us)
                        : NULL);
  orf_ctl_table_add (table, ORF_CTL_FAINT, span->trace_id);
}

static const GPtrArray *
read_slow_cb (gconstpointer page, const char **next_cursor)
{
  const OrfTracesSlowResult *result = page;

  *next_cursor = result->next_cursor;
  return result->spans;
}

static void
free_slow_cb (gpointer page)
{
  orf_traces_slow_result_free (page);
}

static const OrfCtlList slow = {
  .method = ORF_METHOD_TRACES_SLOW,
  .nothing = "no slow spans\n",
  .default_limit = DEFAULT_LIMIT,
  .read = read_slow_cb,
  .free_page = free_slow_cb,
  .add = add_slow_cb,
};

OrfCtlExit
orf_ctl_verb_traces_slow (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  json_t *params = orf_ctl_traces_new_params (ctl, error);

  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "SERVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "OPERATION", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "DURATION", "DURATION_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "USUAL", "USUAL_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TIMES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TRACE", 0);
  return params != NULL ? orf_ctl_list_show (ctl, &slow, table, params, error) : ORF_CTL_USAGE;
}

/* ---- traces services, traces stats ----------------------------------------------------------- */

static void
print_table (const OrfCtl *ctl, const OrfCtlTable *table)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_get_terminal (ctl)->is_terminal && orf_ctl_table_get_n_rows (table) == 0)
    g_string_append (out, "no spans\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_traces_services (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfTracesServicesResult) result = NULL;
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_TRACES_SERVICES, NULL, (gpointer *) &result,
                                      error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  orf_ctl_table_add_column (table, "SERVICE", 0);
  orf_ctl_table_add_column (table, "OPERATION", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < result->services->len; i++) {
    const OrfTraceService *service = result->services->pdata[i];

    for (guint k = 0; service->operations != NULL && service->operations[k] != NULL; k++) {
      orf_ctl_table_add (table, ORF_CTL_PLAIN, service->service);
      orf_ctl_table_add (table, ORF_CTL_PLAIN, service->operations[k]);
    }
  }
  print_table (ctl, table);
  return ORF_CTL_DONE;
}

static OrfCtlTable *
new_stats_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SERVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "OPERATION", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "SPANS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PER_S", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "ERRORS_PERCENT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "P50", "P50_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "P95", "P95_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, get_duration_title (terminal, "P99", "P99_US"),
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LONGEST", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

OrfCtlExit
orf_ctl_verb_traces_stats (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfTracesStatsResult) result = NULL;
  g_autoptr (OrfCtlTable) table = new_stats_table (orf_ctl_get_terminal (ctl));
  json_t *params = orf_ctl_traces_new_params (ctl, error);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_TRACES_STATS, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  for (guint i = 0; i < result->operations->len; i++) {
    const OrfTraceOperationStats *one = result->operations->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->service);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->operation);
    add_count (table, ORF_CTL_PLAIN, one->spans);
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_number (one->rate_per_s));
    orf_ctl_table_take (table, one->error_percent > 0 ? ORF_CTL_BAD : ORF_CTL_FAINT,
                        orf_ctl_format_number (one->error_percent));
    add_duration (ctl, table, one->has_p50_us, one->p50_us);
    add_duration (ctl, table, one->has_p95_us, one->p95_us);
    add_duration (ctl, table, one->has_p99_us, one->p99_us);
    orf_ctl_table_add (table, ORF_CTL_FAINT,
                       one->exemplars->len > 0
                         ? ((OrfTraceExemplar *) one->exemplars->pdata[0])->trace_id
                         : NULL);
  }
  print_table (ctl, table);
  return ORF_CTL_DONE;
}
