/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines are edited by libedit, whose licence, unlike GNU readline's, is ours to use. */
#include "orf-ctl-sql-shell.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <editline/readline.h>
#include <sqlite3.h>

#define PROMPT      "sql> "
#define MORE_PROMPT "...> "
/* Statements that are remembered. */
#define MAX_HISTORY 1000

#define HELP                                                                                       \
  "A statement ends with ; and may have several lines. Tab completes, the arrows bring back.\n"    \
  ".tables          tables and views\n"                                                            \
  ".schema [NAME]   how they were made\n"                                                          \
  ".exit            as Ctrl-D\n"
#define TABLES_SQL                                                                                 \
  "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "        \
  "'sqlite_%' UNION ALL SELECT 'samples', 'virtual' ORDER BY 2, 1"
#define NAMES_SQL                                                                                  \
  "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') UNION SELECT p.name FROM "       \
  "sqlite_schema AS m, pragma_table_info(m.name) AS p WHERE m.type IN ('table', 'view') UNION "    \
  "SELECT name FROM pragma_table_info('samples') UNION SELECT 'samples' UNION SELECT name || '(' " \
  "FROM pragma_function_list WHERE name GLOB '[a-z]*'"

typedef struct {
  OrfCtlSqlSource *source;
  OrfCtlSqlPrinter *printer;
  gint64 max_rows;
} Shell;

/* ---- Ctrl-C stops the statement and not the shell ----------------------------------------------
 */

static OrfCtlSqlSource *interrupted;
static volatile sig_atomic_t is_reading; /* a line: there is nothing to stop */

/* A daemon that does not answer would hold the shell for ever: it is left then. */
static void
interrupt_cb (int number)
{
  if (orf_ctl_sql_source_interrupt (interrupted) || is_reading)
    return;
  signal (number, SIG_DFL);
  raise (number); /* when this has returned */
}

static char *
read_line (const char *prompt)
{
  char *line;

  is_reading = TRUE;
  line = readline (prompt);
  is_reading = FALSE;
  return line;
}

/* ---- completion: libedit's callbacks have no place for a pointer of ours -----------------------
 */

static char **names; /* tables, columns, functions, keywords */

static void
load_names (OrfCtlSqlSource *source)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) found = orf_ctl_sql_source_list (source, NAMES_SQL);
  OrfCtlTerminal terminal;

  orf_ctl_terminal_probe (&terminal, fileno (stdout));
  /* libedit writes them as they are: one that would drive the terminal is not offered */
  for (guint i = 0; found != NULL && found[i] != NULL; i++) {
    g_autofree char *clean = orf_ctl_terminal_clean (&terminal, found[i]);

    if (g_str_equal (clean, found[i]))
      g_strv_builder_add (all, found[i]);
  }
  for (int i = 0; i < sqlite3_keyword_count (); i++) {
    const char *keyword;
    int length;

    if (sqlite3_keyword_name (i, &keyword, &length) == SQLITE_OK) {
      g_autofree char *name = g_strndup (keyword, (gsize) length);

      g_strv_builder_add (all, name);
    }
  }
  names = g_strv_builder_end (all);
}

/* Called until it gives none. */
static char *
complete_cb (const char *text, int state)
{
  static guint at;

  if (state == 0)
    at = 0;
  while (names[at] != NULL) {
    const char *name = names[at++];

    if (g_ascii_strncasecmp (name, text, strlen (text)) == 0)
      return strdup (name); /* libedit frees it */
  }
  return NULL;
}

static char **
attempt_cb (const char *text, int start, int end)
{
  rl_attempted_completion_over = 1; /* no names of files */
  rl_completion_append_character = '\0';
  return rl_completion_matches (text, complete_cb);
}

/* ---- history ----------------------------------------------------------------------------------
 */

static char *
dup_history_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "orfeas", "sql_history", NULL);
}

/* On one line: that is how the file keeps it. */
static void
remember (const char *statement, const char *path)
{
  g_autofree char *line = g_strdelimit (g_strdup (statement), "\n\t", ' ');

  add_history (g_strstrip (line));
  if (path[0] == '\0' || write_history (path) != 0)
    return; /* a history that cannot be kept is no reason to bother anybody */
  chmod (path, 0600);
}

