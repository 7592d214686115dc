/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-pins.h"

static const char read_sql[] = "SELECT from_us, to_us FROM pin ORDER BY from_us";

struct _OrfPins {
  GArray *windows; /* OrfPinnedWindow, rising, with time between them */
};

static OrfPins *
pins_new (void)
{
  OrfPins *pins = g_new0 (OrfPins, 1);

  pins->windows = g_array_new (FALSE, FALSE, sizeof (OrfPinnedWindow));
  return pins;
}

void
orf_pins_free (OrfPins *pins)
{
  g_array_unref (pins->windows);
  g_free (pins);
}

static void
pins_add (OrfPins *pins, OrfPinnedWindow window)
{
  OrfPinnedWindow *last = pins->windows->len > 0 ? &g_array_index (pins->windows, OrfPinnedWindow,
                                                                   pins->windows->len - 1)
                                                 : NULL;

  if (last != NULL && window.from_us <= last->to_us)
    last->to_us = MAX (last->to_us, window.to_us);
  else
    g_array_append_val (pins->windows, window);
}

OrfPins *
orf_pins_load (OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);
  g_autoptr (OrfPins) pins = pins_new ();
  gboolean row;

  if (statement == NULL)
    return NULL;
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return g_steal_pointer (&pins);
    pins_add (pins, (OrfPinnedWindow){ sqlite3_column_int64 (statement, 0),
                                       sqlite3_column_int64 (statement, 1) });
  }
  return NULL;
}

gboolean
orf_pins_find (const OrfPins *pins, gint64 from_us, gint64 to_us, OrfPinnedWindow *window)
{
  guint low = 0, high = pins->windows->len;

  /* the first that does not end before */
  while (low < high) {
    guint middle = (low + high) / 2;

    if (g_array_index (pins->windows, OrfPinnedWindow, middle).to_us <= from_us)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == pins->windows->len)
    return FALSE;
  *window = g_array_index (pins->windows, OrfPinnedWindow, low);
  return window->from_us < to_us;
}
