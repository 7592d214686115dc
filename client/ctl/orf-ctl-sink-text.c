/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exports as lines of text, which need not know all series before the first. */
#include <math.h>
#include <string.h>

#include "orf-encode.h"

#include "orf-ctl-format.h"
#include "orf-ctl-sink.h"

typedef struct {
  FILE *file;
  const OrfCtlTerminal *terminal; /* NULL: a file, or a pipe */
  GString *text;
} Lines;

static Lines *
lines_new (FILE *file, const char *path, const OrfCtlTerminal *terminal)
{
  Lines *lines = g_new0 (Lines, 1);

  lines->file = file;
  lines->terminal = path == NULL && terminal->is_terminal ? terminal : NULL;
  lines->text = g_string_new (NULL);
  return lines;
}

static void
end (gpointer self)
{
  Lines *lines = self;

  g_string_free (lines->text, TRUE);
  g_free (lines);
}

/* Whether it could be is asked when it is flushed. */
static void
put (Lines *lines)
{
  fwrite (lines->text->str, 1, lines->text->len, lines->file);
  g_string_truncate (lines->text, 0);
}

static gboolean
flush (G_GNUC_UNUSED gpointer self, G_GNUC_UNUSED GError **error)
{
  return TRUE;
}

/* Nothing that drives a terminal. */
static char *
dup_name (const Lines *lines, const char *name)
{
  return lines->terminal != NULL ? orf_ctl_terminal_clean (lines->terminal, name) : g_strdup (name);
}

/* ---- CSV, by RFC 4180: a line a point ----------------------------------------------------------
 */

static gpointer
begin_csv (FILE *file,
           const char *path,
           const OrfCtlTerminal *terminal,
           G_GNUC_UNUSED GError **error)
{
  Lines *lines = lines_new (file, path, terminal);

  g_string_append (lines->text, "t_us,series,value\r\n");
  put (lines);
  return lines;
}

static gboolean
add_csv (gpointer self, const OrfMetricsSeriesPoints *series, G_GNUC_UNUSED GError **error)
{
  Lines *lines = self;
  g_autofree char *name = dup_name (lines, series->series);
  g_autofree char *cell = orf_ctl_format_csv_cell (name);

  for (guint i = 0; i < series->points->len; i++) {
    const OrfPoint *point = &g_array_index (series->points, OrfPoint, i);

    if (isnan (point->value))
      continue;
    orf_encode_integer (lines->text, point->t_us);
    g_string_append_c (lines->text, ',');
    g_string_append (lines->text, cell);
    g_string_append_c (lines->text, ',');
    orf_encode_number (lines->text, point->value);
    g_string_append (lines->text, "\r\n");
  }
  put (lines);
  return TRUE;
}

const OrfCtlSinkFormat orf_ctl_sink_csv = {
  .name = "csv", .begin = begin_csv, .add = add_csv, .flush = flush, .end = end
};

/* ---- JSON: a line for some points of a series --------------------------------------------------
 */

static gpointer
begin_jsonl (FILE *file,
             const char *path,
             const OrfCtlTerminal *terminal,
             G_GNUC_UNUSED GError **error)
{
  return lines_new (file, path, terminal);
}

static void
append_points (GString *text, const GArray *points)
{
  g_string_append_c (text, '[');
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    if (isnan (point->value))
      continue;
    orf_encode_comma (text);
    g_string_append_c (text, '[');
    orf_encode_integer (text, point->t_us);
    g_string_append_c (text, ',');
    orf_encode_number (text, point->value);
    g_string_append_c (text, ']');
  }
  g_string_append_c (text, ']');
}

/* As metrics.query has a series. */
static gboolean
add_jsonl (gpointer self, const OrfMetricsSeriesPoints *series, G_GNUC_UNUSED GError **error)
{
  Lines *lines = self;
  g_autofree char *clean = NULL;

  g_string_append_c (lines->text, '{');
  orf_encode_member (lines->text, "series");
  orf_encode_string (lines->text, series->series, -1);
  orf_encode_member (lines->text, "name");
  orf_encode_string (lines->text, series->name, -1);
  orf_encode_member (lines->text, "labels");
  orf_ctl_sink_append_labels (lines->text, series->labels);
  orf_encode_member (lines->text, "points");
  append_points (lines->text, series->points);
  g_string_append_c (lines->text, '}');
  if (lines->terminal != NULL) {
    clean = orf_ctl_terminal_clean (lines->terminal, lines->text->str);
    g_string_assign (lines->text, clean);
  }
  g_string_append_c (lines->text, '\n');
  put (lines);
  return TRUE;
}

const OrfCtlSinkFormat orf_ctl_sink_jsonl = {
  .name = "jsonl", .begin = begin_jsonl, .add = add_jsonl, .flush = flush, .end = end
};
