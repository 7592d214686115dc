/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-value.h"

#include <math.h>

#include "orf-encode.h"

#define MAX_INTEGER (G_GINT64_CONSTANT (1) << 53)

static void
append_hex (sqlite3_stmt *statement, int column, GString *out)
{
  static const char digits[] = "0123456789abcdef";
  const guint8 *bytes = sqlite3_column_blob (statement, column);
  gsize length = (gsize) sqlite3_column_bytes (statement, column);
  gsize start = out->len;

  if (bytes == NULL) /* empty; or out of memory, which the next step says */
    return;
  g_string_set_size (out, start + 2 * length);
  for (gsize i = 0; i < length; i++) {
    out->str[start + 2 * i] = digits[bytes[i] >> 4];
    out->str[start + 2 * i + 1] = digits[bytes[i] & 15];
  }
}

static const char *
name_infinity (double value)
{
  return value > 0 ? "Infinity" : "-Infinity";
}

static void
append_text_json (sqlite3_stmt *statement, int column, GString *out)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);
  gssize length = sqlite3_column_bytes (statement, column);

  if (text == NULL) { /* out of memory while it was converted; the next step says so */
    g_string_append (out, "null");
  } else if (g_utf8_validate (text, length, NULL)) {
    orf_encode_string (out, text, length);
  } else {
    g_autofree char *valid = g_utf8_make_valid (text, length);

    orf_encode_string (out, valid, -1);
  }
}

void
orf_sql_value_append_json (sqlite3_stmt *statement, int column, GString *out)
{
  gint64 integer = sqlite3_column_int64 (statement, column);
  double real = sqlite3_column_double (statement, column);

  switch (sqlite3_column_type (statement, column)) {
  case SQLITE_INTEGER:
    if (orf_sql_value_is_number (statement, column))
      orf_encode_integer (out, integer);
    else
      g_string_append_printf (out, "\"%" G_GINT64_FORMAT "\"", integer);
    break;
  case SQLITE_FLOAT:
    if (isinf (real))
      g_string_append_printf (out, "\"%s\"", name_infinity (real));
    else
      orf_encode_number (out, real);
    break;
  case SQLITE_TEXT:
    append_text_json (statement, column, out);
    break;
  case SQLITE_BLOB:
    g_string_append_c (out, '"');
    append_hex (statement, column, out);
    g_string_append_c (out, '"');
    break;
  default:
    g_string_append (out, "null");
  }
}

void
orf_sql_value_append_text (sqlite3_stmt *statement, int column, GString *out)
{
  double real;

  switch (sqlite3_column_type (statement, column)) {
  case SQLITE_INTEGER:
    g_string_append_printf (out, "%" G_GINT64_FORMAT,
                            (gint64) sqlite3_column_int64 (statement, column));
    break;
  case SQLITE_FLOAT:
    real = sqlite3_column_double (statement, column);
    if (isinf (real))
      g_string_append (out, name_infinity (real));
    else
      orf_encode_number (out, real);
    break;
  case SQLITE_TEXT:
    g_string_append_len (out, (const char *) sqlite3_column_text (statement, column),
                         sqlite3_column_bytes (statement, column));
    break;
  case SQLITE_BLOB:
    append_hex (statement, column, out);
    break;
  default:
    break;
  }
}

gboolean
orf_sql_value_is_number (sqlite3_stmt *statement, int column)
{
  gint64 integer = sqlite3_column_int64 (statement, column);

  if (sqlite3_column_type (statement, column) == SQLITE_INTEGER)
    return integer >= -MAX_INTEGER && integer <= MAX_INTEGER;
  return sqlite3_column_type (statement, column) == SQLITE_FLOAT &&
         isfinite (sqlite3_column_double (statement, column));
}
