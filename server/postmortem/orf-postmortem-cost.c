/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-cost.h"

#include <math.h>
#include <string.h>

#include "cost/orf-cost-read.h"
#include "history/orf-rollup.h"

/* Of each kind, and of all. */
#define MAX_LINES 8
#define MAX_ROWS  20
/* That came lately and are not split yet. */
#define MAX_SPANS 20000

static const struct {
  OrfCostBy by;
  const char *kind;
} splits[] = {
  { ORF_COST_BY_DEVICE, "device" },
  { ORF_COST_BY_WORKER, "worker" },
  { ORF_COST_BY_PROCESS, "process" },
  { ORF_COST_BY_OPERATION, "operation" },
};

static double
get_total (const OrfCostBill *bill)
{
  const OrfCostSum total = {
    .us = bill->used.us + bill->idle.us,
    .priced_us = bill->used.priced_us + bill->idle.priced_us,
  };

  return orf_cost_sum_get_amount (&total, bill->used_nano + bill->idle_nano, total.priced_us > 0);
}

static void
add_lines (OrfPostmortemCost *section, const char *kind, const OrfCostBill *bill)
{
  gboolean known = bill->used.priced_us + bill->idle.priced_us > 0;

  for (guint i = 0; i < MIN (bill->lines->len, MAX_LINES); i++) {
    const OrfCostLine *line = bill->lines->pdata[i];
    OrfPostmortemCostRow *row;

    if (line->rest || line->used.us == 0)
      continue;
    row = orf_postmortem_cost_row_new ();
    row->kind = g_strdup (kind);
    row->name = line->service[0] != '\0' ? g_strdup_printf ("%s %s", line->service, line->name)
                                         : g_strdup (line->name);
    row->used_us = line->used.us;
    row->cost = orf_cost_sum_get_amount (&line->used, line->used_nano, known);
    g_ptr_array_add (section->rows, row);
  }
}

static void
set_bill (OrfPostmortemCost *section, const OrfCostBill *bill, const char *currency)
{
  section->used_us = bill->used.us;
  section->idle_us = bill->idle.us;
  if (section->used_us + section->idle_us == 0)
    return;
  section->currency = g_strdup (currency);
  section->cost = get_total (bill);
  section->idle_cost = orf_cost_sum_get_amount (&bill->idle, bill->idle_nano,
                                                bill->used.priced_us + bill->idle.priced_us > 0);
}

static gboolean
read_split (OrfPostmortemFacts *facts,
            OrfConnection *connection,
            guint split,
            const char *currency,
            GError **error)
{
  OrfPostmortemCost *section = facts->document->cost;
  OrfCostSummaryRead read = {
    .by = splits[split].by,
    .from_us = section->from_us,
    .to_us = section->to_us,
    .now_us = facts->document->made_us,
    .max_spans = MAX_SPANS,
  };
  gboolean done = orf_cost_summary_read_run (&read, connection, error);

  if (done && splits[split].by == ORF_COST_BY_DEVICE)
    set_bill (section, read.bill, currency);
  if (done)
    add_lines (section, splits[split].kind, read.bill);
  orf_cost_summary_read_clear (&read);
  return done;
}

static gboolean
read_before (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  OrfPostmortemCost *section = facts->document->cost;
  OrfCostSummaryRead read = {
    .by = ORF_COST_BY_DEVICE,
    .from_us = MAX (2 * section->from_us - section->to_us, 0),
    .to_us = section->from_us,
    .now_us = facts->document->made_us,
  };
  gboolean done = orf_cost_summary_read_run (&read, connection, error);

  if (done && read.bill->used.us + read.bill->idle.us > 0)
    section->before_cost = get_total (read.bill);
  orf_cost_summary_read_clear (&read);
  return done;
}

static int
compare_rows_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemCostRow *x = *(OrfPostmortemCostRow *const *) a;
  const OrfPostmortemCostRow *y = *(OrfPostmortemCostRow *const *) b;
  int order;

  if (x->used_us != y->used_us)
    return x->used_us < y->used_us ? 1 : -1;
  order = strcmp (x->kind, y->kind);
  return order != 0 ? order : strcmp (x->name, y->name);
}

gboolean
orf_postmortem_cost_read (OrfPostmortemFacts *facts,
                          OrfConnection *connection,
                          const char *currency,
                          GError **error)
{
  OrfPostmortemCost *section = facts->document->cost;
  const OrfPostmortemWindow *window = facts->document->window;

  section->from_us = orf_rollup_align (window->from_us, ORF_HOUR_US);
  section->to_us = orf_rollup_align (window->to_us + ORF_HOUR_US - 1, ORF_HOUR_US);
  for (guint i = 0; i < G_N_ELEMENTS (splits); i++)
    if (!read_split (facts, connection, i, currency, error))
      return FALSE;
  g_ptr_array_sort (section->rows, compare_rows_cb);
  while (section->rows->len > MAX_ROWS)
    orf_postmortem_cost_row_free (g_ptr_array_remove_index (section->rows, section->rows->len - 1));
  return read_before (facts, connection, error);
}
