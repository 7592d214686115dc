/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-exposition-parser.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"

/* Times beyond have no microseconds in 64 bits. */
#define MAX_TIME_S  (G_MAXINT64 / ORF_US_PER_S)
#define MAX_TIME_MS (G_MAXINT64 / ORF_US_PER_MS)

static gboolean
equals (OrfExpositionSlice slice, const char *text)
{
  return slice.length == strlen (text) && memcmp (slice.start, text, slice.length) == 0;
}

static gboolean
same (OrfExpositionSlice a, OrfExpositionSlice b)
{
  return a.length == b.length && memcmp (a.start, b.start, a.length) == 0;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static gboolean
refuse (const OrfExpositionParser *parser, const char *at, const char *what, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "line %u, column %" G_GSIZE_FORMAT ": %s", parser->line,
               (gsize) (at - parser->at) + 1, what);
  return FALSE;
}

static gboolean
want (const OrfExpositionParser *parser, const char *at, const char *wanted, GError **error)
{
  g_autofree char *what = g_strconcat (wanted, " is wanted", NULL);

  return refuse (parser, at, what, error);
}

/* The whole page, once: then no line needs to look. */
static gboolean
check_utf8 (OrfExpositionParser *parser, GError **error)
{
  const char *wrong, *line_end;
  gsize left = (gsize) (parser->end - parser->at);

  if (parser->checked || g_utf8_validate_len (parser->at, left, &wrong))
    return parser->checked = TRUE;
  while ((line_end = memchr (parser->at, '\n', (gsize) (wrong - parser->at))) != NULL) {
    parser->at = line_end + 1;
    parser->line++;
  }
  return refuse (parser, wrong, "this is no UTF-8", error);
}

/* ---- families -------------------------------------------------------------------------------- */

static void
set_family (OrfExpositionParser *parser, OrfExpositionSlice name)
{
  if (!same (parser->family.name, name))
    parser->family =
      (OrfExpositionFamily){ .name = name, .help = { name.start, 0 }, .unit = { name.start, 0 } };
}

static gboolean
parse_type (const OrfExpositionParser *parser, OrfExpositionSlice word, OrfExpositionType *type)
{
  static const struct {
    const char *word;
    OrfExpositionType type;
    gboolean text, openmetrics; /* where it is known */
  } types[] = {
    { "counter", ORF_EXPOSITION_COUNTER, TRUE, TRUE },
    { "gauge", ORF_EXPOSITION_GAUGE, TRUE, TRUE },
    { "histogram", ORF_EXPOSITION_HISTOGRAM, TRUE, TRUE },
    { "summary", ORF_EXPOSITION_SUMMARY, TRUE, TRUE },
    { "untyped", ORF_EXPOSITION_UNKNOWN, TRUE, FALSE },
    { "unknown", ORF_EXPOSITION_UNKNOWN, FALSE, TRUE },
    { "gaugehistogram", ORF_EXPOSITION_GAUGE_HISTOGRAM, FALSE, TRUE },
    { "info", ORF_EXPOSITION_INFO, FALSE, TRUE },
    { "stateset", ORF_EXPOSITION_STATE_SET, FALSE, TRUE },
  };
  gboolean text = parser->format == ORF_EXPOSITION_TEXT;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (equals (word, types[i].word) && (text ? types[i].text : types[i].openmetrics)) {
      *type = types[i].type;
      return TRUE;
    }
  return FALSE;
}

/* The cursor is at the end of the line, but for blanks. */
static gboolean
end_line (const OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  orf_exposition_skip_blanks (cursor);
  return cursor->at == cursor->end ||
         refuse (parser, cursor->at, "the line should end here", error);
}

static gboolean
read_type (OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  OrfExpositionSlice word;

  if (!orf_exposition_take_word (cursor, &word))
    return want (parser, cursor->at, "a type", error);
  if (!parse_type (parser, word, &parser->family.type))
    return refuse (parser, word.start, "there is no such type", error);
  return end_line (parser, cursor, error);
}

static gboolean
read_unit (OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  parser->family.unit.length = 0;
  orf_exposition_take_name (cursor, TRUE, &parser->family.unit); /* or none */
  return end_line (parser, cursor, error);
}

/* "# HELP name …" and its like; the cursor is after that word. */
static gboolean
read_description (OrfExpositionParser *parser,
                  OrfExpositionSlice keyword,
                  OrfExpositionCursor *cursor,
                  GError **error)
{
  OrfExpositionSlice name;

  orf_exposition_skip_blanks (cursor);
  if (!orf_exposition_take_name (cursor, TRUE, &name))
    return want (parser, cursor->at, "a metric's name", error);
  if (cursor->at < cursor->end && !orf_exposition_skip_blanks (cursor))
    return want (parser, cursor->at, "a blank", error);
  set_family (parser, name);
  if (equals (keyword, "TYPE"))
    return read_type (parser, cursor, error);
  if (equals (keyword, "UNIT"))
    return read_unit (parser, cursor, error);
  parser->family.help = (OrfExpositionSlice){ cursor->at, (gsize) (cursor->end - cursor->at) };
  return TRUE;
}

