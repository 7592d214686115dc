/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-text.h"

#include <math.h>
#include <string.h>

#include "orf-number.h"

/* Integers below are doubles of their own. */
#define MAX_EXACT 9007199254740992.0

typedef struct {
  GString *out;
  const OrfExpositionSheet *sheet;
  OrfExpositionFormat format;
  const GArray *exemplars; /* OrfExemplar by line; NULL: none */
  guint next_exemplar;
} Writer;

/* ---- samples --------------------------------------------------------------------------------- */

/* Room for as many bytes behind what there is; where it begins. */
static char *
make_room (GString *out, gsize bytes)
{
  gsize length = out->len;

  if (out->allocated_len - length <= bytes) {
    g_string_set_size (out, length + bytes); /* grows by doubling */
    g_string_truncate (out, length);
  }
  return out->str + length;
}

static guint
put_number (char *at, double value)
{
  if (isfinite (value))
    return orf_number_format_double (at, value);
  strcpy (at, value > 0 ? "+Inf" : "-Inf");
  return strlen ("+Inf");
}

/* That of the line, ""; lines come in order. */
static const char *
take_exemplar (Writer *writer, guint line)
{
  const GArray *all = writer->exemplars;

  while (all != NULL && writer->next_exemplar < all->len) {
    const OrfExemplar *one = &g_array_index (all, OrfExemplar, writer->next_exemplar);

    if (one->line > line)
      break;
    writer->next_exemplar++;
    if (one->line == line)
      return one->text;
  }
  return "";
}

static void
append_line (Writer *writer, const OrfSheetLine *line, double value, const char *exemplar)
{
  gsize exemplar_length = strlen (exemplar);
  char *start = make_room (writer->out, line->length + ORF_NUMBER_MAX + exemplar_length + 2);
  char *at = start;

  memcpy (at, writer->sheet->lines->data + line->start, line->length);
  at += line->length;
  at += put_number (at, value);
  memcpy (at, exemplar, exemplar_length);
  at += exemplar_length;
  *at++ = '\n';
  *at = '\0';
  writer->out->len += (gsize) (at - start);
}

/* A value of few decimals is scaled as the whole number that it is of them, and so rounded but
 * once: 33.335 % are 0.33335, not 0.33335000000000004. */
static double
scale (const OrfSheetFamily *family, double value)
{
  double millionths = rint (value * 1e6);

  if (family->name->divide != 1 && fabs (millionths) < MAX_EXACT && millionths / 1e6 == value)
    return millionths * family->name->multiply / (1e6 * family->name->divide);
  return value * family->name->multiply / family->name->divide;
}

/* ---- families -------------------------------------------------------------------------------- */

/* OpenMetrics has a sum only where it can but rise, and a count only beside a sum. */
static gboolean
omits_sum (const Writer *writer, const OrfSheetFamily *family, double sum)
{
  return writer->format == ORF_EXPOSITION_OPENMETRICS && (family->negative || sum < 0);
}

static void
append_family (Writer *writer, const OrfSheetFamily *family, const double *values)
{
  gboolean begun = FALSE, omits = FALSE;

  for (guint i = family->first; i < family->first + family->n; i++) {
    const OrfSheetLine *line = &g_array_index (writer->sheet->entries, OrfSheetLine, i);
    gboolean scaled = line->part == ORF_EXPOSED_VALUE || line->part == ORF_EXPOSED_SUM;

    if (isnan (values[i]))
      continue;
    if (line->part == ORF_EXPOSED_SUM)
      omits = omits_sum (writer, family, values[i]);
    if (omits && (line->part == ORF_EXPOSED_SUM || line->part == ORF_EXPOSED_COUNT))
      continue;
    if (!begun)
      g_string_append (writer->out, family->name->heads[writer->format]);
    begun = TRUE;
    append_line (writer, line, scaled ? scale (family, values[i]) : values[i],
                 take_exemplar (writer, i));
  }
}

static void
append_build (Writer *writer)
{
  gboolean info = writer->format == ORF_EXPOSITION_OPENMETRICS;
  const char *family = info ? "orfeas_build" : "orfeas_build_info";

  g_string_append_printf (writer->out,
                          "# HELP %s What runs here.\n"
                          "# TYPE %s %s\n"
                          "orfeas_build_info{version=\"" ORF_VERSION "\"} 1\n",
                          family, family, info ? "info" : "gauge");
}

void
orf_exposition_text_write (GString *out,
                           const OrfExpositionSheet *sheet,
                           const double *values,
                           const GArray *exemplars,
                           const char *extra,
                           OrfExpositionFormat format)
{
  Writer writer = { out, sheet, format, exemplars, 0 };

  append_build (&writer);
  for (guint i = 0; i < sheet->families->len; i++)
    append_family (&writer, &g_array_index (sheet->families, OrfSheetFamily, i), values);
  g_string_append (out, extra);
  if (format == ORF_EXPOSITION_OPENMETRICS)
    g_string_append (out, "# EOF\n");
}
