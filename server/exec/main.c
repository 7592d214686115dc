/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * orfeas-exec: runs one command of a receiver or an actuator, for the daemon.  A line of JSON on
 * standard input says whose, a line on standard output what became of it
 * (schema/internal/exec.json); then it ends.  The command itself is taken from the settings file.
 * It runs with an environment of its own, for no longer than the settings allow, and all that it
 * started ends with it; so it does when the asker closes the connection.
 *
 * systemd starts it for each connection to orfeas-exec.socket, as another user than the daemon's;
 * without systemd the daemon starts it as its child.
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "core/orf-fd.h"
#include "exec/orf-command.h"
#include "exec/orf-exec-children.h"
#include "exec/orf-exec-settings.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"

/* Six times what may be fed to a command: in JSON a byte has six at most. */
#define MAX_ASK_BYTES (8 * 1024 * 1024)
/* Who connects asks at once. */
#define ASK_S      5
#define FACT       "ORFEAS_"
#define FACT_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define PATH_DIRS  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

typedef struct {
  char *config_file, *peer;
  char **sets;
} Options;

typedef struct {
  GMainLoop *loop;
  OrfExecAnswer *answer; /* NULL: nobody waits for it any more */
  OrfCommand *command;
  guint timer_id, gone_id;
} Run;

/* ---- who asks -------------------------------------------------------------------------------- */

static gboolean
check_peer (const char *user, GError **error)
{
  const struct passwd *known = getpwnam (user);
  struct ucred peer = { 0 };
  socklen_t length = sizeof peer;

  if (known == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED, "there is no user %s", user);
  else if (getsockopt (STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED, "who asks cannot be told: %s",
                 g_strerror (errno));
  else if (peer.uid != known->pw_uid && peer.uid != 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "process %d of user %u asks, and only %s may", (int) peer.pid, (guint) peer.uid,
                 user);
  else
    return TRUE;
  return FALSE;
}

static OrfExecAsk *
read_ask (GError **error)
{
  const struct timeval patience = { .tv_sec = ASK_S };
  g_autoptr (GString) line = g_string_new (NULL);

  setsockopt (STDIN_FILENO, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (orf_fd_read_line (STDIN_FILENO, line, MAX_ASK_BYTES))
    return orf_decode_text (&orf_exec_ask_desc, line->str, line->len, ORF_DECODE_STRICT, error);
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "no line of at most %d bytes came within %d s", MAX_ASK_BYTES, ASK_S);
  return NULL;
}

/* ---- what it runs with ----------------------------------------------------------------------- */

static gboolean
is_fact (const char *text)
{
  gsize length = strspn (text, FACT_CHARS);

  return g_str_has_prefix (text, FACT) && length > strlen (FACT) && text[length] == '=';
}

/* Its own, and nothing of ours or of who asks but facts. */
static char **
make_environment (const OrfExecAsk *ask, GError **error)
{
  const struct passwd *self = getpwuid (getuid ());
  g_autoptr (GStrvBuilder) environment = g_strv_builder_new ();
  g_autofree char *home = g_strconcat ("HOME=", self != NULL ? self->pw_dir : "/", NULL);
  g_autofree char *user = g_strconcat ("USER=", self != NULL ? self->pw_name : "", NULL);

  g_strv_builder_add_many (environment, PATH_DIRS, "LANG=C.UTF-8", "SHELL=/bin/sh", home, user,
                           NULL);
  for (char **fact = ask->facts; *fact != NULL; fact++) {
    if (!is_fact (*fact)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                   "facts are ORFEAS_NAME=VALUE, and no other word goes to a command");
      return NULL;
    }
    g_strv_builder_add (environment, *fact);
  }
  return g_strv_builder_end (environment);
}

/* With peer it serves another user, who is to choose nothing. */
static OrfExecCommand *
find_command (const Options *options, const OrfExecAsk *ask, GError **error)
{
  g_autoptr (OrfConfig) config = NULL;

  if (options->peer != NULL && !orf_exec_settings_check_owner (options->config_file, error))
    return NULL;
  config = orf_config_load (options->config_file, (const char *const *) options->sets, error);
  if (config == NULL)
    return NULL;
  return orf_exec_settings_find (config, ask->section, ask->name, error);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void
ended_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  Run *run = user_data;

  run->command = NULL;
  g_clear_handle_id (&run->timer_id, g_source_remove); /* it may be due in the same turn */
  run->answer->status = status;
  run->answer->output = g_utf8_make_valid (output->str, (gssize) output->len);
  run->answer->problem = g_strdup (problem);
  g_main_loop_quit (run->loop);
}

