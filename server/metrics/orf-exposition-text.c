/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-text.h"

#include <math.h>
#include <string.h>

#include "orf-number.h"

/* Of a sample's line besides its name, labels and value: the longest ending, a blank, an end. */
#define LINE_EXTRA_BYTES (sizeof "_bucket" + 2)

/* Integers below are doubles of their own. */
#define MAX_EXACT 9007199254740992.0

typedef struct {
  GString *out;
  OrfExpositionFormat format;
  gint64 fresh_us; /* a gauge's sample is not older */
} Writer;

/* ---- pieces ---------------------------------------------------------------------------------- */

static void
append_help (Writer *writer, const char *help)
{
  for (; *help != '\0'; help++)
    if (*help == '\n')
      g_string_append (writer->out, "\\n");
    else if (*help == '\\' || (*help == '"' && writer->format == ORF_EXPOSITION_OPENMETRICS))
      g_string_append_printf (writer->out, "\\%c", *help);
    else
      g_string_append_c (writer->out, *help);
}

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

static char *
put (char *at, const char *text, gsize length)
{
  memcpy (at, text, length);
  return at + length;
}

static char *
put_number (char *at, double value)
{
  if (isfinite (value))
    return at + orf_number_format_double (at, value);
  if (isnan (value))
    return put (at, "NaN", 3);
  return put (at, value > 0 ? "+Inf" : "-Inf", 4);
}

static void
append_sample (Writer *writer,
               const OrfExposedFamily *family,
               const OrfExposedSeries *one,
               const char *ending,
               double value)
{
  const char *labels = one->labels;
  gsize name_length = strlen (family->name), ending_length = strlen (ending), labels_length;
  char *start, *at;

  if (labels == NULL)
    labels = one->series->text + strlen (one->series->family->name);
  labels_length = strlen (labels);
  start = at = make_room (writer->out,
                          name_length + labels_length + ORF_NUMBER_MAX + LINE_EXTRA_BYTES);
  at = put (at, family->name, name_length);
  at = put (at, ending, ending_length);
  at = put (at, labels, labels_length);
  *at++ = ' ';
  at = put_number (at, value);
  *at++ = '\n';
  *at = '\0';
  writer->out->len += (gsize) (at - start);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* NAN: there is none to tell.  A counter that stands still is true as long as its series is active,
 * and says that nothing happened; a gauge that nobody measures any more says nothing. */
static double
get_value (const Writer *writer, const OrfExposedFamily *family, const OrfExposedSeries *one)
{
  const OrfSeries *series = one->series;

  if (family->kind == ORF_SERIES_KIND_GAUGE && series->last_us < writer->fresh_us)
    return NAN;
  /* an observation that came late is counted, though its point is not the newest */
  if (one->part != ORF_EXPOSED_VALUE && !isnan (series->total))
    return series->total;
  return series->newest;
}

static gboolean
is_scaled (const OrfExposedSeries *one)
{
  return one->part == ORF_EXPOSED_VALUE || one->part == ORF_EXPOSED_SUM;
}

/* A value of few decimals is scaled as the whole number that it is of them, and so rounded but
 * once: 33.335 % are 0.33335, not 0.33335000000000004. */
static double
scale (const OrfExposedFamily *family, double value)
{
  double millionths = rint (value * 1e6);

  if (family->divide != 1 && fabs (millionths) < MAX_EXACT && millionths / 1e6 == value)
    return millionths * family->multiply / (1e6 * family->divide);
  return value * family->multiply / family->divide;
}

static const char *
get_ending (const OrfExposedFamily *family, OrfExposedPart part)
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
    return family->kind == ORF_SERIES_KIND_COUNTER ? "_total" : "";
  }
}

/* OpenMetrics has a sum only where it can but rise, and a count only beside a sum. */
static gboolean
omits_sum (const Writer *writer, const OrfExposedFamily *family, double sum)
{
  return writer->format == ORF_EXPOSITION_OPENMETRICS && (family->negative || sum < 0);
}

/* ---- families -------------------------------------------------------------------------------- */

static void
append_meta (Writer *writer, const char *what, const OrfExposedFamily *family)
{
  gboolean total = family->kind == ORF_SERIES_KIND_COUNTER && writer->format == ORF_EXPOSITION_TEXT;

  g_string_append_printf (writer->out, "# %s %s%s ", what, family->name, total ? "_total" : "");
}

static void
append_head (Writer *writer, const OrfExposedFamily *family)
{
  append_meta (writer, "HELP", family);
  append_help (writer, family->help);
  g_string_append_c (writer->out, '\n');
  append_meta (writer, "TYPE", family);
  g_string_append (writer->out, orf_series_kind_to_string (family->kind));
  g_string_append_c (writer->out, '\n');
  if (writer->format == ORF_EXPOSITION_OPENMETRICS && family->unit[0] != '\0') {
    append_meta (writer, "UNIT", family);
    g_string_append (writer->out, family->unit);
    g_string_append_c (writer->out, '\n');
  }
}

static void
append_family (Writer *writer, const OrfExposedFamily *family)
{
  gboolean begun = FALSE, omits = FALSE;

  for (guint i = 0; i < family->series->len; i++) {
    const OrfExposedSeries *one = &g_array_index (family->series, OrfExposedSeries, i);
    double value = get_value (writer, family, one);

    if (isnan (value))
      continue;
    if (one->part == ORF_EXPOSED_SUM)
      omits = omits_sum (writer, family, value);
    if (omits && (one->part == ORF_EXPOSED_SUM || one->part == ORF_EXPOSED_COUNT))
      continue;
    if (!begun)
      append_head (writer, family);
    begun = TRUE;
    append_sample (writer, family, one, get_ending (family, one->part),
                   is_scaled (one) ? scale (family, value) : value);
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
                           const GPtrArray *plan,
                           OrfExpositionFormat format,
                           gint64 now_us)
{
  Writer writer = { out, format, now_us - ORF_EXPOSITION_STALE_US };

  append_build (&writer);
  for (guint i = 0; i < plan->len; i++)
    append_family (&writer, plan->pdata[i]);
  if (format == ORF_EXPOSITION_OPENMETRICS)
    g_string_append (out, "# EOF\n");
}
