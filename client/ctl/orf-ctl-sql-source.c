/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-sql-source.h"

#include <string.h>

#include <sqlite3.h>

#include "orf-error.h"
#include "orf-number.h"
#include "sql/orf-samples-table.h"
#include "sql/orf-sql-error.h"
#include "sql/orf-sql-value.h"

#include "orf-ctl-file.h"

/* What sql.query takes as its max_rows. */
#define MAX_REMOTE_ROWS 100000
/* VM instructions between two looks at the clock. */
#define WATCH_INSTRUCTIONS 10000
/* Levels in an answer: result, rows, row. */
#define MAX_DEPTH 4

struct _OrfCtlSqlSource {
  OrfCtl *ctl;
  sqlite3 *db; /* NULL: the daemon answers */
  gint64 deadline_us;
};

typedef sqlite3_stmt Statement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Statement, sqlite3_finalize)

/* ---- text -------------------------------------------------------------------------------------
 */

gboolean
orf_ctl_sql_is_blank (const char *text)
{
  for (;;) {
    text += strspn (text, " \t\r\n\f;");
    if (g_str_has_prefix (text, "--")) {
      text += strcspn (text, "\n");
    } else if (g_str_has_prefix (text, "/*")) {
      const char *end = strstr (text + 2, "*/");

      if (end == NULL)
        return TRUE;
      text = end + 2;
    } else {
      return *text == '\0';
    }
  }
}

char *
orf_ctl_sql_take_statement (const char **text)
{
  for (const char *at = *text; (at = strchr (at, ';')) != NULL; at++) {
    g_autofree char *statement = g_strndup (*text, (gsize) (at - *text) + 1);

    if (!sqlite3_complete (statement))
      continue;
    *text = at + 1;
    if (!orf_ctl_sql_is_blank (statement))
      return g_steal_pointer (&statement);
    at = *text - 1;
  }
  if (orf_ctl_sql_is_blank (*text))
    return NULL;
  {
    const char *rest = *text;

    *text += strlen (rest);
    return g_strdup (rest);
  }
}

/* ---- the file ---------------------------------------------------------------------------------
 */

gboolean
orf_ctl_sql_source_interrupt (OrfCtlSqlSource *source)
{
  if (source->db == NULL)
    return FALSE;
  sqlite3_interrupt (source->db);
  return TRUE;
}

static int
watch_cb (void *source)
{
  return g_get_monotonic_time () >= ((OrfCtlSqlSource *) source)->deadline_us;
}

static gboolean
open_file (OrfCtlSqlSource *source, const char *path, GError **error)
{
  source->db = orf_ctl_file_open (path, NULL, error);
  if (source->db == NULL)
    return FALSE;
  if (orf_samples_table_register (source->db) == SQLITE_OK)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot read %s: %s", path,
               sqlite3_errmsg (source->db));
  return FALSE;
}

static void
begin_rows (Statement *statement, OrfCtlSqlPrinter *printer)
{
  guint n_columns = (guint) sqlite3_column_count (statement);
  g_autofree const char **columns = g_new0 (const char *, n_columns + 1);

  for (guint i = 0; i < n_columns; i++)
    columns[i] = sqlite3_column_name (statement, (int) i);
  orf_ctl_sql_printer_begin (printer, columns, n_columns);
}

static gboolean
add_row (Statement *statement, OrfCtlSqlPrinter *printer)
{
  guint n_columns = (guint) sqlite3_column_count (statement);
  g_autofree OrfCtlSqlCell *cells = g_new0 (OrfCtlSqlCell, n_columns);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n_columns; i++) {
    GString *text = g_string_new (NULL);
    g_autofree char *made = NULL;

    cells[i].is_number = orf_sql_value_is_number (statement, (int) i);
    if (sqlite3_column_type (statement, (int) i) == SQLITE_NULL) {
      g_string_free (text, TRUE);
      continue;
    }
    orf_sql_value_append_text (statement, (int) i, text);
    made = g_utf8_make_valid (text->str, (gssize) text->len);
    g_string_free (text, TRUE);
    cells[i].text = made;
    g_ptr_array_add (texts, g_steal_pointer (&made));
  }
  return orf_ctl_sql_printer_add_row (printer, cells);
}

