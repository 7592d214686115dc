/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-id.h"

#include <string.h>

static const char *const words[ORF_N_ID_KINDS] = {
  [ORF_ID_ALERT] = "al",    [ORF_ID_ANOMALY] = "an", [ORF_ID_CLEANUP] = "c", [ORF_ID_EVENT] = "e",
  [ORF_ID_GPU_EVENT] = "g", [ORF_ID_INCIDENT] = "i", [ORF_ID_LOAD] = "l",    [ORF_ID_OUTBOX] = "o",
  [ORF_ID_SILENCE] = "si",  [ORF_ID_WORKER] = "w",
};

char *
orf_id_format (OrfIdKind kind, gint64 number)
{
  return g_strdup_printf ("%s-%" G_GINT64_FORMAT, words[kind], number);
}

gboolean
orf_id_parse (OrfIdKind kind, const char *text, gint64 *number)
{
  gsize length = strlen (words[kind]);
  g_autofree char *same = NULL;
  gint64 parsed;

  if (strncmp (text, words[kind], length) != 0 || text[length] != '-' ||
      !g_ascii_string_to_signed (text + length + 1, 10, 1, G_MAXINT64, &parsed, NULL))
    return FALSE;
  same = orf_id_format (kind, parsed);
  if (strcmp (same, text) != 0)
    return FALSE;
  *number = parsed;
  return TRUE;
}
