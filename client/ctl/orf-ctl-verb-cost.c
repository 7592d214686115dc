/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/orf-split.h"
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

#define NANO       G_GINT64_CONSTANT (1000000000)
#define MAX_DIGITS 9
/* The most that one page holds. */
#define PAGE_SIZE 1000

/* What a table shows: its entries, and what else the bill is made of. */
typedef struct {
  OrfCostSummaryResult *first; /* page; its entries are all pages' */
  GPtrArray *pages;            /* the others, whose entries went to it */
  guint digits;                /* of amounts, behind the point */
  OrfWide *amounts;            /* of each entry, and of idle, in units of the last digit */
  OrfWide total;
} Bill;

static void
bill_clear (Bill *bill)
{
  g_clear_pointer (&bill->first, orf_cost_summary_result_free);
  g_clear_pointer (&bill->pages, g_ptr_array_unref);
  g_clear_pointer (&bill->amounts, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bill, bill_clear)

/* ---- money ----------------------------------------------------------------------------------- */

/* Cents of what is large, and as much more as it takes to see what is small. */
static guint
choose_digits (const OrfCtlTerminal *terminal, double total)
{
  if (!terminal->is_terminal || !(total >= 0.01))
    return MAX_DIGITS;
  return total >= 100 ? 2 : total >= 1 ? 4 : 6;
}

static gint64
get_unit (guint digits)
{
  gint64 unit = NANO;

  while (digits-- > 0)
    unit /= 10;
  return unit;
}

/* At most what its whole part may be in 64 bits. */
static OrfWide
to_nano (double amount)
{
  return isnan (amount) ? 0 : (OrfWide) round (CLAMP (amount, -9e18, 9e18) * (double) NANO);
}

static char *
format_units (OrfWide units, guint digits)
{
  gint64 whole = NANO / get_unit (digits);

  return g_strdup_printf ("%" G_GINT64_FORMAT ".%0*" G_GINT64_FORMAT, (gint64) (units / whole),
                          (int) digits, (gint64) (units % whole));
}

/* What is shown adds up to what is shown, whatever was rounded. */
static void
round_amounts (const OrfCtlTerminal *terminal, Bill *bill)
{
  const GPtrArray *entries = bill->first->entries;
  g_autofree OrfWide *nano = g_new (OrfWide, entries->len + 1);
  gint64 unit;

  bill->digits = choose_digits (terminal, bill->first->total_cost);
  unit = get_unit (bill->digits);
  for (guint i = 0; i < entries->len; i++)
    nano[i] = to_nano (((OrfCostEntry *) entries->pdata[i])->cost);
  nano[entries->len] = to_nano (bill->first->idle_cost);
  bill->total = orf_split_round (to_nano (bill->first->total_cost), unit);
  bill->amounts = g_new (OrfWide, entries->len + 1);
  orf_split_quotients (nano, entries->len + 1, unit, bill->total, bill->amounts);
}

/* ---- the summary ----------------------------------------------------------------------------- */

static char *
format_time (const OrfCtlTerminal *terminal, gint64 us)
{
  return terminal->is_terminal ? orf_ctl_format_duration_us ((double) us, terminal->utf8)
                               : g_strdup_printf ("%" G_GINT64_FORMAT, us);
}

static void
add_line (const OrfCtlTerminal *terminal,
          OrfCtlTable *table,
          OrfCtlStyle style,
          const char *name,
          const char *service,
          gint64 us,
          double share_percent,
          char *amount)
{
  orf_ctl_table_add (table, style, name);
  if (service != NULL)
    orf_ctl_table_add (table, style, service);
  orf_ctl_table_take (table, style, format_time (terminal, us));
  orf_ctl_table_take (table, style, orf_ctl_format_percent (share_percent));
  orf_ctl_table_take (table, style, amount);
}

static double
get_share (const OrfCostSummaryResult *result, gint64 us)
{
  return result->device_us > 0 ? 100.0 * (double) us / (double) result->device_us : NAN;
}

static OrfCtlTable *
make_table (const OrfCtlTerminal *terminal, const Bill *bill, const char *by)
{
  const OrfCostSummaryResult *result = bill->first;
  OrfCtlTable *table = orf_ctl_table_new (terminal);
  g_autofree char *title = g_ascii_strup (by, -1);
  /* operations alone are somebody's */
  const char *nobody = g_str_equal (by, "operation") ? "" : NULL;
  gboolean priced = !isnan (result->total_cost);

  orf_ctl_table_add_column (table, title, ORF_CTL_COLUMN_GIVES_WAY);
  if (nobody != NULL)
    orf_ctl_table_add_column (table, "SERVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, terminal->is_terminal ? "TIME" : "TIME_US",
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SHARE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, result->currency, ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < result->entries->len; i++) {
    const OrfCostEntry *entry = result->entries->pdata[i];

    add_line (terminal, table, entry->rest ? ORF_CTL_FAINT : ORF_CTL_PLAIN, entry->name,
              entry->service != NULL && nobody != NULL ? entry->service : nobody, entry->used_us,
              entry->share_percent,
              isnan (entry->cost) ? NULL : format_units (bill->amounts[i], bill->digits));
  }
  add_line (terminal, table, ORF_CTL_WARNING, "idle", nobody, result->idle_us,
            get_share (result, result->idle_us),
            isnan (result->idle_cost)
              ? NULL
              : format_units (bill->amounts[result->entries->len], bill->digits));
  add_line (terminal, table, ORF_CTL_STRONG, "total", nobody, result->device_us,
            get_share (result, result->device_us),
            priced ? format_units (bill->total, bill->digits) : NULL);
  return table;
}

static void
append_batch_change (const OrfCtl *ctl, GString *out, const OrfCostBatchChange *change)
{
  g_autofree char *name = orf_ctl_cells_clean (ctl, change->name);
  g_autofree char *operation = orf_ctl_cells_clean (ctl, change->operation);

  g_string_append_printf (out,
                          "%s%s%s: batches of %" G_GINT64_FORMAT " in place of %" G_GINT64_FORMAT
                          ": an item costs %.1f %% less (%.1f to %.1f %%, of %" G_GINT64_FORMAT
                          " and %" G_GINT64_FORMAT " batches)\n",
                          name, change->operation != NULL ? ", " : "",
                          change->operation != NULL ? operation : "", change->after->size,
                          change->before->size, change->saved_percent, change->saved_percent_lower,
                          change->saved_percent_upper, change->after->batches,
                          change->before->batches);
}

/* What a person wants to know beside; nothing of what nobody can say. */
static void
append_notes (const OrfCtl *ctl, GString *out, const OrfCostSummaryResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *from = orf_ctl_list_format_time (ctl, result->from_us);
  g_autofree char *to = orf_ctl_list_format_time (ctl, result->to_us);
  g_autofree char *unseen = format_time (terminal, result->unseen_us);
  g_autofree char *unpriced = format_time (terminal, result->unpriced_us);
  g_autofree char *currency = orf_ctl_cells_clean (ctl, result->currency);

  g_string_append_printf (out, "\nfrom %s to %s\n", from, to);
  if (result->basis == ORF_COST_BASIS_MEMORY || result->basis == ORF_COST_BASIS_MIXED)
    g_string_append (out, "devices that do not tell how busy they are count as used by the share "
                          "of their memory\n");
  if (result->unseen_us > 0)
    g_string_append_printf (out, "unseen for %s, which is in no line\n", unseen);
  if (result->unpriced_us > 0)
    g_string_append_printf (out, "%s of it had no price: set [cost] gpu_hour\n", unpriced);
  if (!isnan (result->cost_per_gb))
    g_string_append_printf (out, "%.6g %s per GB generated\n", result->cost_per_gb, currency);
  if (!isnan (result->cache_saved_cost))
    g_string_append_printf (out, "the cache saved %.6g %s\n", result->cache_saved_cost, currency);
  for (guint i = 0; result->batch_changes != NULL && i < result->batch_changes->len; i++)
    append_batch_change (ctl, out, result->batch_changes->pdata[i]);
}

static void
print_bill (const OrfCtl *ctl, Bill *bill, const char *by)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (OrfCtlTable) table = NULL;

  round_amounts (terminal, bill);
  table = make_table (terminal, bill, by);
  orf_ctl_table_append_to (table, out);
  if (terminal->is_terminal)
    append_notes (ctl, out, bill->first);
  orf_ctl_print (out->str);
}