/* DONE, or ROW where there are more than may be. */
static int
print_rows (Statement *statement, gint64 max_rows, OrfCtlSqlPrinter *printer)
{
  int code = sqlite3_step (statement);

  /* an error before the first row leaves nothing half said */
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return code;
  begin_rows (statement, printer);
  for (gint64 n = 0; code == SQLITE_ROW; n++) {
    if (max_rows > 0 && n == max_rows)
      return SQLITE_ROW;
    if (!add_row (statement, printer))
      return SQLITE_DONE;
    code = sqlite3_step (statement);
  }
  return code;
}

static OrfCtlExit
fail (OrfCtlSqlSource *source, int code, const char *sql, GError **error)
{
  if ((code & 0xff) == SQLITE_INTERRUPT) {
    gboolean late = source->deadline_us > 0 && g_get_monotonic_time () >= source->deadline_us;

    g_set_error_literal (error, ORF_ERROR, late ? ORF_ERROR_DEADLINE_EXCEEDED : ORF_ERROR_CANCELLED,
                         late ? "the time of --timeout is over" : "interrupted");
    return late ? ORF_CTL_DEADLINE : ORF_CTL_SERVER_ERROR;
  }
  g_propagate_error (error, orf_sql_error_new (source->db, code, sql));
  return ORF_CTL_SERVER_ERROR;
}

static OrfCtlExit
run_on_file (OrfCtlSqlSource *source,
             const char *sql,
             gint64 max_rows,
             OrfCtlSqlPrinter *printer,
             GError **error)
{
  g_autoptr (Statement) statement = NULL;
  gint64 started_us = g_get_monotonic_time ();
  int code = sqlite3_prepare_v2 (source->db, sql, -1, &statement, NULL);

  if (code != SQLITE_OK)
    return fail (source, code, sql, error);
  code = print_rows (statement, max_rows, printer);
  if (code == SQLITE_DONE || code == SQLITE_ROW) {
    orf_ctl_sql_printer_end (printer, code == SQLITE_ROW, g_get_monotonic_time () - started_us);
    return ORF_CTL_DONE;
  }
  orf_ctl_sql_printer_abandon (printer);
  return fail (source, code, sql, error);
}

/* ---- the daemon -------------------------------------------------------------------------------
 */

/* Taken by the caller. */
static char *
format_json (json_t *value)
{
  char buffer[ORF_NUMBER_MAX];
  gint64 integer;

  if (json_is_string (value))
    return g_strdup (json_string_value (value));
  if (orf_json_get_integer (value, &integer))
    orf_number_format_integer (buffer, integer);
  else if (json_is_number (value))
    orf_number_format_double (buffer, json_number_value (value));
  else
    return NULL;
  return g_strdup (buffer);
}

static gboolean
add_json_row (json_t *row, guint n_columns, OrfCtlSqlPrinter *printer)
{
  g_autofree OrfCtlSqlCell *cells = g_new0 (OrfCtlSqlCell, n_columns);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n_columns; i++) {
    json_t *value = json_array_get (row, i);
    char *text = format_json (value);

    cells[i] = (OrfCtlSqlCell){ text, json_is_number (value) };
    g_ptr_array_add (texts, text);
  }
  return orf_ctl_sql_printer_add_row (printer, cells);
}

static OrfCtlExit
print_result (const OrfSqlQueryResult *result, OrfCtlSqlPrinter *printer, GError **error)
{
  g_autoptr (json_t) rows = orf_json_parse (result->rows, strlen (result->rows), MAX_DEPTH, error);
  guint n_columns = g_strv_length (result->columns);

  if (rows == NULL)
    return ORF_CTL_SERVER_ERROR;
  orf_ctl_sql_printer_begin (printer, (const char *const *) result->columns, n_columns);
  for (gsize i = 0; i < json_array_size (rows); i++)
    if (!add_json_row (json_array_get (rows, i), n_columns, printer))
      break;
  orf_ctl_sql_printer_end (printer, result->truncated, result->took_us);
  return ORF_CTL_DONE;
}

