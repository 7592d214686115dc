/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-bill.h"

#include <math.h>

#include "cost/orf-cost-book.h"
#include "cost/orf-cost-prices.h"

#define CASES 100000

static void
add (GPtrArray *rows,
     OrfCostKind kind,
     const char *device,
     const char *service,
     const char *name,
     gint64 price_nano,
     gint64 us)
{
  OrfCostRow *row = orf_cost_row_new (kind, 0, device, service, name);

  row->price_nano = price_nano;
  row->device_us = us;
  g_ptr_array_add (rows, row);
}

static GPtrArray *
new_rows (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_row_free);
}

static void
assert_adds_up (const OrfCostBill *bill, OrfWide product)
{
  gint64 used = 0, idle = 0;

  for (guint i = 0; i < bill->lines->len; i++) {
    const OrfCostLine *line = bill->lines->pdata[i];

    used += line->used_nano;
    idle += line->idle_nano;
    g_assert_cmpint (line->used_nano, >=, 0);
  }
  g_assert_cmpint (used, ==, bill->used_nano);
  g_assert_true (idle == 0 || idle == bill->idle_nano);
  /* price times time, to the nearest nano-unit */
  g_assert_cmpint (bill->used_nano + bill->idle_nano, ==,
                   orf_split_round (product, ORF_COST_HOUR_US));
}

/* Random uses, prices that change, any split: entries and idle are the bill. */
static void
test_random_uses (void)
{
  static const char *const names[] = { "a", "b", "c", ORF_COST_NOBODY, ORF_COST_OTHER };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < CASES; i++) {
    g_autoptr (GPtrArray) times = new_rows ();
    g_autoptr (GPtrArray) rows = new_rows ();
    g_autoptr (OrfCostBill) bill = NULL, by_device = NULL;
    guint n = (guint) g_rand_int_range (rand, 0, 5);
    OrfWide product = 0;

    for (guint j = 0; j < n; j++) {
      gint64 price = g_rand_int_range (rand, 0, 4) == 0 ? -1 : (gint64) g_rand_int (rand) * 31;
      gint64 used = g_rand_int (rand), idle = g_rand_int (rand), weights[5], parts[5];
      char device[] = { (char) ('0' + j % 3), '\0' };

      add (times, ORF_COST_USED, device, NULL, "utilization", price, used);
      add (times, ORF_COST_IDLE, device, NULL, NULL, price, idle);
      for (guint k = 0; k < 5; k++)
        weights[k] = k == 0 ? 1 : g_rand_int_range (rand, 0, 1000);
      orf_split (used, weights, 5, parts);
      for (guint k = 0; k < 5; k++)
        add (rows, ORF_COST_PROCESS, NULL, NULL, names[k], price, parts[k]);
      if (price > 0)
        product += (OrfWide) price * (used + idle);
    }
    bill = orf_cost_bill_new (ORF_COST_BY_PROCESS, times, rows);
    by_device = orf_cost_bill_new (ORF_COST_BY_DEVICE, times, NULL);
    assert_adds_up (bill, product);
    assert_adds_up (by_device, product);
    g_assert_cmpint (bill->used_nano, ==, by_device->used_nano);
    g_assert_cmpint (bill->used.us, ==, by_device->used.us);
  }
}

static void
test_an_hour (void)
{
  g_autoptr (GPtrArray) times = new_rows ();
  g_autoptr (GPtrArray) rows = new_rows ();
  g_autoptr (OrfCostBill) bill = NULL;
  const OrfCostLine *line;

  /* an hour at 3 a device-hour, a third of it used */
  add (times, ORF_COST_USED, "d", NULL, "utilization", 3 * ORF_COST_NANO, ORF_COST_HOUR_US / 3);
  add (times, ORF_COST_IDLE, "d", NULL, NULL, 3 * ORF_COST_NANO, ORF_COST_HOUR_US / 3 * 2);
  add (times, ORF_COST_UNSEEN, "d", NULL, NULL, 3 * ORF_COST_NANO, ORF_COST_HOUR_US);
  add (rows, ORF_COST_OPERATION, NULL, "api", "GET", 3 * ORF_COST_NANO, ORF_COST_HOUR_US / 4);
  add (rows, ORF_COST_OPERATION, NULL, "api", "PUT", 3 * ORF_COST_NANO, ORF_COST_HOUR_US / 24);
  add (rows, ORF_COST_OPERATION, NULL, NULL, ORF_COST_NOBODY, 3 * ORF_COST_NANO,
       ORF_COST_HOUR_US / 24);
  bill = orf_cost_bill_new (ORF_COST_BY_OPERATION, times, rows);
  g_assert_cmpint (bill->used_nano, ==, ORF_COST_NANO);
  g_assert_cmpint (bill->idle_nano, ==, 2 * ORF_COST_NANO);
  g_assert_cmpint (bill->unseen_nano, ==, 3 * ORF_COST_NANO);
  g_assert_cmpint (bill->basis, ==, ORF_COST_BASIS_UTILIZATION);
  g_assert_cmpint (bill->lines->len, ==, 3);
  line = bill->lines->pdata[0];
  g_assert_cmpstr (line->name, ==, "GET");
  g_assert_cmpstr (line->service, ==, "api");
  g_assert_cmpint (line->used_nano, ==, ORF_COST_NANO / 4 * 3);
  line = bill->lines->pdata[1];
  g_assert_true (line->rest);
  g_clear_pointer (&bill, orf_cost_bill_free);
  bill = orf_cost_bill_new (ORF_COST_BY_SERVICE, times, rows);
  g_assert_cmpint (bill->lines->len, ==, 2);
  line = bill->lines->pdata[0];
  g_assert_cmpstr (line->name, ==, "api");
  g_assert_cmpstr (line->service, ==, "");
  g_assert_cmpint (line->used.us, ==, ORF_COST_HOUR_US / 24 * 7);
}

