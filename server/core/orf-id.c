/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-id.h"

#include <string.h>

char *
orf_id_format (OrfIdKind kind, gint64 number)
{
  return g_strdup_printf ("%c-%" G_GINT64_FORMAT, (char) kind, number);
}

gboolean
orf_id_parse (OrfIdKind kind, const char *text, gint64 *number)
{
  g_autofree char *same = NULL;
  gint64 parsed;

  if (text[0] != (char) kind || text[1] != '-' ||
      !g_ascii_string_to_signed (text + 2, 10, 1, G_MAXINT64, &parsed, NULL))
    return FALSE;
  same = orf_id_format (kind, parsed);
  if (strcmp (same, text) != 0)
    return FALSE;
  *number = parsed;
  return TRUE;
}
