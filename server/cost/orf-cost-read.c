/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-read.h"

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "cost/orf-cost-book.h"
#include "cost/orf-cost-months.h"
#include "cost/orf-cost-prices.h"
#include "store/orf-store-batches.h"
#include "cost/orf-cost-spans.h"

#define DAY_US (24 * ORF_COST_HOUR_US)
/* What a month will cost is told by as much of the past: a week has all days of a week. */
#define RECENT_US (7 * DAY_US)
/* Of each worker its newest batches, and of the newest workers: a tenth of a second. */
#define MAX_WORKERS    50
#define MAX_BATCHES    5000
#define MAX_OPERATIONS 20
#define MARK_REACH_US  (600 * ORF_US_PER_S)

static GPtrArray *
new_rows (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_row_free);
}

static gboolean
read_times (OrfConnection *connection,
            gboolean by_device,
            gint64 from_us,
            gint64 to_us,
            GPtrArray *rows,
            GError **error)
{
  return orf_costs_read (connection, ORF_COST_USED, by_device, from_us, to_us, rows, error) &&
         orf_costs_read (connection, ORF_COST_IDLE, by_device, from_us, to_us, rows, error) &&
         orf_costs_read (connection, ORF_COST_UNSEEN, by_device, from_us, to_us, rows, error);
}

/* ---- batches --------------------------------------------------------------------------------- */

static OrfCostBatchRun *
make_run (const OrfCostRun *from, gint64 price_nano)
{
  OrfCostBatchRun *run = orf_cost_batch_run_new ();
  OrfCostSum sum = { .us = 1 };

  run->size = from->size;
  run->batches = from->n;
  run->from_us = from->from_us;
  run->to_us = from->to_us;
  run->item_us = from->item_us;
  /* of a time that is no whole number: a share of what an hour costs */
  orf_cost_sum_add (&sum, ORF_COST_HOUR_US, price_nano);
  run->item_cost = orf_cost_sum_get_amount (&sum, MAX (price_nano, 0), TRUE) * from->item_us /
                   (double) ORF_COST_HOUR_US;
  return run;
}

static gboolean
add_change (OrfCostSummaryRead *read,
            OrfConnection *connection,
            const OrfWorkerRow *worker,
            const char *operation,
            const OrfCostReturn *found,
            GError **error)
{
  g_autoptr (OrfCostBatchChange) change = orf_cost_batch_change_new ();
  gint64 price_nano = ORF_COST_PRICE_UNKNOWN;

  if (worker->device != NULL &&
      !orf_costs_read_last_price (connection, worker->device, &price_nano, error))
    return FALSE;
  change->worker = orf_id_format (ORF_ID_WORKER, worker->id);
  change->name = g_strdup (worker->name);
  change->operation = g_strdup (operation);
  change->changed_us = found->after.from_us;
  change->before = make_run (&found->before, price_nano);
  change->after = make_run (&found->after, price_nano);
  change->saved_percent = found->saved_percent;
  change->saved_percent_lower = found->lower_percent;
  change->saved_percent_upper = found->upper_percent;
  if (!orf_costs_read_mark (connection, change->changed_us, MARK_REACH_US, &change->mark, error))
    return FALSE;
  g_ptr_array_add (read->changes, g_steal_pointer (&change));
  return TRUE;
}

static gboolean
is_told (const GPtrArray *told, const char *operation)
{
  for (guint i = 0; i < told->len; i++)
    if (g_strcmp0 (told->pdata[i], operation) == 0)
      return TRUE;
  return FALSE;
}

