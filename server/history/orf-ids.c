/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-ids.h"

static gint
compare_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

void
orf_ids_settle (GArray *ids)
{
  guint n = 0;

  g_array_sort (ids, compare_cb);
  for (guint i = 0; i < ids->len; i++)
    if (n == 0 || g_array_index (ids, gint64, i) != g_array_index (ids, gint64, n - 1))
      g_array_index (ids, gint64, n++) = g_array_index (ids, gint64, i);
  g_array_set_size (ids, n);
}

gboolean
orf_ids_find (const GArray *ids, gint64 id, guint *index)
{
  return g_array_binary_search ((GArray *) ids, &id, compare_cb, index);
}
