/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-bill.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"
#include "cost/orf-cost-book.h"
#include "cost/orf-cost-prices.h"

static void
line_free (gpointer data)
{
  OrfCostLine *line = data;

  g_free (line->name);
  g_free (line->service);
  g_free (line);
}

void
orf_cost_bill_free (OrfCostBill *bill)
{
  if (bill == NULL)
    return;
  g_ptr_array_unref (bill->lines);
  g_free (bill);
}

/* ---- sums ------------------------------------------------------------------------------------ */

void
orf_cost_sum_add (OrfCostSum *sum, gint64 us, gint64 price_nano)
{
  sum->us += us;
  if (price_nano < 0)
    return;
  sum->priced_us += us;
  sum->product += (OrfWide) us * price_nano;
}

double
orf_cost_sum_get_amount (const OrfCostSum *sum, OrfWide nano, gboolean prices_are_known)
{
  if (sum->priced_us == 0 && (sum->us > 0 || !prices_are_known))
    return NAN;
  return (double) nano / (double) ORF_COST_NANO;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static gboolean
is_rest (const char *name)
{
  return g_str_equal (name, ORF_COST_NOBODY) || g_str_equal (name, ORF_COST_OTHER);
}

static OrfCostLine *
ensure_line (OrfCostBill *bill, GHashTable *index, const char *service, const char *name)
{
  g_autofree char *key = g_strdup_printf ("%zu %s%s", strlen (service), service, name);
  OrfCostLine *line = g_hash_table_lookup (index, key);

  if (line != NULL)
    return line;
  line = g_new0 (OrfCostLine, 1);
  line->name = g_strdup (name);
  line->service = g_strdup (service);
  line->rest = service[0] == '\0' && is_rest (name);
  g_ptr_array_add (bill->lines, line);
  g_hash_table_insert (index, g_steal_pointer (&key), line);
  return line;
}

static void
add_row (OrfCostBill *bill, GHashTable *index, OrfCostBy by, const OrfCostRow *row)
{
  gboolean by_service = by == ORF_COST_BY_SERVICE && row->service[0] != '\0';
  OrfCostLine *line = ensure_line (bill, index, by_service ? "" : row->service,
                                   by_service ? row->service : row->name);

  orf_cost_sum_add (&line->used, row->device_us, row->price_nano);
}

static void
add_time (OrfCostBill *bill, GHashTable *index, OrfCostBy by, const OrfCostRow *row)
{
  gboolean is_used = row->kind == ORF_COST_USED;
  OrfCostLine *line;

  orf_cost_sum_add (is_used                      ? &bill->used
                    : row->kind == ORF_COST_IDLE ? &bill->idle
                                                 : &bill->unseen,
                    row->device_us, row->price_nano);
  if (by != ORF_COST_BY_DEVICE || row->kind == ORF_COST_UNSEEN)
    return;
  line = ensure_line (bill, index, "", row->device);
  line->rest = FALSE;
  orf_cost_sum_add (is_used ? &line->used : &line->idle, row->device_us, row->price_nano);
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfCostLine *first = *(OrfCostLine *const *) a, *second = *(OrfCostLine *const *) b;
  int by_name;

  if (first->used.product != second->used.product)
    return first->used.product > second->used.product ? -1 : 1;
  if (first->used.us != second->used.us)
    return first->used.us > second->used.us ? -1 : 1;
  by_name = strcmp (first->name, second->name);
  return by_name != 0 ? by_name : strcmp (first->service, second->service);
}

/* ---- basis ----------------------------------------------------------------------------------- */

static OrfCostBasis
find_basis (const GPtrArray *times)
{
  OrfCostBasis found = ORF_COST_BASIS_UNKNOWN;

  for (guint i = 0; i < times->len; i++) {
    const OrfCostRow *row = times->pdata[i];
    OrfCostBasis basis = row->kind == ORF_COST_USED ? orf_cost_basis_from_string (row->name)
                                                    : ORF_COST_BASIS_UNSET;

    if (basis == ORF_COST_BASIS_UNSET)
      continue;
    if (found != ORF_COST_BASIS_UNKNOWN && found != basis)
      return ORF_COST_BASIS_MIXED;
    found = basis;
  }
  return found;
}

/* ---- money ----------------------------------------------------------------------------------- */

static void
split_over_lines (OrfCostBill *bill, OrfWide total, gsize sum_at, gsize nano_at)
{
  guint n = bill->lines->len;
  g_autofree OrfWide *products = g_new (OrfWide, n + 1);
  g_autofree OrfWide *parts = g_new (OrfWide, n + 1);

  for (guint i = 0; i < n; i++)
    products[i] = G_STRUCT_MEMBER (OrfCostSum, bill->lines->pdata[i], sum_at).product;
  orf_split_quotients (products, n, ORF_COST_HOUR_US, total, parts);
  for (guint i = 0; i < n; i++)
    G_STRUCT_MEMBER (OrfWide, bill->lines->pdata[i], nano_at) = parts[i];
}

static void
price (OrfCostBill *bill, OrfCostBy by)
{
  const OrfWide products[] = { bill->used.product, bill->idle.product };
  OrfWide parts[2];

  orf_split_quotients (products, 2, ORF_COST_HOUR_US,
                       orf_split_round (products[0] + products[1], ORF_COST_HOUR_US), parts);
  bill->used_nano = parts[0];
  bill->idle_nano = parts[1];
  bill->unseen_nano = orf_split_round (bill->unseen.product, ORF_COST_HOUR_US);
  split_over_lines (bill, bill->used_nano, G_STRUCT_OFFSET (OrfCostLine, used),
                    G_STRUCT_OFFSET (OrfCostLine, used_nano));
  if (by == ORF_COST_BY_DEVICE)
    split_over_lines (bill, bill->idle_nano, G_STRUCT_OFFSET (OrfCostLine, idle),
                      G_STRUCT_OFFSET (OrfCostLine, idle_nano));
}

OrfCostBill *
orf_cost_bill_new (OrfCostBy by, const GPtrArray *times, const GPtrArray *rows)
{
  OrfCostBill *bill = g_new0 (OrfCostBill, 1);
  g_autoptr (GHashTable) index = orf_names_table_new (g_free, NULL);

  bill->lines = g_ptr_array_new_with_free_func (line_free);
  bill->basis = find_basis (times);
  for (guint i = 0; i < times->len; i++)
    add_time (bill, index, by, times->pdata[i]);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    add_row (bill, index, by, rows->pdata[i]);
  g_ptr_array_sort (bill->lines, compare_cb);
  price (bill, by);
  return bill;
}
