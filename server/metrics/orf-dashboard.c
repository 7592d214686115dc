/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-dashboard.h"

#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "metrics/orf-grid.h"
#include "metrics/orf-live-set.h"
#include "metrics/orf-pace.h"
#include "metrics/orf-quantile.h"
#include "orf-encode.h"
#include "orf-schema-bind.h"

/* The contract's: a message stays about 4 KB. */
#define MAX_SERIES 64
/* Only the newest frame matters. */
#define DEPTH 1

struct _OrfDashboard {
  const OrfMetricsParts *parts;
  OrfRouter *router;
  OrfLiveSet *set;
  OrfChannel *channel;
  gint64 frame_us; /* the newest frame; 0: none yet */
  gint64 sent_us;
  /* made of the newest frame; NULL: nobody asked */
  OrfBlob *first;
  OrfBlob *summary;
};

/* The history as a table: a row for each series, a column for each step. */
typedef struct {
  OrfGrid grid;
  const GPtrArray *series;
  double *values;
} Table;

/* ---- the set --------------------------------------------------------------------------------- */

static gboolean
add_selector (GPtrArray *selectors, const char *text, GError **error)
{
  OrfSelector *selector = orf_selector_parse (text, error);

  if (selector == NULL) {
    g_prefix_error (error, "[dashboard] series: ");
    return FALSE;
  }
  g_ptr_array_add (selectors, selector);
  return TRUE;
}

static GPtrArray *
make_selectors (const OrfConfig *config, GError **error)
{
  g_autoptr (GPtrArray)
    selectors = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_selector_free);
  char *const *texts = config->dashboard.series;
  gboolean chosen = texts != NULL && texts[0] != NULL;

  for (guint i = 0; chosen && texts[i] != NULL; i++)
    if (!add_selector (selectors, texts[i], error))
      return NULL;
  for (guint i = 0; !chosen && i < ORF_N_METRICS; i++)
    if (orf_metrics[i].dashboard && !add_selector (selectors, orf_metrics[i].name, error))
      return NULL;
  return g_steal_pointer (&selectors);
}

static OrfLiveSet *
make_set (const OrfMetricsParts *parts, GError **error)
{
  GPtrArray *selectors = make_selectors (parts->config, error);

  return selectors != NULL ? orf_live_set_new (parts->registry, selectors, MAX_SERIES) : NULL;
}

gboolean
orf_dashboard_check (const OrfConfig *config, GError **error)
{
  g_autoptr (GPtrArray) selectors = make_selectors (config, error);

  return selectors != NULL;
}

