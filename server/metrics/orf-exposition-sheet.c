/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-sheet.h"

#include <string.h>

static const char *
get_ending (OrfSeriesKind kind, OrfExposedPart part)
{
  switch (part) {
  case ORF_EXPOSED_BUCKET:
    return "_bucket";
  case ORF_EXPOSED_SUM:
    return "_sum";
  case ORF_EXPOSED_COUNT:
    return "_count";
  case ORF_EXPOSED_VALUE:
  default:
    return kind == ORF_SERIES_KIND_COUNTER ? "_total" : "";
  }
}

/* ---- heads ----------------------------------------------------------------------------------- */

static void
append_help (GString *head, const char *help, OrfExpositionFormat format)
{
  for (; *help != '\0'; help++)
    if (*help == '\n')
      g_string_append (head, "\\n");
    else if (*help == '\\' || (*help == '"' && format == ORF_EXPOSITION_OPENMETRICS))
      g_string_append_printf (head, "\\%c", *help);
    else
      g_string_append_c (head, *help);
}

/* A counter's family has its ending in the older format, and not in OpenMetrics. */
static char *
make_head (const OrfExposedFamily *family, OrfExpositionFormat format)
{
  gboolean total = family->kind == ORF_SERIES_KIND_COUNTER && format == ORF_EXPOSITION_TEXT;
  g_autofree char *name = g_strconcat (family->name, total ? "_total" : "", NULL);
  GString *head = g_string_new (NULL);

  g_string_append_printf (head, "# HELP %s ", name);
  append_help (head, family->help, format);
  g_string_append_printf (head, "\n# TYPE %s %s\n", name, orf_series_kind_to_string (family->kind));
  if (format == ORF_EXPOSITION_OPENMETRICS && family->unit[0] != '\0')
    g_string_append_printf (head, "# UNIT %s %s\n", name, family->unit);
  return g_string_free (head, FALSE);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void
append (GByteArray *lines, const char *text)
{
  g_byte_array_append (lines, (const guint8 *) text, (guint) strlen (text));
}

static void
add_line (OrfExpositionSheet *sheet, const OrfExposedFamily *family, const OrfExposedSeries *one)
{
  OrfSheetLine line = { sheet->lines->len, 0, one->part };
  const char *labels = one->labels;

  if (labels == NULL)
    labels = one->series->text + strlen (one->series->family->name);
  append (sheet->lines, family->name);
  append (sheet->lines, get_ending (family->kind, one->part));
  append (sheet->lines, labels);
  append (sheet->lines, " ");
  line.length = sheet->lines->len - line.start;
  g_array_append_val (sheet->entries, line);
}

static void
add_family (OrfExpositionSheet *sheet, const OrfExposedFamily *family)
{
  OrfSheetFamily one = {
    .first = sheet->entries->len,
    .n = family->series->len,
    .kind = family->kind,
    .multiply = family->multiply,
    .divide = family->divide,
    .negative = family->negative,
  };

  for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++)
    one.heads[format] = make_head (family, (OrfExpositionFormat) format);
  for (guint i = 0; i < family->series->len; i++)
    add_line (sheet, family, &g_array_index (family->series, OrfExposedSeries, i));
  g_array_append_val (sheet->families, one);
}

/* ---- the sheet ------------------------------------------------------------------------------- */

static void
clear_family (gpointer family)
{
  for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++)
    g_free (((OrfSheetFamily *) family)->heads[format]);
}

OrfExpositionSheet *
orf_exposition_sheet_new (const GPtrArray *plan)
{
  OrfExpositionSheet *sheet = g_new0 (OrfExpositionSheet, 1);

  sheet->families = g_array_sized_new (FALSE, FALSE, sizeof (OrfSheetFamily), plan->len);
  g_array_set_clear_func (sheet->families, clear_family);
  sheet->entries = g_array_new (FALSE, FALSE, sizeof (OrfSheetLine));
  sheet->lines = g_byte_array_new ();
  for (guint i = 0; i < plan->len; i++)
    add_family (sheet, plan->pdata[i]);
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
  gsize bytes = sheet->lines->len + sheet->entries->len * sizeof (OrfSheetLine);

  for (guint i = 0; i < sheet->families->len; i++) {
    const OrfSheetFamily *family = &g_array_index (sheet->families, OrfSheetFamily, i);

    bytes += sizeof *family;
    for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++)
      bytes += strlen (family->heads[format]);
  }
  return bytes;
}
