/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-trace-id.h"

#include <string.h>

gboolean
orf_trace_id_parse (const char *text, guint8 *id, gsize length)
{
  guint8 all = 0;

  if (strlen (text) != 2 * length)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    int high = g_ascii_xdigit_value (text[2 * i]), low = g_ascii_xdigit_value (text[2 * i + 1]);

    if (high < 0 || low < 0)
      return FALSE;
    id[i] = (guint8) (high << 4 | low);
    all |= id[i];
  }
  return all != 0;
}

char *
orf_trace_id_format (const guint8 *id, gsize length)
{
  static const char digits[] = "0123456789abcdef";
  char *text = g_malloc (2 * length + 1);

  for (gsize i = 0; i < length; i++) {
    text[2 * i] = digits[id[i] >> 4];
    text[2 * i + 1] = digits[id[i] & 15];
  }
  text[2 * length] = '\0';
  return text;
}
