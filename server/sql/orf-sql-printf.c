/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-printf.h"

#include <string.h>

#include <glib.h>

/* Wider than any column that people read. */
#define MAX_WIDTH 1000
/* A conversion as we hand it on: %, flags, two numbers, ll, letter. */
#define MAX_SPEC 40
#define FLAGS    "-+ 0#,!"

typedef struct {
  sqlite3_str *out;
  sqlite3_value **values; /* those that are left */
  int n_values;
} Printing;

static sqlite3_value *
take_value (Printing *printing)
{
  if (printing->n_values == 0)
    return NULL;
  printing->n_values--;
  return *printing->values++;
}

static void
put_integer (Printing *printing, const char *spec)
{
  sqlite3_value *value = take_value (printing);

  sqlite3_str_appendf (printing->out, spec, value != NULL ? sqlite3_value_int64 (value) : 0);
}

static void
put_double (Printing *printing, const char *spec)
{
  sqlite3_value *value = take_value (printing);

  sqlite3_str_appendf (printing->out, spec, value != NULL ? sqlite3_value_double (value) : 0.0);
}

/* %s of NULL is nothing; %Q of it is NULL, which SQLite's own formatter knows. */
static void
put_text (Printing *printing, const char *spec)
{
  sqlite3_value *value = take_value (printing);

  sqlite3_str_appendf (printing->out, spec,
                       value != NULL ? (const char *) sqlite3_value_text (value) : NULL);
}

/* The first character; as %s, for SQLite's %c takes the precision as a count. */
static void
put_character (Printing *printing, const char *spec)
{
  sqlite3_value *value = take_value (printing);
  const char *text = value != NULL ? (const char *) sqlite3_value_text (value) : NULL;
  g_autofree char *first = text != NULL && text[0] != '\0'
                             ? g_strndup (text, (gsize) (g_utf8_next_char (text) - text))
                             : g_strdup ("");

  sqlite3_str_appendf (printing->out, spec, first);
}

/* There is room: see MAX_SPEC. */
static void
append (char *spec, char letter)
{
  gsize length = strlen (spec);

  spec[length] = letter;
  spec[length + 1] = '\0';
}

/* Digits, which are copied; FALSE: more than MAX_WIDTH, or a width that comes as a value. */
static gboolean
copy_number (const char **at, char *spec)
{
  guint number = 0;

  if (**at == '*')
    return FALSE;
  for (; g_ascii_isdigit (**at); (*at)++) {
    number = number * 10 + (guint) (**at - '0');
    if (number > MAX_WIDTH)
      return FALSE;
  }
  if (number > 0)
    g_snprintf (spec + strlen (spec), MAX_SPEC - strlen (spec), "%u", number);
  return TRUE;
}

/* From behind the % on; NULL and a message where it is refused. */
static const char *
put_conversion (Printing *printing, const char *at, const char **problem)
{
  char spec[MAX_SPEC] = "%";
  gsize n_flags = strspn (at, FLAGS);
  char letter;

  if (n_flags > strlen (FLAGS)) {
    *problem = "printf: too many flags";
    return NULL;
  }
  memcpy (spec + 1, at, n_flags);
  at += n_flags;
  *problem = "printf: widths are numbers up to 1000";
  if (!copy_number (&at, spec))
    return NULL;
  if (*at == '.') {
    at++;
    append (spec, '.');
    if (!copy_number (&at, spec))
      return NULL;
  }
  at += strspn (at, "l");
  letter = *at;
  if (letter == '%') {
    sqlite3_str_appendchar (printing->out, 1, '%');
  } else if (letter != '\0' && strchr ("diuxXop", letter) != NULL) {
    append (spec, 'l');
    append (spec, 'l');
    append (spec, letter == 'i' ? 'd' : letter == 'p' ? 'X' : letter);
    put_integer (printing, spec);
  } else if (letter != '\0' && strchr ("fFeEgG", letter) != NULL) {
    append (spec, letter == 'F' ? 'f' : letter);
    put_double (printing, spec);
  } else if (letter != '\0' && strchr ("szqQw", letter) != NULL) {
    append (spec, letter == 'z' ? 's' : letter);
    put_text (printing, spec);
  } else if (letter == 'c') {
    char *precision = strchr (spec, '.');

    if (precision != NULL)
      *precision = '\0';
    append (spec, 's');
    put_character (printing, spec);
  } else {
    *problem = "printf: not a conversion that is known here";
    return NULL;
  }
  return at + 1;
}

static void
printf_cb (sqlite3_context *context, int n_values, sqlite3_value **values)
{
  const char *format = n_values > 0 ? (const char *) sqlite3_value_text (values[0]) : NULL;
  sqlite3 *db = sqlite3_context_db_handle (context);
  Printing printing = { sqlite3_str_new (db), values + 1, MAX (n_values - 1, 0) };
  const char *problem = NULL;
  gboolean is_null = format == NULL;

  while (format != NULL && *format != '\0') {
    gsize plain = strcspn (format, "%");

    sqlite3_str_append (printing.out, format, (int) plain);
    format += plain;
    if (*format == '%')
      format = put_conversion (&printing, format + 1, &problem);
  }
  if (format == NULL && !is_null) {
    sqlite3_result_error (context, problem, -1);
    sqlite3_free (sqlite3_str_finish (printing.out));
  } else if (is_null) {
    sqlite3_free (sqlite3_str_finish (printing.out));
  } else if (sqlite3_str_errcode (printing.out) != SQLITE_OK) {
    sqlite3_result_error_code (context, sqlite3_str_errcode (printing.out));
    sqlite3_free (sqlite3_str_finish (printing.out));
  } else {
    int length = sqlite3_str_length (printing.out);
    char *text = sqlite3_str_finish (printing.out);

    sqlite3_result_text (context, text != NULL ? text : "", length,
                         text != NULL ? sqlite3_free : SQLITE_STATIC);
  }
}

int
orf_sql_printf_register (sqlite3 *db)
{
  /* Innocuous: the file's views use it, and its schema is not trusted. */
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int code = sqlite3_create_function (db, "printf", -1, flags, NULL, printf_cb, NULL, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_create_function (db, "format", -1, flags, NULL, printf_cb, NULL, NULL);
  return code;
}