/* The cursor is after the #. */
static gboolean
read_comment (OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  gboolean strict = parser->format == ORF_EXPOSITION_OPENMETRICS;
  OrfExpositionSlice keyword = { cursor->at, 0 };

  orf_exposition_skip_blanks (cursor);
  orf_exposition_take_word (cursor, &keyword);
  if (equals (keyword, "HELP") || equals (keyword, "TYPE") || (strict && equals (keyword, "UNIT")))
    return read_description (parser, keyword, cursor, error);
  if (!strict)
    return TRUE;
  if (!equals (keyword, "EOF"))
    return want (parser, keyword.start, "HELP, TYPE, UNIT or EOF", error);
  parser->ended = TRUE;
  return end_line (parser, cursor, error);
}

/* ---- samples --------------------------------------------------------------------------------- */

static gboolean
read_time (const OrfExpositionParser *parser,
           OrfExpositionCursor *cursor,
           gint64 *t_us,
           GError **error)
{
  const char *from = cursor->at;
  gint64 time_ms;
  double time_s;

  if (parser->format == ORF_EXPOSITION_TEXT) {
    if (!orf_exposition_take_integer (cursor, &time_ms) || time_ms > MAX_TIME_MS ||
        time_ms < -MAX_TIME_MS)
      return want (parser, from, "a time in milliseconds", error);
    *t_us = time_ms * ORF_US_PER_MS;
    return TRUE;
  }
  if (!orf_exposition_take_number (cursor, &time_s) || !(fabs (time_s) < (double) MAX_TIME_S))
    return want (parser, from, "a time in seconds", error);
  *t_us = (gint64) rint (time_s * (double) ORF_US_PER_S);
  return TRUE;
}

/* # {labels} value [time]: only its form is looked at. */
static gboolean
skip_exemplar (const OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  OrfExpositionSlice labels;
  const char *wanted;
  double value;
  gint64 t_us;

  cursor->at++;
  if (!orf_exposition_take_labels (cursor, &labels, &wanted))
    return want (parser, cursor->at, wanted, error);
  orf_exposition_skip_blanks (cursor);
  if (!orf_exposition_take_number (cursor, &value))
    return want (parser, cursor->at, "an exemplar's value", error);
  orf_exposition_skip_blanks (cursor);
  return cursor->at == cursor->end || read_time (parser, cursor, &t_us, error);
}

/* What may stand after a value. */
static gboolean
read_tail (const OrfExpositionParser *parser,
           OrfExpositionCursor *cursor,
           OrfExpositionSample *sample,
           GError **error)
{
  gboolean strict = parser->format == ORF_EXPOSITION_OPENMETRICS;

  orf_exposition_skip_blanks (cursor);
  sample->has_time = cursor->at < cursor->end && !(strict && *cursor->at == '#');
  sample->t_us = 0;
  if (sample->has_time && !read_time (parser, cursor, &sample->t_us, error))
    return FALSE;
  orf_exposition_skip_blanks (cursor);
  if (strict && cursor->at < cursor->end && *cursor->at == '#' &&
      !skip_exemplar (parser, cursor, error))
    return FALSE;
  return end_line (parser, cursor, error);
}

