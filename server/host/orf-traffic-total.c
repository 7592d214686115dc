/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-traffic-total.h"

struct _OrfTrafficTotal {
  GHashTable *before; /* name -> OrfTraffic; names are the kernel's */
  GHashTable *now;
  OrfTraffic sum;
};

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

OrfTrafficTotal *
orf_traffic_total_new (void)
{
  OrfTrafficTotal *total = g_new0 (OrfTrafficTotal, 1);

  total->before = new_table ();
  total->now = new_table ();
  return total;
}

void
orf_traffic_total_free (OrfTrafficTotal *total)
{
  if (total == NULL)
    return;
  g_hash_table_unref (total->before);
  g_hash_table_unref (total->now);
  g_free (total);
}

void
orf_traffic_total_see (OrfTrafficTotal *total, const char *name, const OrfTraffic *traffic)
{
  g_hash_table_replace (total->now, g_strdup (name), g_memdup2 (traffic, sizeof *traffic));
}

/* A counter that fell began anew. */
static guint64
get_increase (guint64 before, guint64 now)
{
  return now >= before ? now - before : now;
}

OrfTraffic
orf_traffic_total_settle (OrfTrafficTotal *total)
{
  static const OrfTraffic none = { 0, 0 };
  GHashTable *seen = total->now;
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const OrfTraffic *now = value;
    const OrfTraffic *before = g_hash_table_lookup (total->before, name);

    if (before == NULL)
      before = &none;
    total->sum.in_bytes += get_increase (before->in_bytes, now->in_bytes);
    total->sum.out_bytes += get_increase (before->out_bytes, now->out_bytes);
  }
  total->now = total->before;
  total->before = seen;
  g_hash_table_remove_all (total->now);
  return total->sum;
}

void
orf_traffic_total_forget (OrfTrafficTotal *total)
{
  g_hash_table_remove_all (total->now);
}
