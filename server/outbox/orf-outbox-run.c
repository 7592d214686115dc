/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outbox/orf-outbox-run.h"

#include <string.h>

GBytes *
orf_outbox_run_format (gint64 from, gint64 to)
{
  char *text = g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, from, to);

  return g_bytes_new_take (text, strlen (text));
}

gboolean
orf_outbox_run_parse (GBytes *entry, gint64 max, gint64 *from, gint64 *to)
{
  gsize length;
  const char *data = g_bytes_get_data (entry, &length); /* NULL where there is nothing */
  g_autofree char *text = g_strndup (data != NULL ? data : "", length);
  g_auto (GStrv) parts = g_strsplit (text, "-", 2);

  return g_strv_length (parts) == 2 &&
         g_ascii_string_to_signed (parts[0], 10, 1, G_MAXINT64 - 1, from, NULL) &&
         g_ascii_string_to_signed (parts[1], 10, *from, G_MAXINT64 - 1, to, NULL) &&
         *to - *from < max;
}