/* A year of a hundred devices in a currency of large numbers: more nano-units than 64 bits have. */
static void
test_dear (void)
{
  const gint64 price_nano = 80000 * ORF_COST_NANO, hours = 365 * 24 * 100;
  g_autoptr (GPtrArray) times = new_rows ();
  g_autoptr (OrfCostBill) bill = NULL;

  add (times, ORF_COST_USED, "d", NULL, "utilization", price_nano, ORF_COST_HOUR_US * hours);
  add (times, ORF_COST_IDLE, "d", NULL, NULL, price_nano, ORF_COST_HOUR_US * hours);
  bill = orf_cost_bill_new (ORF_COST_BY_DEVICE, times, NULL);
  g_assert_cmpfloat (orf_cost_sum_get_amount (&bill->used, bill->used_nano, TRUE), ==,
                     80000.0 * (double) hours);
  g_assert_true (((OrfCostLine *) bill->lines->pdata[0])->idle_nano == bill->idle_nano);
  g_assert_true (bill->idle_nano == (OrfWide) price_nano * hours);
}

static void
test_no_price (void)
{
  g_autoptr (GPtrArray) times = new_rows ();
  g_autoptr (OrfCostBill) bill = NULL;

  add (times, ORF_COST_USED, "d", NULL, "utilization", -1, 10);
  add (times, ORF_COST_USED, "e", NULL, "memory", -1, 10);
  bill = orf_cost_bill_new (ORF_COST_BY_DEVICE, times, NULL);
  g_assert_true (isnan (orf_cost_sum_get_amount (&bill->used, bill->used_nano, TRUE)));
  g_assert_cmpint (bill->used.us, ==, 20);
  g_assert_cmpint (bill->basis, ==, ORF_COST_BASIS_MIXED);
  /* of no time at all, by whether a price is known */
  g_assert_cmpfloat (orf_cost_sum_get_amount (&bill->idle, bill->idle_nano, TRUE), ==, 0);
  g_assert_true (isnan (orf_cost_sum_get_amount (&bill->idle, bill->idle_nano, FALSE)));
}

/* What the meter gathers: one row for each hour, name and price. */
static void
test_book (void)
{
  g_autoptr (OrfCostBook) book = orf_cost_book_new ();
  g_autoptr (OrfCostChange) change = NULL;
  const OrfCostRow *row;
  const OrfCostMinute *minute;

  g_assert_null (orf_cost_book_close (book));
  for (guint i = 0; i < 100; i++) {
    orf_cost_book_add (book, ORF_COST_USED, ORF_COST_HOUR_US + i * ORF_COST_MINUTE_US, "d", "u", 5,
                       1);
    orf_cost_book_use (book, ORF_COST_HOUR_US, i % 2 == 0 ? "d" : "e", 5, 1);
  }
  orf_cost_book_add (book, ORF_COST_USED, ORF_COST_HOUR_US, "d", "u", 6, 1);
  orf_cost_book_add (book, ORF_COST_IDLE, ORF_COST_HOUR_US, "d", "", 6, 0);
  orf_cost_book_see (book, "d", 7, 8);
  orf_cost_book_see (book, "d", 0, 9);
  change = orf_cost_book_close (book);
  g_assert_cmpint (change->rows->len, ==, 3);
  row = change->rows->pdata[0];
  g_assert_cmpint (row->t_us, ==, ORF_COST_HOUR_US);
  g_assert_cmpint (row->device_us, ==, 60);
  row = change->rows->pdata[1];
  g_assert_cmpint (row->t_us, ==, 2 * ORF_COST_HOUR_US);
  g_assert_cmpint (row->device_us, ==, 40);
  g_assert_cmpint (change->minutes->len, ==, 1);
  minute = &g_array_index (change->minutes, OrfCostMinute, 0);
  g_assert_cmpint (minute->used_us, ==, 100);
  g_assert_cmpint (minute->devices, ==, 2);
  g_assert_cmpint (change->devices->len, ==, 1);
  g_assert_cmpint (((OrfCostDevice *) change->devices->pdata[0])->first_us, ==, 7);
  g_assert_cmpint (((OrfCostDevice *) change->devices->pdata[0])->until_us, ==, 9);
  g_assert_null (orf_cost_book_close (book));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-bill/random-uses", test_random_uses);
  g_test_add_func ("/cost-bill/an-hour", test_an_hour);
  g_test_add_func ("/cost-bill/dear", test_dear);
  g_test_add_func ("/cost-bill/no-price", test_no_price);
  g_test_add_func ("/cost-bill/book", test_book);
  return g_test_run ();
}
