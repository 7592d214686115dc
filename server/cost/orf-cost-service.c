/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: what is measured is written; the file is read in a reader's thread; then the
 * counters that config names are read, one after the other.
 */
#include "cost/orf-cost-service.h"

#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-percent.h"
#include "core/orf-sum.h"
#include "cost/orf-cost-book.h"
#include "cost/orf-cost-counter.h"
#include "cost/orf-cost-months.h"
#include "cost/orf-cost-read.h"
#include "metrics/orf-selector.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"

/* The counter, in microseconds of device time, that a cache feeds. */
#define CACHE_SAVED "cache.saved_us"
#define BYTES_IN_GB 1e9

struct _OrfCostService {
  const OrfMetricsParts *parts;
  OrfCostMeter *meter; /* NULL: nobody measures */
};

typedef struct {
  OrfCostService *service;
  OrfCall *call;
  OrfCostSummaryRead read;
  guint limit;
  gint64 position; /* of the first entry that is told */
  double counted, saved_us;
} Summary;

typedef struct {
  OrfCostService *service;
  OrfCall *call;
  OrfCostTrendRead read;
} Trend;

static gboolean
are_prices_known (const OrfCostService *service)
{
  g_autoptr (OrfCostPrices) prices = orf_cost_prices_new (service->parts->config, NULL);

  return prices != NULL && orf_cost_prices_are_known (prices);
}

/* ---- the summary's answer -------------------------------------------------------------------- */

static OrfCostEntry *
make_entry (const Summary *ask, const OrfCostLine *line)
{
  const OrfCostBill *bill = ask->read.bill;
  OrfCostEntry *entry = orf_cost_entry_new ();
  gboolean known = bill->used.priced_us + bill->idle.priced_us > 0;

  entry->name = g_strdup (line->name);
  entry->used_us = line->used.us;
  entry->cost = orf_cost_sum_get_amount (&line->used, line->used_nano, known);
  entry->share_percent = orf_percent_of ((double) line->used.us,
                                         (double) (bill->used.us + bill->idle.us));
  entry->has_rest = TRUE;
  entry->rest = line->rest;
  if (line->service[0] != '\0')
    entry->service = g_strdup (line->service);
  entry->idle_cost = NAN;
  if (ask->read.by == ORF_COST_BY_DEVICE) {
    entry->has_idle_us = TRUE;
    entry->idle_us = line->idle.us;
    entry->idle_cost = orf_cost_sum_get_amount (&line->idle, line->idle_nano, known);
  }
  return entry;
}

static void
set_entries (const Summary *ask, OrfCostSummaryResult *result)
{
  const GPtrArray *lines = ask->read.bill->lines;
  guint from = (guint) MIN (ask->position, (gint64) lines->len);
  guint to = from + MIN (ask->limit, lines->len - from);

  result->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_entry_free);
  for (guint i = from; i < to; i++)
    g_ptr_array_add (result->entries, make_entry (ask, lines->pdata[i]));
  if (to < lines->len)
    result->next_cursor = orf_list_cursor_format (0, to);
}

static void
set_bill (const Summary *ask, OrfCostSummaryResult *result)
{
  const OrfCostBill *bill = ask->read.bill;
  gboolean known = are_prices_known (ask->service);
  const OrfCostSum total = {
    .us = bill->used.us + bill->idle.us,
    .priced_us = bill->used.priced_us + bill->idle.priced_us,
  };

  result->device_us = total.us;
  result->used_us = bill->used.us;
  result->idle_us = bill->idle.us;
  result->unseen_us = bill->unseen.us;
  result->unpriced_us = total.us - total.priced_us;
  result->total_cost = orf_cost_sum_get_amount (&total, bill->used_nano + bill->idle_nano, known);
  result->idle_cost = orf_cost_sum_get_amount (&bill->idle, bill->idle_nano,
                                               known || total.priced_us > 0);
  result->unseen_cost = orf_cost_sum_get_amount (&bill->unseen, bill->unseen_nano,
                                                 known || total.priced_us > 0);
  result->basis = bill->basis;
}