/* The last change of each operation of the worker. */
static gboolean
read_worker (OrfCostSummaryRead *read,
             OrfConnection *connection,
             const OrfWorkerRow *worker,
             GError **error)
{
  g_autoptr (GPtrArray)
    batches = orf_worker_batches_read (connection, worker->id, MAX_BATCHES, error);
  g_autoptr (GPtrArray) told = g_ptr_array_new ();

  if (batches == NULL)
    return FALSE;
  for (guint i = 0; i < batches->len && told->len < MAX_OPERATIONS; i++) {
    const char *operation = ((OrfWorkerBatchRow *) batches->pdata[i])->operation;
    OrfCostReturn found;

    if (is_told (told, operation))
      continue;
    g_ptr_array_add (told, (gpointer) operation);
    if (orf_cost_return_find (batches, operation, &found) &&
        found.after.from_us >= read->told_from_us && found.after.from_us < read->told_to_us &&
        !add_change (read, connection, worker, operation, &found, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_changes (OrfCostSummaryRead *read, OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray)
    workers = orf_workers_read (connection, read->told_from_us, MAX_WORKERS, error);

  if (workers == NULL)
    return FALSE;
  for (guint i = 0; i < workers->len; i++)
    if (!read_worker (read, connection, workers->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ---- the summary ----------------------------------------------------------------------------- */

void
orf_cost_summary_read_clear (OrfCostSummaryRead *read)
{
  g_clear_pointer (&read->bill, orf_cost_bill_free);
  g_clear_pointer (&read->changes, g_ptr_array_unref);
}

/* Closed hours are in the file; minutes that are not closed are split now, also by spans that
 * nobody has looked at yet: no further back than there are such minutes, however long a span says
 * that it is. */
static gboolean
read_operations (const OrfCostSummaryRead *read,
                 OrfConnection *connection,
                 gint64 from_us,
                 gint64 to_us,
                 GPtrArray *rows,
                 GError **error)
{
  g_autoptr (GArray) lately = NULL;
  OrfCostState state;

  if (!orf_cost_state_read (connection, &state, error))
    return FALSE;
  if (state.span_no >= 0 && state.span_no < state.last_span_no) {
    lately = orf_cost_spans_look (
      &(OrfCostLook){ state.span_no, state.last_span_no,
                      MAX (orf_cost_spans_get_closed_us (&state, read->now_us), state.first_us),
                      read->now_us, read->max_spans, read->own_service },
      connection, error);
    if (lately == NULL)
      return FALSE;
  }
  return orf_costs_read (connection, ORF_COST_OPERATION, FALSE, from_us, to_us, rows, error) &&
         orf_cost_minutes_split (connection, from_us, to_us, lately, rows, error);
}

static gboolean
read_rows (const OrfCostSummaryRead *read,
           OrfConnection *connection,
           gint64 from_us,
           gint64 to_us,
           GPtrArray *rows,
           GError **error)
{
  switch (read->by) {
  case ORF_COST_BY_PROCESS:
    return orf_costs_read (connection, ORF_COST_PROCESS, FALSE, from_us, to_us, rows, error);
  case ORF_COST_BY_WORKER:
    return orf_costs_read (connection, ORF_COST_WORKER, FALSE, from_us, to_us, rows, error);
  case ORF_COST_BY_SERVICE:
  case ORF_COST_BY_OPERATION:
    return read_operations (read, connection, from_us, to_us, rows, error);
  default:
    return TRUE;
  }
}

/* Hours are whole: the span is widened to them, and told no further than there is time. */
static gboolean
read_bill (OrfCostSummaryRead *read, OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) times = new_rows ();
  g_autoptr (GPtrArray) rows = new_rows ();
  gint64 first_us, until_us, from_us, to_us, beyond_us;

  if (!orf_costs_read_span (connection, &first_us, &until_us, error))
    return FALSE;
  read->told_from_us = read->from_us >= 0 ? read->from_us - read->from_us % ORF_COST_HOUR_US
                       : first_us > 0     ? first_us
                                          : read->now_us;
  from_us = read->told_from_us - read->told_from_us % ORF_COST_HOUR_US;
  to_us = read->to_us >= 0 ? read->to_us : read->now_us;
  beyond_us = to_us % ORF_COST_HOUR_US;
  if (beyond_us > 0)
    to_us += ORF_COST_HOUR_US - beyond_us;
  read->told_to_us = MAX (MIN (to_us, read->now_us), read->told_from_us);
  if (!read_times (connection, TRUE, from_us, to_us, times, error) ||
      !read_rows (read, connection, from_us, to_us, rows, error))
    return FALSE;
  read->bill = orf_cost_bill_new (read->by, times, rows);
  return TRUE;
}

gboolean
orf_cost_summary_read_run (OrfCostSummaryRead *read, OrfConnection *connection, GError **error)
{
  gboolean there;

  read->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_batch_change_free);
  if (!orf_costs_are_there (connection, &there, error))
    return FALSE;
  if (!there) {
    g_autoptr (GPtrArray) none = new_rows ();

    read->told_from_us = read->told_to_us = read->now_us;
    read->bill = orf_cost_bill_new (read->by, none, NULL);
    return TRUE;
  }
  return read_bill (read, connection, error) &&
         (!read->with_changes || read_changes (read, connection, error));
}

/* ---- months ---------------------------------------------------------------------------------- */

static void
add_up (const GPtrArray *rows, OrfCostSum *bill, OrfCostSum *idle, gint64 *unseen_us)
{
  for (guint i = 0; i < rows->len; i++) {
    const OrfCostRow *row = rows->pdata[i];

    if (row->kind == ORF_COST_UNSEEN)
      *unseen_us += row->device_us;
    else
      orf_cost_sum_add (bill, row->device_us, row->price_nano);
    if (row->kind == ORF_COST_IDLE)
      orf_cost_sum_add (idle, row->device_us, row->price_nano);
  }
}

static gboolean
read_month (OrfCostTrendRead *read, OrfConnection *connection, gint64 from_us, GError **error)
{
  g_autoptr (GPtrArray) rows = new_rows ();
  OrfCostMonthRead month = { .from_us = from_us,
                             .to_us = orf_cost_month_get_start_us (from_us, 1) };

  if (!read_times (connection, FALSE, month.from_us, month.to_us, rows, error))
    return FALSE;
  add_up (rows, &month.bill, &month.idle, &month.unseen_us);
  g_array_append_val (read->months, month);
  return TRUE;
}

static gboolean
read_recent (OrfCostTrendRead *read, OrfConnection *connection, gint64 first_us, GError **error)
{
  g_autoptr (GPtrArray) rows = new_rows ();
  OrfCostSum idle = { 0 };
  gint64 unseen_us = 0, from_us = read->told_us - RECENT_US;

  from_us -= from_us % ORF_COST_HOUR_US;
  if (!read_times (connection, FALSE, from_us, G_MAXINT64, rows, error))
    return FALSE;
  add_up (rows, &read->recent, &idle, &unseen_us);
  read->recent_us = read->told_us - MAX (from_us, first_us);
  return TRUE;
}

gboolean
orf_cost_trend_read_run (OrfCostTrendRead *read, OrfConnection *connection, GError **error)
{
  gint64 first_us;
  gboolean there;

  read->months = g_array_new (FALSE, FALSE, sizeof (OrfCostMonthRead));
  if (!orf_costs_are_there (connection, &there, error))
    return FALSE;
  if (!there)
    return TRUE;
  if (!orf_costs_read_span (connection, &first_us, &read->told_us, error))
    return FALSE;
  if (first_us == 0)
    return TRUE;
  for (int i = 1 - (int) read->max; i <= 0; i++) {
    gint64 from_us = orf_cost_month_get_start_us (read->told_us, i);

    if (from_us >= orf_cost_month_get_start_us (first_us, 0) &&
        !read_month (read, connection, from_us, error))
      return FALSE;
  }
  return read_recent (read, connection, first_us, error);
}
