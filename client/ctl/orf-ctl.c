/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orf-decode.h"
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-connection.h"

/* How long an answer is waited for when nobody said: reads take milliseconds, so by then something
 * is wrong.  Verbs that take_long have no such limit. */
#define DEFAULT_PATIENCE_MS 30000
/* The server is told the deadline and may say better than we why it passed: it gets this much
 * longer for its answer to arrive. */
#define GRACE_MS       100
#define MAX_TIMEOUT_MS 86400000

struct _OrfCtl {
  const OrfCtlOptions *options;
  OrfCtlTerminal terminal;
  gint64 timeout_ms;            /* 0: none was given */
  gint64 deadline_us;           /* monotonic; of the whole run */
  gboolean limits_calls;        /* where the run has no deadline, each call has one */
  OrfCtlConnection *connection; /* from the first call on */
};

OrfCtl *
orf_ctl_new (const OrfCtlOptions *options)
{
  OrfCtl *ctl = g_new0 (OrfCtl, 1);

  ctl->options = options;
  ctl->deadline_us = G_MAXINT64;
  orf_ctl_terminal_probe (&ctl->terminal, STDOUT_FILENO);
  return ctl;
}

void
orf_ctl_free (OrfCtl *ctl)
{
  if (ctl == NULL)
    return;
  orf_ctl_connection_close (ctl->connection);
  g_free (ctl);
}

const OrfCtlOptions *
orf_ctl_get_options (const OrfCtl *ctl)
{
  return ctl->options;
}

const OrfCtlTerminal *
orf_ctl_get_terminal (const OrfCtl *ctl)
{
  return &ctl->terminal;
}

const char *
orf_ctl_get_argument (const OrfCtl *ctl, guint index)
{
  const char *const *arguments = orf_ctl_options_get_arguments (ctl->options);

  return index < g_strv_length ((char **) arguments) ? arguments[index] : NULL;
}

gboolean
orf_ctl_wants_json (const OrfCtl *ctl)
{
  return orf_ctl_options_has (ctl->options, "json");
}

static gboolean
set_deadline (OrfCtl *ctl, GError **error)
{
  const char *text = orf_ctl_options_get (ctl->options, "timeout");
  gint64 patience_ms = DEFAULT_PATIENCE_MS;
  guint64 timeout_ms;

  if (text != NULL) {
    if (!g_ascii_string_to_unsigned (text, 10, 1, MAX_TIMEOUT_MS, &timeout_ms, NULL)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                   "--timeout: \"%s\" is no number of milliseconds from 1 to %d", text,
                   MAX_TIMEOUT_MS);
      return FALSE;
    }
    ctl->timeout_ms = (gint64) timeout_ms;
    patience_ms = ctl->timeout_ms + GRACE_MS;
  }
  if (text != NULL || !orf_ctl_options_get_verb (ctl->options)->takes_long)
    ctl->deadline_us = g_get_monotonic_time () + patience_ms * 1000;
  return TRUE;
}

/* One way to the server, and only reading on the way that only reads. */
static gboolean
check_target (OrfCtl *ctl, GError **error)
{
  static const char *const targets[] = { "url", "socket", "db" };
  const OrfCtlVerb *verb = orf_ctl_options_get_verb (ctl->options);
  guint n_targets = 0;

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    n_targets += orf_ctl_options_has (ctl->options, targets[i]);
  if (n_targets > 1) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "--url, --socket and --db name one place each: give one of them");
    return FALSE;
  }
  if (orf_ctl_options_has (ctl->options, "db") && !verb->reads_only) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "%s needs a running daemon: --db opens the file for reading only", verb->name);
    return FALSE;
  }
  if (orf_ctl_options_has (ctl->options, "token-file") &&
      !orf_ctl_options_has (ctl->options, "url")) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "--token-file goes with --url: a socket asks for no token");
    return FALSE;
  }
  if (orf_ctl_options_has (ctl->options, "ca-file") && !orf_ctl_options_has (ctl->options, "url")) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "--ca-file goes with --url: a socket has no certificate");
    return FALSE;
  }
  return TRUE;
}

/* It is written beside and renamed, by which a device (/dev/null) would become a file. */
static gboolean
check_output (const OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_options_get (ctl->options, "output");
  struct stat info;

  if (path == NULL || stat (path, &info) != 0 || S_ISREG (info.st_mode))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--output: %s is there, and is no plain file that could be replaced", path);
  return FALSE;
}

OrfCtlExit
orf_ctl_run (OrfCtl *ctl, GError **error)
{
  if (!check_target (ctl, error) || !check_output (ctl, error) || !set_deadline (ctl, error))
    return ORF_CTL_USAGE;
  return orf_ctl_options_get_verb (ctl->options)->run (ctl, error);
}

