/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-sheet.h"

#include <string.h>

/* How many series ahead of the one that is told are fetched. */
#define AHEAD      8
#define CACHE_LINE 64

/* ---- lines ----------------------------------------------------------------------------------- */

static void
append (GByteArray *lines, const char *text)
{
  g_byte_array_append (lines, (const guint8 *) text, (guint) strlen (text));
}

static void
add_line (OrfExpositionSheet *sheet, const OrfExposedName *name, const OrfExposedSeries *one)
{
  OrfSheetLine line = { sheet->lines->len, 0, one->part };

  append (sheet->lines, name->name);
  append (sheet->lines, orf_exposed_part_get_ending (one->part, name->kind));
  append (sheet->lines, one->labels);
  append (sheet->lines, " ");
  line.length = sheet->lines->len - line.start;
  g_array_append_val (sheet->entries, line);
}

static void
fetch (const GArray *series, guint index)
{
  const char *labels;

  if (index >= series->len)
    return;
  labels = g_array_index (series, OrfExposedSeries, index).labels;
  __builtin_prefetch (labels);
  __builtin_prefetch (labels + CACHE_LINE);
}

static void
add_family (OrfExpositionSheet *sheet, const OrfExposedFamily *family)
{
  const OrfSheetFamily one = { family->name, sheet->entries->len, family->series->len,
                               family->negative };

  for (guint i = 0; i < family->series->len; i++) {
    fetch (family->series, i + AHEAD);
    add_line (sheet, family->name, &g_array_index (family->series, OrfExposedSeries, i));
  }
  g_array_append_val (sheet->families, one);
}

/* ---- the sheet ------------------------------------------------------------------------------- */

void
orf_exposition_sheet_fill (OrfExpositionSheet *sheet, const GPtrArray *plan)
{
  g_array_set_size (sheet->families, 0);
  g_array_set_size (sheet->entries, 0);
  g_byte_array_set_size (sheet->lines, 0);
  for (guint i = 0; i < plan->len; i++)
    add_family (sheet, plan->pdata[i]);
}

OrfExpositionSheet *
orf_exposition_sheet_new (void)
{
  OrfExpositionSheet *sheet = g_new0 (OrfExpositionSheet, 1);

  sheet->families = g_array_new (FALSE, FALSE, sizeof (OrfSheetFamily));
  sheet->entries = g_array_new (FALSE, FALSE, sizeof (OrfSheetLine));
  sheet->lines = g_byte_array_new ();
  return sheet;
}

void
orf_exposition_sheet_free (OrfExpositionSheet *sheet)
{
  g_array_unref (sheet->families);
  g_array_unref (sheet->entries);
  g_byte_array_unref (sheet->lines);
  g_free (sheet);
}

gsize
orf_exposition_sheet_get_size_bytes (const OrfExpositionSheet *sheet)
{
  return sheet->lines->len + sheet->entries->len * sizeof (OrfSheetLine) +
         sheet->families->len * sizeof (OrfSheetFamily);
}
