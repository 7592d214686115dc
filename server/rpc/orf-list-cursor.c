/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-list-cursor.h"

#include "orf-error.h"

char *
orf_list_cursor_format (gint64 t_us, gint64 id)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, t_us, id);
}

gboolean
orf_list_cursor_parse (const char *cursor, gint64 *t_us, gint64 *id, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (cursor, "-", 3);
  gint64 parsed_us, parsed_id;

  if (g_strv_length (parts) == 2 &&
      g_ascii_string_to_signed (parts[0], 10, 0, G_MAXINT64, &parsed_us, NULL) &&
      g_ascii_string_to_signed (parts[1], 10, 1, G_MAXINT64, &parsed_id, NULL)) {
    *t_us = parsed_us;
    *id = parsed_id;
    return TRUE;
  }
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "cursor",
                                          "next_cursor of a page", "cursor: it is none of ours"));
  return FALSE;
}