static gboolean
late_cb (gpointer user_data)
{
  Run *run = user_data;

  run->timer_id = 0;
  run->answer->status = -1;
  run->answer->output = g_strdup ("");
  run->answer->problem = g_strdup ("no end in time: it was killed");
  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

/* Nobody says more than the line: what happens here is that the other end closes. */
static gboolean
gone_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  Run *run = user_data;

  run->gone_id = 0;
  g_clear_pointer (&run->answer, orf_exec_answer_free);
  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

/* FALSE: it was not started. */
static gboolean
run_to_end (const Options *options, OrfExecAsk *ask, Run *run, GError **error)
{
  g_autoptr (OrfExecCommand) command = find_command (options, ask, error);
  g_auto (GStrv) environment = command != NULL ? make_environment (ask, error) : NULL;

  if (environment == NULL)
    return FALSE;
  orf_exec_children_adopt ();
  run->command = orf_command_start ((const char *const *) command->argv,
                                    (const char *const *) environment,
                                    g_steal_pointer (&ask->input), ended_cb, run, error);
  if (run->command == NULL)
    return FALSE;
  run->timer_id = g_timeout_add ((guint) MIN (command->timeout_us / ORF_US_PER_MS + 1, G_MAXINT32),
                                 late_cb, run);
  run->gone_id = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, gone_cb, run);
  g_main_loop_run (run->loop);
  g_clear_handle_id (&run->timer_id, g_source_remove);
  g_clear_handle_id (&run->gone_id, g_source_remove);
  g_clear_pointer (&run->command, orf_command_kill);
  orf_exec_children_end ();
  return TRUE;
}

static gboolean
say (const OrfExecAnswer *answer)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (!orf_encode (&orf_exec_answer_desc, answer, line, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  g_string_append_c (line, '\n');
  return orf_fd_write_all (STDOUT_FILENO, line->str, line->len);
}

static void
refuse (OrfExecAnswer *answer, const GError *error)
{
  answer->status = -1;
  answer->output = g_strdup ("");
  answer->refused = g_utf8_make_valid (error->message, -1);
  g_printerr ("refused: %s\n", error->message);
}

/* FALSE: nobody has heard an answer. */
static gboolean
serve (const Options *options)
{
  g_autoptr (OrfExecAsk) ask = NULL;
  g_autoptr (GError) error = NULL;
  Run run = { .loop = g_main_loop_new (NULL, FALSE), .answer = orf_exec_answer_new () };
  gboolean said;

  if (options->peer == NULL || check_peer (options->peer, &error))
    ask = read_ask (&error);
  if (ask == NULL || !run_to_end (options, ask, &run, &error))
    refuse (run.answer, error);
  said = run.answer != NULL && say (run.answer);
  g_clear_pointer (&run.answer, orf_exec_answer_free);
  g_main_loop_unref (run.loop);
  return said;
}

int
main (int argc, char **argv)
{
  Options options = { 0 };
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config_file,
      "Settings, of which commands are taken; as orfeasd's", "FILE" },
    { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.sets, "One setting; as orfeasd's",
      "SECTION.KEY=VALUE" },
    { "peer", 0, 0, G_OPTION_ARG_STRING, &options.peer,
      "Serve this user and root alone; FILE has to be root's then", "USER" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- runs one command for orfeasd");
  g_autoptr (GError) error = NULL;
  gboolean served;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1 ||
      (options.peer != NULL && options.config_file == NULL)) {
    g_printerr ("orfeas-exec: %s; see --help\n",
                error != NULL ? error->message : "--peer USER goes with --config FILE");
    return 2;
  }
  signal (SIGPIPE, SIG_IGN); /* who asked may be gone; commands have it as it was */
  served = serve (&options);
  g_free (options.config_file);
  g_free (options.peer);
  g_strfreev (options.sets);
  return served ? 0 : 1;
}