static OrfCtlExit
run_on_daemon (OrfCtlSqlSource *source,
               const char *sql,
               gint64 max_rows,
               OrfCtlSqlPrinter *printer,
               GError **error)
{
  g_autoptr (OrfSqlQueryResult) result = NULL;
  gint64 n = max_rows > 0 ? MIN (max_rows, MAX_REMOTE_ROWS) : MAX_REMOTE_ROWS;
  json_t *params = json_pack ("{s:s, s:I}", "sql", sql, "max_rows", (json_int_t) n);
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "the statement is no UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (source->ctl, ORF_METHOD_SQL_QUERY, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (source->ctl))
    return verdict;
  return print_result (result, printer, error);
}

/* ---- either -----------------------------------------------------------------------------------
 */

OrfCtlSqlSource *
orf_ctl_sql_source_new (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlSqlSource) source = g_new0 (OrfCtlSqlSource, 1);
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *path = orf_ctl_options_get (options, "db");
  const char *timeout = orf_ctl_options_get (options, "timeout");

  source->ctl = ctl;
  if (path == NULL)
    return g_steal_pointer (&source);
  if (!open_file (source, path, error))
    return NULL;
  if (timeout != NULL) {
    source->deadline_us = g_get_monotonic_time () + g_ascii_strtoll (timeout, NULL, 10) * 1000;
    sqlite3_progress_handler (source->db, WATCH_INSTRUCTIONS, watch_cb, source);
  }
  return g_steal_pointer (&source);
}

void
orf_ctl_sql_source_free (OrfCtlSqlSource *source)
{
  sqlite3_close (source->db);
  g_free (source);
}

OrfCtlExit
orf_ctl_sql_source_run (OrfCtlSqlSource *source,
                        const char *sql,
                        gint64 max_rows,
                        OrfCtlSqlPrinter *printer,
                        GError **error)
{
  return source->db != NULL ? run_on_file (source, sql, max_rows, printer, error)
                            : run_on_daemon (source, sql, max_rows, printer, error);
}

static char **
list_from_file (OrfCtlSqlSource *source, const char *sql)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (Statement) statement = NULL;

  if (sqlite3_prepare_v2 (source->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return NULL;
  while (sqlite3_step (statement) == SQLITE_ROW)
    if (sqlite3_column_type (statement, 0) != SQLITE_NULL)
      g_strv_builder_add (names, (const char *) sqlite3_column_text (statement, 0));
  return g_strv_builder_end (names);
}

static char **
list_from_daemon (OrfCtlSqlSource *source, const char *sql)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *params = NULL;
  g_autofree char *text = NULL;
  g_autoptr (json_t) asked = NULL;
  g_autoptr (json_t) result = NULL;
  json_t *rows;

  asked = json_pack ("{s:s, s:i}", "sql", sql, "max_rows", MAX_REMOTE_ROWS);
  params = orf_json_dump (asked);
  if (orf_ctl_call (source->ctl, "sql.query", params, &text, NULL) != ORF_CTL_DONE)
    return NULL;
  result = orf_json_parse (text, strlen (text), MAX_DEPTH, NULL);
  rows = json_object_get (result, "rows");
  for (gsize i = 0; i < json_array_size (rows); i++) {
    json_t *name = json_array_get (json_array_get (rows, i), 0);

    if (json_is_string (name))
      g_strv_builder_add (names, json_string_value (name));
  }
  return g_strv_builder_end (names);
}

char **
orf_ctl_sql_source_list (OrfCtlSqlSource *source, const char *sql)
{
  return source->db != NULL ? list_from_file (source, sql) : list_from_daemon (source, sql);
}
