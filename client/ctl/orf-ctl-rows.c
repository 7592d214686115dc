/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-rows.h"

#include <math.h>
#include <string.h>

#include <gio/gio.h>

#include "orf-error.h"

/* As far as integers go everywhere: differences of such times are numbers, too. */
#define MAX_T_US G_GINT64_CONSTANT (9007199254740992)

static GDataInputStream *
open_lines (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) problem = NULL;
  GDataInputStream *lines;

  if (!g_file_get_contents (path, &data, &length, &problem)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, problem->message);
    return NULL;
  }
  if (length >= 2 && (guint8) data[0] == 0x1f && (guint8) data[1] == 0x8b) {
    g_autoptr (GInputStream) packed = g_memory_input_stream_new_from_data (g_steal_pointer (&data),
                                                                           (gssize) length, g_free);
    g_autoptr (GZlibDecompressor) gzip = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);

    stream = g_converter_input_stream_new (packed, G_CONVERTER (gzip));
  } else {
    stream = g_memory_input_stream_new_from_data (g_steal_pointer (&data), (gssize) length, g_free);
  }
  lines = g_data_input_stream_new (stream);
  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_ANY);
  return lines;
}

void
orf_ctl_table_rows_free (OrfCtlTableRows *rows)
{
  g_strfreev (rows->names);
  g_array_unref (rows->t_us);
  g_array_unref (rows->values);
  g_free (rows);
}

/* FALSE: the head is none of ours. */
static gboolean
parse_head (OrfCtlTableRows *rows, const char *head)
{
  g_auto (GStrv) names = g_strsplit (head, ",", -1);
  guint n = g_strv_length (names);

  for (guint i = 0; i < n; i++)
    g_strstrip (names[i]);
  if (n < 2 || !g_str_equal (names[0], "t_us"))
    return FALSE;
  rows->n_columns = n - 1;
  rows->names = g_strdupv (names + 1);
  return TRUE;
}

static gboolean
parse_value (char *text, double *value)
{
  char *end = NULL;

  g_strstrip (text);
  *value = *text == '\0' ? NAN : g_ascii_strtod (text, &end);
  return *text == '\0' || (end != text && *end == '\0');
}

/* column: the only one wanted, from 0; -1: all. */
static gboolean
parse_row (OrfCtlTableRows *rows, const char *line, int column)
{
  g_auto (GStrv) cells = g_strsplit (line, ",", -1);
  guint first = column < 0 ? 0 : (guint) column;
  guint last = column < 0 ? rows->n_columns - 1 : first;
  gint64 t_us;

  if (g_strv_length (cells) <= last + 1 ||
      !g_ascii_string_to_signed (g_strstrip (cells[0]), 10, -MAX_T_US, MAX_T_US, &t_us, NULL))
    return FALSE;
  g_array_append_val (rows->t_us, t_us);
  for (guint i = first; i <= last; i++) {
    double value;

    if (!parse_value (cells[i + 1], &value))
      return FALSE;
    g_array_append_val (rows->values, value);
  }
  return TRUE;
}

/* The column "value", or else the first. */
static int
find_column (const OrfCtlTableRows *rows)
{
  for (guint i = 0; i < rows->n_columns; i++)
    if (g_str_equal (rows->names[i], "value"))
      return (int) i;
  return 0;
}

static gboolean
read_line (OrfCtlTableRows *rows, const char *line, guint number, gboolean all)
{
  if (number == 1)
    return parse_head (rows, line);
  return *line == '\0' || parse_row (rows, line, all ? -1 : find_column (rows));
}

static OrfCtlTableRows *
read_rows (const char *path, gboolean all, GError **error)
{
  g_autoptr (GDataInputStream) lines = open_lines (path, error);
  g_autoptr (OrfCtlTableRows) rows = g_new0 (OrfCtlTableRows, 1);
  g_autoptr (GError) problem = NULL;

  rows->t_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  rows->values = g_array_new (FALSE, FALSE, sizeof (double));
  if (lines == NULL)
    return NULL;
  for (guint number = 1;; number++) {
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &problem);

    if (line == NULL && (number > 1 || problem != NULL))
      break;
    if (!read_line (rows, line != NULL ? line : "", number, all)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR, "%s: line %u is not %s", path, number,
                   number == 1 ? "a head like t_us,value" : "a time and a value");
      return NULL;
    }
  }
  if (problem == NULL)
    return g_steal_pointer (&rows);
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", path, problem->message);
  return NULL;
}

OrfCtlTableRows *
orf_ctl_rows_read_columns (const char *path, GError **error)
{
  return read_rows (path, TRUE, error);
}

GArray *
orf_ctl_table_rows_make_points (const OrfCtlTableRows *table)
{
  GArray *rows = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), table->t_us->len);

  for (guint i = 0; i < table->t_us->len; i++) {
    OrfPoint point = { .t_us = g_array_index (table->t_us, gint64, i),
                       .value = g_array_index (table->values, double, i) };

    g_array_append_val (rows, point);
  }
  return rows;
}

GArray *
orf_ctl_rows_read_file (const char *path, GError **error)
{
  g_autoptr (OrfCtlTableRows) table = read_rows (path, FALSE, error);

  return table != NULL ? orf_ctl_table_rows_make_points (table) : NULL;
}