gboolean
orf_dashboard_reload (OrfDashboard *dashboard, GError **error)
{
  OrfLiveSet *set = make_set (dashboard->parts, error);

  if (set == NULL)
    return FALSE;
  g_clear_pointer (&dashboard->set, orf_live_set_free);
  dashboard->set = set;
  return TRUE;
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static void
add_value (GString *json, const OrfSeries *series, double value)
{
  orf_encode_member (json, series->text);
  orf_encode_number (json, value);
}

/* The members of one frame, without the braces around them. */
static void
begin_frame (GString *json, gint64 t_us)
{
  g_string_append (json, "\"timestamp_us\":");
  orf_encode_integer (json, t_us);
  g_string_append (json, ",\"metrics\":{");
}

static void
add_current (GString *json, const GPtrArray *set)
{
  for (guint i = 0; i < set->len; i++) {
    const OrfSeries *series = set->pdata[i];
    OrfPoint last;

    if (orf_open_chunk_get_last (&series->chunk, &last))
      add_value (json, series, last.value);
  }
}

static void
begin_update (GString *json, gint64 t_us, const GPtrArray *set)
{
  g_string_append (json, "{\"type\":\"metrics_update\",");
  begin_frame (json, t_us);
  add_current (json, set);
  g_string_append_c (json, '}');
}

/* ---- history --------------------------------------------------------------------------------- */

/* Before the first tick: that one's time is a multiple of a period, and so may be a little before
 * now; frames go forward. */
static gint64
get_now_us (const OrfDashboard *dashboard)
{
  if (dashboard->frame_us > 0)
    return dashboard->frame_us;
  return orf_clock_now_us () - dashboard->parts->config->dashboard.period_us;
}

static void
table_init (Table *table, OrfDashboard *dashboard)
{
  const OrfConfig *config = dashboard->parts->config;

  table->grid = (OrfGrid){ get_now_us (dashboard), config->dashboard.period_us,
                           (guint) config->dashboard.history };
  table->series = orf_live_set_get (dashboard->set);
  table->values = g_new (double, MAX ((gsize) table->series->len * table->grid.n_steps, 1));
  for (guint i = 0; i < table->series->len; i++)
    orf_grid_fill (&table->grid, table->series->pdata[i], table->values + i * table->grid.n_steps);
}

static void
table_clear (Table *table)
{
  g_free (table->values);
}

/* FALSE, and nothing is added, where no series has a value. */
static gboolean
add_row (GString *json, const Table *table, guint step)
{
  gsize before = json->len;
  gboolean any = FALSE;

  orf_encode_comma (json);
  g_string_append_c (json, '{');
  begin_frame (json, orf_grid_get_time_us (&table->grid, step));
  for (guint i = 0; i < table->series->len; i++) {
    double value = table->values[i * table->grid.n_steps + step];

    if (isnan (value))
      continue;
    add_value (json, table->series->pdata[i], value);
    any = TRUE;
  }
  g_string_append (json, "}}");
  if (!any)
    g_string_truncate (json, before);
  return any;
}

static void
add_history (GString *json, const Table *table)
{
  g_string_append (json, "\"history\":[");
  for (guint step = 0; step < table->grid.n_steps; step++)
    add_row (json, table, step);
  g_string_append_c (json, ']');
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void
add_stat (GString *json, const char *name, double value)
{
  orf_encode_member (json, name);
  orf_encode_number (json, value);
}

/* values: some NAN; reordered. */
static void
add_stats (GString *json, double *values, guint n_values)
{
  guint n = 0;
  double sum = 0;

  for (guint i = 0; i < n_values; i++)
    if (!isnan (values[i])) {
      sum += values[i];
      values[n++] = values[i];
    }
  orf_quantile_sort (values, n);
  g_string_append_c (json, '{');
  add_stat (json, "min", n > 0 ? values[0] : NAN);
  add_stat (json, "max", n > 0 ? values[n - 1] : NAN);
  add_stat (json, "mean", n > 0 ? sum / n : NAN);
  add_stat (json, "p50", orf_quantile_get (values, n, 0.5));
  add_stat (json, "p95", orf_quantile_get (values, n, 0.95));
  add_stat (json, "p99", orf_quantile_get (values, n, 0.99));
  g_string_append_c (json, '}');
}

/* Uses the table's values up. */
static void
add_all_stats (GString *json, Table *table)
{
  g_string_append (json, "\"stats\":{");
  for (guint i = 0; i < table->series->len; i++) {
    orf_encode_member (json, ((OrfSeries *) table->series->pdata[i])->text);
    add_stats (json, table->values + i * table->grid.n_steps, table->grid.n_steps);
  }
  g_string_append_c (json, '}');
}

/* All of the summary but who listens, which changes within a frame. */
static OrfBlob *
make_summary (OrfDashboard *dashboard)
{
  g_autoptr (GString) json = g_string_sized_new (65536);
  Table table;

  table_init (&table, dashboard);
  g_string_append (json, "{\"current\":{");
  add_current (json, table.series);
  g_string_append (json, "},");
  add_history (json, &table);
  g_string_append_c (json, ',');
  add_all_stats (json, &table);
  g_string_append (json, ",\"subscribers\":");
  table_clear (&table);
  return orf_blob_new (json->str, json->len);
}

static void
summary_cb (OrfCall *call, const OrfDashboardSummaryParams *params, gpointer user_data)
{
  OrfDashboard *dashboard = user_data;
  g_autoptr (GString) json = NULL;
  const char *text;
  gsize length;

  if (dashboard->summary == NULL)
    dashboard->summary = make_summary (dashboard);
  text = orf_blob_get_data (dashboard->summary, &length);
  json = g_string_sized_new (length + 32);
  g_string_append_len (json, text, (gssize) length);
  orf_encode_integer (json,
                      orf_stream_hub_get_n_streams (orf_router_get_streams (dashboard->router)));
  g_string_append_c (json, '}');
  orf_call_return_encoded (call, json->str, json->len);
}

/* ---- messages -------------------------------------------------------------------------------- */

OrfBlob *
orf_dashboard_get_first (OrfDashboard *dashboard)
{
  g_autoptr (GString) json = NULL;
  Table table;

  if (dashboard->first != NULL)
    return dashboard->first;
  json = g_string_sized_new (65536);
  table_init (&table, dashboard);
  begin_update (json, get_now_us (dashboard), table.series);
  g_string_append_c (json, ',');
  add_history (json, &table);
  g_string_append_c (json, '}');
  table_clear (&table);
  dashboard->first = orf_blob_new_counted (dashboard->parts->memory, json->str, json->len);
  return dashboard->first;
}

OrfChannel *
orf_dashboard_get_channel (OrfDashboard *dashboard)
{
  return dashboard->channel;
}

static void
publish (OrfDashboard *dashboard)
{
  g_autoptr (GString) json = g_string_sized_new (4096);

  begin_update (json, dashboard->frame_us, orf_live_set_get (dashboard->set));
  g_string_append_c (json, '}');
  orf_channel_publish (dashboard->channel, json->str, json->len);
}

void
orf_dashboard_tick (OrfDashboard *dashboard, gint64 t_us)
{
  gint64 period_us = dashboard->parts->config->dashboard.period_us;

  dashboard->frame_us = t_us;
  g_clear_pointer (&dashboard->first, orf_blob_unref);
  g_clear_pointer (&dashboard->summary, orf_blob_unref);
  if (!orf_pace_is_new_period (period_us, dashboard->sent_us, t_us))
    return;
  dashboard->sent_us = t_us;
  if (orf_channel_get_n_streams (dashboard->channel) > 0)
    publish (dashboard);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfDashboard *
orf_dashboard_new (OrfRouter *router, const OrfMetricsParts *parts, GError **error)
{
  OrfLiveSet *set = make_set (parts, error);
  OrfDashboard *dashboard;

  if (set == NULL)
    return NULL;
  dashboard = g_new0 (OrfDashboard, 1);
  dashboard->parts = parts;
  dashboard->router = orf_router_ref (router);
  dashboard->set = set;
  dashboard->channel = orf_channel_new (orf_router_get_streams (router), DEPTH, NULL, NULL);
  orf_bind_dashboard_summary (router, summary_cb, dashboard);
  return dashboard;
}

void
orf_dashboard_free (OrfDashboard *dashboard)
{
  orf_channel_free (dashboard->channel);
  orf_live_set_free (dashboard->set);
  g_clear_pointer (&dashboard->first, orf_blob_unref);
  g_clear_pointer (&dashboard->summary, orf_blob_unref);
  orf_router_unref (dashboard->router);
  g_free (dashboard);
}
