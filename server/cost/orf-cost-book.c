/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-book.h"

#include "core/orf-names.h"

struct _OrfCostBook {
  OrfCostChange *change;
  GHashTable *rows;    /* what a row is of → OrfCostRow of the change */
  GHashTable *devices; /* device → OrfCostDevice of the change */
  GHashTable *used;    /* "minute price device": those that were counted */
};

static void
begin (OrfCostBook *book)
{
  book->change = orf_cost_change_new ();
  book->rows = orf_names_table_new (g_free, NULL);
  book->devices = orf_names_table_new (g_free, NULL);
  book->used = orf_names_table_new (g_free, NULL);
}

static void
clear (OrfCostBook *book)
{
  g_clear_pointer (&book->change, orf_cost_change_free);
  g_clear_pointer (&book->rows, g_hash_table_unref);
  g_clear_pointer (&book->devices, g_hash_table_unref);
  g_clear_pointer (&book->used, g_hash_table_unref);
}

OrfCostBook *
orf_cost_book_new (void)
{
  OrfCostBook *book = g_new0 (OrfCostBook, 1);

  begin (book);
  return book;
}

void
orf_cost_book_free (OrfCostBook *book)
{
  if (book == NULL)
    return;
  clear (book);
  g_free (book);
}

void
orf_cost_book_add (OrfCostBook *book,
                   OrfCostKind kind,
                   gint64 t_us,
                   const char *device,
                   const char *name,
                   gint64 price_nano,
                   gint64 us)
{
  gint64 hour_us = t_us - t_us % ORF_COST_HOUR_US;
  g_autofree char *key = NULL;
  OrfCostRow *row;

  if (us == 0)
    return;
  /* names hold anything, numbers do not: no two of them are written alike */
  key = g_strdup_printf ("%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %zu %s%s", kind, hour_us,
                         price_nano, strlen (device), device, name);
  row = g_hash_table_lookup (book->rows, key);
  if (row == NULL) {
    row = orf_cost_row_new (kind, hour_us, device, NULL, name);
    row->price_nano = price_nano;
    g_ptr_array_add (book->change->rows, row);
    g_hash_table_insert (book->rows, g_steal_pointer (&key), row);
  }
  row->device_us += us;
}

static OrfCostMinute *
ensure_minute (OrfCostBook *book, gint64 minute_us, gint64 price_nano)
{
  GArray *minutes = book->change->minutes;
  const OrfCostMinute fresh = { .t_us = minute_us, .price_nano = price_nano };

  for (guint i = minutes->len; i > 0; i--) {
    OrfCostMinute *minute = &g_array_index (minutes, OrfCostMinute, i - 1);

    if (minute->t_us == minute_us && minute->price_nano == price_nano)
      return minute;
  }
  g_array_append_val (minutes, fresh);
  return &g_array_index (minutes, OrfCostMinute, minutes->len - 1);
}

void
orf_cost_book_use (
  OrfCostBook *book, gint64 t_us, const char *device, gint64 price_nano, gint64 used_us)
{
  gint64 minute_us = t_us - t_us % ORF_COST_MINUTE_US;
  OrfCostMinute *minute;

  if (used_us == 0)
    return;
  minute = ensure_minute (book, minute_us, price_nano);
  minute->used_us += used_us;
  minute->devices += g_hash_table_add (book->used, g_strdup_printf ("%" G_GINT64_FORMAT
                                                                    " %" G_GINT64_FORMAT " %s",
                                                                    minute_us, price_nano, device));
}

void
orf_cost_book_see (OrfCostBook *book, const char *device, gint64 first_us, gint64 until_us)
{
  OrfCostDevice *seen = g_hash_table_lookup (book->devices, device);

  if (seen == NULL) {
    seen = g_new0 (OrfCostDevice, 1);
    seen->device = g_strdup (device);
    g_ptr_array_add (book->change->devices, seen);
    g_hash_table_insert (book->devices, g_strdup (device), seen);
  }
  if (first_us > 0)
    seen->first_us = first_us;
  seen->until_us = until_us;
}

OrfCostChange *
orf_cost_book_close (OrfCostBook *book)
{
  OrfCostChange *change;

  if (book->change->devices->len == 0)
    return NULL;
  change = g_steal_pointer (&book->change);
  clear (book);
  begin (book);
  return change;
}