/* By what the counters say. */
static void
set_rates (const Summary *ask, OrfCostSummaryResult *result)
{
  const OrfConfig *config = ask->service->parts->config;

  result->gb = config->cost.gb_unit == ORF_CONFIG_COST_GB_UNIT_BYTES ? ask->counted / BYTES_IN_GB
                                                                     : ask->counted;
  result->cost_per_gb = result->gb > 0 ? result->total_cost / result->gb : NAN;
  result->cache_saved_cost = NAN;
  if (isnan (ask->saved_us))
    return;
  result->has_cache_saved_us = TRUE;
  /* a counter that anybody may feed with any number */
  result->cache_saved_us = MAX (orf_sum_from_number (round (ask->saved_us)), 0);
  if (result->device_us > 0)
    result->cache_saved_cost = result->total_cost / (double) result->device_us * ask->saved_us;
}

static void
summary_free (Summary *ask)
{
  orf_cost_summary_read_clear (&ask->read);
  g_free (ask);
}

static void
answer (Summary *ask)
{
  g_autoptr (OrfCostSummaryResult) result = orf_cost_summary_result_new ();

  result->from_us = ask->read.told_from_us;
  result->to_us = ask->read.told_to_us;
  result->currency = g_strdup (ask->service->parts->config->cost.currency);
  set_bill (ask, result);
  set_entries (ask, result);
  set_rates (ask, result);
  result->batch_changes = g_steal_pointer (&ask->read.changes);
  orf_call_return_cost_summary (ask->call, result);
  summary_free (ask);
}

/* ---- its way --------------------------------------------------------------------------------- */

static void
saved_cb (gpointer user_data, double rise)
{
  Summary *ask = user_data;

  ask->saved_us = rise;
  answer (ask);
}

static void
counted_cb (gpointer user_data, double rise)
{
  Summary *ask = user_data;

  ask->counted = rise;
  orf_cost_counter_read (ask->service->parts, CACHE_SAVED, ask->read.told_from_us,
                         ask->read.told_to_us, orf_call_get_cancel (ask->call), saved_cb, ask);
}

static gboolean
read_summary_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_cost_summary_read_run (&((Summary *) data)->read, connection, error);
}

static void
summary_read_cb (gpointer user_data, const GError *error)
{
  Summary *ask = user_data;

  if (error != NULL) {
    orf_call_fail (ask->call, g_error_copy (error));
    summary_free (ask);
    return;
  }
  orf_cost_counter_read (ask->service->parts, ask->service->parts->config->cost.gb_counter,
                         ask->read.told_from_us, ask->read.told_to_us,
                         orf_call_get_cancel (ask->call), counted_cb, ask);
}

static void
summary_flushed_cb (gpointer user_data)
{
  Summary *ask = user_data;

  orf_store_read (ask->service->parts->store, read_summary_thread_cb, ask,
                  orf_call_get_cancel (ask->call), summary_read_cb, ask);
}

static void
flush (OrfCostService *service, void (*done) (gpointer user_data), gpointer user_data)
{
  if (service->meter != NULL)
    orf_cost_meter_flush (service->meter, done, user_data);
  else
    done (user_data);
}

static gboolean
check_span (const OrfCostSummaryParams *params, gint64 now_us, GError **error)
{
  gint64 to_us = params->has_to_us ? params->to_us : now_us;

  if (!params->has_from_us || params->from_us < to_us)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "from_us",
                                                 "less than to_us", "from_us: the span is empty"));
  return FALSE;
}

static void
summary_cb (OrfCall *call, const OrfCostSummaryParams *params, gpointer user_data)
{
  OrfCostService *service = user_data;
  const OrfConfig *config = service->parts->config;
  gint64 now_us = orf_clock_now_us (), position = 0, unused;
  GError *error = NULL;
  Summary *ask;

  if (!check_span (params, now_us, &error) ||
      (params->cursor != NULL &&
       !orf_list_cursor_parse (params->cursor, &unused, &position, &error))) {
    orf_call_fail (call, error);
    return;
  }
  ask = g_new0 (Summary, 1);
  *ask = (Summary){
    .service = service,
    .call = call,
    .limit = (guint) params->limit,
    .position = position,
    .read = {
      .by = params->by,
      .with_changes = params->cursor == NULL,
      .from_us = params->has_from_us ? params->from_us : -1,
      .to_us = params->has_to_us ? params->to_us : -1,
      .now_us = now_us,
      .max_spans = config->cost.max_spans,
      .own_service = config->trace.service_name,
    },
  };
  flush (ask->service, summary_flushed_cb, ask);
}