/* ---- all pages ------------------------------------------------------------------------------- */

static void
take_page (Bill *bill, OrfCostSummaryResult *page)
{
  if (bill->first == NULL) {
    bill->first = page;
    return;
  }
  while (page->entries->len > 0)
    g_ptr_array_add (bill->first->entries, g_ptr_array_steal_index (page->entries, 0));
  g_ptr_array_add (bill->pages, page);
}

static OrfCtlExit
fetch_all (OrfCtl *ctl, json_t *params, Bill *bill, GError **error)
{
  gboolean more = TRUE;

  bill->pages = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_summary_result_free);
  json_object_set_new (params, "limit", json_integer (PAGE_SIZE));
  while (more) {
    OrfCostSummaryResult *page = NULL;
    OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_COST_SUMMARY, json_deep_copy (params),
                                        (gpointer *) &page, error);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    more = page->next_cursor != NULL && page->entries->len > 0 && !orf_ctl_wants_json (ctl);
    if (more)
      json_object_set_new (params, "cursor", json_string (page->next_cursor));
    take_page (bill, page);
  }
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_cost (OrfCtl *ctl, GError **error)
{
  const char *by = orf_ctl_get_argument (ctl, 0) ?: "device";
  g_autoptr (json_t) params = json_object ();
  g_auto (Bill) bill = { 0 };
  OrfCtlExit verdict;

  if (orf_cost_by_from_string (by) == ORF_COST_BY_UNSET) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "%s: it has to be device, process, worker, service or operation", by);
    return ORF_CTL_USAGE;
  }
  json_object_set_new (params, "by", json_string (by));
  if (!orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return ORF_CTL_USAGE;
  verdict = fetch_all (ctl, params, &bill, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  print_bill (ctl, &bill, by);
  return ORF_CTL_DONE;
}

/* ---- months ---------------------------------------------------------------------------------- */

static char *
format_amount (const OrfCtlTerminal *terminal, double amount)
{
  guint digits = choose_digits (terminal, amount);

  if (isnan (amount))
    return NULL;
  return format_units (orf_split_round (to_nano (amount), get_unit (digits)), digits);
}

/* Months are UTC's everywhere. */
static char *
format_month (gint64 t_us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (t_us / G_USEC_PER_SEC);

  return time != NULL ? g_date_time_format (time, "%Y-%m") : NULL;
}

OrfCtlExit
orf_ctl_verb_cost_trend (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCostTrendResult) result = NULL;
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (json_t) params = json_object ();
  OrfCtlExit verdict;

  if (!orf_ctl_params_add_number (ctl, params, "months", "months", error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_COST_TREND, json_deep_copy (params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  orf_ctl_table_add_column (table, "MONTH", 0);
  orf_ctl_table_add_column (table, terminal->is_terminal ? "TIME" : "TIME_US",
                            ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, result->currency, ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "IDLE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PROJECTED", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < result->months->len; i++) {
    const OrfCostMonth *month = result->months->pdata[i];

    orf_ctl_table_take (table, ORF_CTL_PLAIN, format_month (month->from_us));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, format_time (terminal, month->device_us));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, format_amount (terminal, month->cost));
    orf_ctl_table_take (table, ORF_CTL_WARNING, format_amount (terminal, month->idle_cost));
    orf_ctl_table_take (table, ORF_CTL_FAINT, format_amount (terminal, month->projected_cost));
  }
  if (terminal->is_terminal && result->months->len == 0)
    g_string_append (out, "no device has been seen yet\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