static void
start_history (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  using_history ();
  stifle_history (MAX_HISTORY);
  if (g_mkdir_with_parents (directory, 0700) == 0)
    read_history (path);
}

/* ---- statements -------------------------------------------------------------------------------
 */

static void
tell_error (const char *message)
{
  OrfCtlTerminal terminal;
  g_autofree char *clean = NULL;

  orf_ctl_terminal_probe (&terminal, fileno (stderr));
  clean = orf_ctl_terminal_clean (&terminal, message);
  fprintf (stderr, "%s\n", clean);
}

static OrfCtlExit
run (Shell *shell, const char *sql, GError **error)
{
  OrfCtlExit verdict = orf_ctl_sql_source_run (shell->source, sql, shell->max_rows, shell->printer,
                                               error);

  fflush (stdout);
  return verdict;
}

static void
run_and_tell (Shell *shell, const char *sql)
{
  g_autoptr (GError) error = NULL;

  if (run (shell, sql, &error) != ORF_CTL_DONE && error != NULL)
    tell_error (error->message);
}

static void
show_schema (Shell *shell, const char *name)
{
  char *sql = sqlite3_mprintf (
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND (%Q = '' OR tbl_name = %Q)", name,
    name);
  g_auto (GStrv) texts = orf_ctl_sql_source_list (shell->source, sql);

  sqlite3_free (sql);
  for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
    orf_ctl_print (texts[i]);
    orf_ctl_print_line (";");
  }
}

/* FALSE: it is the end. */
static gboolean
run_command (Shell *shell, const char *line)
{
  g_auto (GStrv) words = g_strsplit_set (line, " \t", 2);
  const char *rest = words[1] != NULL ? g_strstrip (words[1]) : "";

  if (g_str_equal (words[0], ".exit") || g_str_equal (words[0], ".quit"))
    return FALSE;
  if (g_str_equal (words[0], ".tables"))
    run_and_tell (shell, TABLES_SQL);
  else if (g_str_equal (words[0], ".schema"))
    show_schema (shell, rest);
  else
    fputs (HELP, stdout);
  return TRUE;
}

/* Runs what is whole of the text, and leaves the rest. */
static void
run_whole (Shell *shell, GString *text, const char *history)
{
  if (!sqlite3_complete (text->str)) {
    if (orf_ctl_sql_is_blank (text->str))
      g_string_truncate (text, 0);
    return;
  }
  remember (text->str, history);
  for (const char *at = text->str;;) {
    g_autofree char *statement = orf_ctl_sql_take_statement (&at);

    if (statement == NULL)
      break;
    run_and_tell (shell, statement);
  }
  g_string_truncate (text, 0);
}

OrfCtlExit
orf_ctl_sql_shell_run (OrfCtlSqlSource *source, OrfCtlSqlPrinter *printer, gint64 max_rows)
{
  const struct sigaction action = { .sa_handler = interrupt_cb, .sa_flags = SA_RESTART };
  Shell shell = { source, printer, max_rows };
  g_autofree char *history = dup_history_path ();
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean more = TRUE;

  load_names (source);
  interrupted = source;
  sigaction (SIGINT, &action, NULL);
  rl_readline_name = (char *) (gpointer) "orfeasctl";
  rl_attempted_completion_function = attempt_cb;
  start_history (history);
  puts ("orfeas " ORF_VERSION ", .help helps");
  while (more) {
    char *line = read_line (text->len > 0 ? MORE_PROMPT : PROMPT);

    if (line == NULL)
      break;
    if (text->len == 0 && line[0] == '.') {
      more = run_command (&shell, g_strchomp (line));
    } else {
      g_string_append (text, line);
      g_string_append_c (text, '\n');
      run_whole (&shell, text, history);
    }
    free (line);
  }
  putchar ('\n');
  signal (SIGINT, SIG_DFL);
  g_clear_pointer (&names, g_strfreev);
  return ORF_CTL_DONE;
}