/* ---- months ---------------------------------------------------------------------------------- */

static double
get_amount (const OrfCostSum *sum)
{
  return orf_cost_sum_get_amount (sum, orf_split_round (sum->product, ORF_COST_HOUR_US), FALSE);
}

static OrfCostMonth *
make_month (const OrfCostTrendRead *read, const OrfCostMonthRead *from)
{
  OrfCostMonth *month = orf_cost_month_new ();

  month->from_us = from->from_us;
  month->to_us = from->to_us;
  month->cost = get_amount (&from->bill);
  /* nothing of it was idle, or nothing is known of it */
  month->idle_cost = from->idle.us > 0 ? get_amount (&from->idle) : month->cost * 0;
  month->projected_cost = NAN;
  if (read->now_us < from->to_us && read->told_us >= from->from_us)
    month->projected_cost = orf_cost_month_project (month->cost, get_amount (&read->recent),
                                                    read->recent_us, read->told_us, from->to_us);
  month->device_us = from->bill.us;
  month->unseen_us = from->unseen_us;
  return month;
}

static void
trend_read_cb (gpointer user_data, const GError *error)
{
  Trend *ask = user_data;
  g_autoptr (OrfCostTrendResult) result = orf_cost_trend_result_new ();

  result->currency = g_strdup (ask->service->parts->config->cost.currency);
  result->months = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_month_free);
  for (guint i = 0; error == NULL && i < ask->read.months->len; i++)
    g_ptr_array_add (result->months, make_month (&ask->read, &g_array_index (ask->read.months,
                                                                             OrfCostMonthRead, i)));
  if (error != NULL)
    orf_call_fail (ask->call, g_error_copy (error));
  else
    orf_call_return_cost_trend (ask->call, result);
  g_clear_pointer (&ask->read.months, g_array_unref);
  g_free (ask);
}

static gboolean
read_trend_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_cost_trend_read_run (&((Trend *) data)->read, connection, error);
}

static void
trend_flushed_cb (gpointer user_data)
{
  Trend *ask = user_data;

  orf_store_read (ask->service->parts->store, read_trend_thread_cb, ask,
                  orf_call_get_cancel (ask->call), trend_read_cb, ask);
}

static void
trend_cb (OrfCall *call, const OrfCostTrendParams *params, gpointer user_data)
{
  Trend *ask = g_new0 (Trend, 1);

  *ask = (Trend){
    .service = user_data,
    .call = call,
    .read = { .max = (guint) params->months, .now_us = orf_clock_now_us () },
  };
  flush (ask->service, trend_flushed_cb, ask);
}

/* ---- life ------------------------------------------------------------------------------------ */

gboolean
orf_cost_service_check (const OrfConfig *config, GError **error)
{
  g_autoptr (OrfCostPrices) prices = orf_cost_prices_new (config, error);
  g_autoptr (OrfSelector) selector = NULL;
  g_autoptr (GError) failure = NULL;

  if (prices == NULL)
    return FALSE;
  if (config->cost.gb_counter[0] == '\0')
    return TRUE;
  selector = orf_selector_parse (config->cost.gb_counter, &failure);
  if (selector == NULL)
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "cost.gb_counter",
                                                   "a name or a selector", "cost.gb_counter: %s",
                                                   failure->message));
  return selector != NULL;
}

OrfCostService *
orf_cost_service_new (const OrfMetricsParts *parts)
{
  OrfCostService *service = g_new0 (OrfCostService, 1);

  service->parts = parts;
  return service;
}

void
orf_cost_service_free (OrfCostService *service)
{
  g_free (service);
}

void
orf_cost_service_bind (OrfCostService *service, OrfRouter *router)
{
  orf_bind_cost_summary (router, summary_cb, service);
  orf_bind_cost_trend (router, trend_cb, service);
}

void
orf_cost_service_set_live (OrfCostService *service, OrfCostMeter *meter)
{
  service->meter = meter;
}