static gboolean
read_sample (const OrfExpositionParser *parser,
             OrfExpositionCursor *cursor,
             OrfExpositionSample *sample,
             GError **error)
{
  const char *from = cursor->at, *end, *wanted;

  if (!orf_exposition_take_name (cursor, TRUE, &sample->name))
    return want (parser, from, "a metric's name", error);
  end = cursor->at;
  sample->labels = (OrfExpositionSlice){ end, 0 };
  orf_exposition_skip_blanks (cursor);
  if (cursor->at < cursor->end && *cursor->at == '{') {
    if (!orf_exposition_take_labels (cursor, &sample->labels, &wanted))
      return want (parser, cursor->at, wanted, error);
    end = cursor->at;
    orf_exposition_skip_blanks (cursor);
  } else if (cursor->at == end) {
    return want (parser, cursor->at, "a blank", error);
  }
  sample->series = (OrfExpositionSlice){ from, (gsize) (end - from) };
  if (!orf_exposition_take_number (cursor, &sample->value))
    return want (parser, cursor->at, "a number", error);
  return read_tail (parser, cursor, sample, error);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The line at parser->at, without its end. */
static gboolean
find_line (const OrfExpositionParser *parser, OrfExpositionCursor *cursor, GError **error)
{
  gsize left = (gsize) (parser->end - parser->at);
  const char *end = memchr (parser->at, '\n', left);
  OrfExpositionSlice rest = { parser->at, left };

  *cursor = (OrfExpositionCursor){ parser->at, end != NULL ? end : parser->end };
  /* the one line that may lack it */
  if (end != NULL || (parser->format == ORF_EXPOSITION_OPENMETRICS && equals (rest, "# EOF")))
    return TRUE;
  return refuse (parser, parser->end, "the page was cut: its last line has no end", error);
}

static gboolean
check_end (const OrfExpositionParser *parser, GError **error)
{
  if (parser->format == ORF_EXPOSITION_OPENMETRICS && !parser->ended)
    return refuse (parser, parser->at, "the page was cut: it has no # EOF", error);
  return TRUE;
}

/* TRUE with *is_sample FALSE: the line said something else. */
static gboolean
read_line (OrfExpositionParser *parser,
           OrfExpositionCursor *cursor,
           OrfExpositionSample *sample,
           gboolean *is_sample,
           GError **error)
{
  gboolean strict = parser->format == ORF_EXPOSITION_OPENMETRICS;

  *is_sample = FALSE;
  if (parser->ended)
    return refuse (parser, cursor->at, "there is more after # EOF", error);
  if (!strict)
    orf_exposition_skip_blanks (cursor);
  if (cursor->at == cursor->end)
    return !strict || refuse (parser, cursor->at, "a line is empty", error);
  if (*cursor->at == '#') {
    cursor->at++;
    return read_comment (parser, cursor, error);
  }
  *is_sample = TRUE;
  return read_sample (parser, cursor, sample, error);
}

OrfExpositionStep
orf_exposition_parser_next (OrfExpositionParser *parser,
                            OrfExpositionSample *sample,
                            GError **error)
{
  OrfExpositionCursor cursor;
  gboolean is_sample = FALSE;

  if (!check_utf8 (parser, error))
    return ORF_EXPOSITION_BROKEN;
  while (!is_sample) {
    const char *line_end;

    if (parser->at == parser->end)
      return check_end (parser, error) ? ORF_EXPOSITION_END : ORF_EXPOSITION_BROKEN;
    if (!find_line (parser, &cursor, error))
      return ORF_EXPOSITION_BROKEN;
    line_end = cursor.end;
    if (!read_line (parser, &cursor, sample, &is_sample, error))
      return ORF_EXPOSITION_BROKEN;
    parser->at = line_end + (line_end < parser->end);
    parser->line++;
  }
  return ORF_EXPOSITION_SAMPLE;
}

void
orf_exposition_parser_init (OrfExpositionParser *parser,
                            const char *page,
                            gsize length,
                            OrfExpositionFormat format)
{
  *parser = (OrfExpositionParser){
    .at = page,
    .end = page + length,
    .format = format,
    .line = 1,
    .family = { .name = { page, 0 }, .help = { page, 0 }, .unit = { page, 0 } },
  };
}

/* ---- who belongs to whom --------------------------------------------------------------------- */

static const char *const *
get_endings (OrfExpositionType type)
{
  static const char *const none[] = { "", NULL };
  /* in the older format a counter's family has its whole name */
  static const char *const counter[] = { "_total", "", "_created", NULL };
  static const char *const histogram[] = { "_bucket", "_count", "_sum", "_created", NULL };
  static const char *const gauge_histogram[] = { "_bucket", "_gcount", "_gsum", NULL };
  static const char *const summary[] = { "", "_count", "_sum", "_created", NULL };
  static const char *const info[] = { "_info", NULL };

  switch (type) {
  case ORF_EXPOSITION_COUNTER:
    return counter;
  case ORF_EXPOSITION_HISTOGRAM:
    return histogram;
  case ORF_EXPOSITION_GAUGE_HISTOGRAM:
    return gauge_histogram;
  case ORF_EXPOSITION_SUMMARY:
    return summary;
  case ORF_EXPOSITION_INFO:
    return info;
  case ORF_EXPOSITION_UNKNOWN:
  case ORF_EXPOSITION_GAUGE:
  case ORF_EXPOSITION_STATE_SET:
  default:
    return none;
  }
}

const OrfExpositionFamily *
orf_exposition_parser_get_family (const OrfExpositionParser *parser,
                                  OrfExpositionSlice name,
                                  OrfExpositionSlice *ending)
{
  const OrfExpositionFamily *family = &parser->family;
  const char *const *endings = get_endings (family->type);
  gsize length = family->name.length;

  if (length == 0 || name.length < length || memcmp (name.start, family->name.start, length) != 0)
    return NULL;
  *ending = (OrfExpositionSlice){ name.start + length, name.length - length };
  for (guint i = 0; endings[i] != NULL; i++)
    if (equals (*ending, endings[i]))
      return family;
  return NULL;
}