OrfCtlTarget
orf_ctl_get_target (const OrfCtl *ctl)
{
  return (OrfCtlTarget){
    .url = orf_ctl_options_get (ctl->options, "url"),
    .socket = orf_ctl_options_get (ctl->options, "socket"),
    .db = orf_ctl_options_get (ctl->options, "db"),
    .token_file = orf_ctl_options_get (ctl->options, "token-file"),
    .ca_file = orf_ctl_options_get (ctl->options, "ca-file"),
  };
}

static OrfCtlExit
connect_once (OrfCtl *ctl, gint64 deadline_us, GError **error)
{
  OrfCtlTarget target = orf_ctl_get_target (ctl);

  if (ctl->connection != NULL)
    return ORF_CTL_DONE;
  return orf_ctl_connection_open (&target, deadline_us, &ctl->connection, error);
}

void
orf_ctl_limit_calls (OrfCtl *ctl, gboolean limit)
{
  ctl->limits_calls = limit;
}

static gint64
get_deadline_us (const OrfCtl *ctl)
{
  if (!ctl->limits_calls)
    return ctl->deadline_us;
  return MIN (ctl->deadline_us, g_get_monotonic_time () + DEFAULT_PATIENCE_MS * 1000);
}

OrfCtlExit
orf_ctl_call (OrfCtl *ctl, const char *method, const char *params, char **result, GError **error)
{
  const OrfCtlAsk ask = { method, params, ctl->timeout_ms, get_deadline_us (ctl) };
  OrfCtlExit verdict = connect_once (ctl, ask.deadline_us, error);

  return verdict != ORF_CTL_DONE ? verdict
                                 : orf_ctl_connection_call (ctl->connection, &ask, result, error);
}

static gboolean
check_streams (const OrfCtl *ctl, const char *method, GError **error)
{
  const char *way = orf_ctl_options_has (ctl->options, "db")    ? "--db"
                    : orf_ctl_options_has (ctl->options, "url") ? "--url"
                                                                : NULL;

  if (way == NULL)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "%s answers a stream, which needs the Unix socket of a running daemon: leave out %s "
               "(--socket PATH names another socket)",
               method, way);
  return FALSE;
}

OrfCtlExit
orf_ctl_open_stream (
  OrfCtl *ctl, const char *method, const char *params, char **stream, GError **error)
{
  g_autofree char *result = NULL;
  g_autoptr (OrfStreamOpened) opened = NULL;
  OrfCtlExit verdict;

  if (!check_streams (ctl, method, error))
    return ORF_CTL_USAGE;
  verdict = orf_ctl_call (ctl, method, params, &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  opened = orf_decode_text (&orf_stream_opened_desc, result, strlen (result), ORF_DECODE_LENIENT,
                            error);
  if (opened == NULL) {
    g_prefix_error (error, "%s: the answer is no stream: ", method);
    return ORF_CTL_SERVER_ERROR;
  }
  *stream = g_steal_pointer (&opened->stream);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_next (OrfCtl *ctl, const int *stop_fds, GString *message, GError **error)
{
  const OrfCtlConnection *connection = ctl->connection;

  return connection->transport->next (connection->self, stop_fds, message, error);
}

static OrfCtlExit
ask (OrfCtl *ctl, OrfMethodId method, json_t *params, char **text, gpointer *result, GError **error)
{
  const OrfMethod *row = &orf_methods[method];
  g_autofree char *params_text = params != NULL ? json_dumps (params, JSON_COMPACT) : NULL;
  OrfCtlExit verdict = orf_ctl_call (ctl, row->name, params_text, text, error);
  gpointer decoded;

  json_decref (params);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  decoded = orf_decode_text (row->result, *text, strlen (*text), ORF_DECODE_LENIENT, error);
  if (decoded == NULL) {
    g_prefix_error (error,
                    "%s: the answer is not as our schema has it (--json shows it): ", row->name);
    return ORF_CTL_SERVER_ERROR;
  }
  *result = decoded;
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_ask (OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error)
{
  g_autofree char *text = NULL;

  return ask (ctl, method, params, &text, result, error);
}

OrfCtlExit
orf_ctl_fetch (OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error)
{
  g_autofree char *text = NULL;
  OrfCtlExit verdict = ask (ctl, method, params, &text, result, error);

  if (text != NULL && orf_ctl_wants_json (ctl))
    orf_ctl_print_line (text);
  return verdict;
}

void
orf_ctl_print (const char *text)
{
  g_autofree char *guarded = isatty (STDOUT_FILENO) ? orf_ctl_terminal_guard (text) : NULL;

  fputs (guarded != NULL ? guarded : text, stdout);
}

void
orf_ctl_print_line (const char *text)
{
  orf_ctl_print (text);
  putchar ('\n');
}
