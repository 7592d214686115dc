/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants, all in the default main context:
 * - process.pid is not reaped, so that no other process can have its number, until ended_cb.
 * - A source of a descriptor exists exactly while that one is open.
 * - Its end is the end: output of what it left running is not waited for.
 */
#include "actuators/orf-actuator-exec.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-process.h"

/* What is kept of either output; the rest is read and dropped, so that it does not stall. */
#define MAX_OUTPUT_BYTES 16384
#define READ_BYTES       4096
/* Of its standard error, in a problem's text. */
#define MAX_REASON_BYTES 200

struct _OrfActuatorExec {
  OrfProcess process;
  char *ask;
  gsize ask_length, n_sent;
  GString *output, *log;
  guint read_id, write_id, log_id, watch_id;
  OrfActuatorExecEnded ended;
  gpointer user_data;
};

static void
close_fd (int *fd, guint *source_id)
{
  g_clear_handle_id (source_id, g_source_remove);
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
exec_free (OrfActuatorExec *exec)
{
  g_clear_handle_id (&exec->write_id, g_source_remove);
  close_fd (&exec->process.fd, &exec->read_id);
  close_fd (&exec->process.log_fd, &exec->log_id);
  g_clear_handle_id (&exec->watch_id, g_source_remove);
  g_string_free (exec->output, TRUE);
  g_string_free (exec->log, TRUE);
  g_free (exec->ask);
  g_free (exec);
}

/* FALSE: it is at its end. */
static gboolean
read_some (int fd, GString *into)
{
  char buffer[READ_BYTES];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  g_string_append_len (into, buffer, MIN (n, (gssize) (MAX_OUTPUT_BYTES - into->len)));
  return n > 0;
}

static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfActuatorExec *exec = user_data;

  if (read_some (fd, exec->output))
    return G_SOURCE_CONTINUE;
  exec->read_id = 0; /* the descriptor stays for what is still to be written */
  return G_SOURCE_REMOVE;
}

static gboolean
log_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfActuatorExec *exec = user_data;

  if (read_some (fd, exec->log))
    return G_SOURCE_CONTINUE;
  exec->log_id = 0;
  return G_SOURCE_REMOVE;
}

/* Its input ends behind the line: many a program reads to the end. */
static gboolean
writable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfActuatorExec *exec = user_data;
  gssize n = send (fd, exec->ask + exec->n_sent, exec->ask_length - exec->n_sent, MSG_NOSIGNAL);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  exec->n_sent += (gsize) MAX (n, 0);
  if (n >= 0 && exec->n_sent < exec->ask_length)
    return G_SOURCE_CONTINUE;
  shutdown (fd, SHUT_WR); /* one that reads nothing is fine too */
  exec->write_id = 0;
  return G_SOURCE_REMOVE;
}

/* What it wrote before it ended lies in the kernel; the other end may stay open for long. */
static void
read_rest (int fd, guint source_id, GString *into)
{
  gsize before;

  if (source_id == 0)
    return;
  do
    before = into->len;
  while (read_some (fd, into) && into->len > before);
}

static char *
describe (OrfActuatorExec *exec, int wait_status)
{
  g_autofree char *end = orf_process_describe_end (wait_status);
  g_autofree char *line = g_utf8_make_valid (exec->log->str,
                                             (gssize) MIN (exec->log->len, MAX_REASON_BYTES));

  for (char *at = line; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  g_strstrip (line);
  return g_strconcat (end, line[0] != '\0' ? ": " : "", line, NULL);
}

static void
ended_cb (GPid pid, gint wait_status, gpointer user_data)
{
  OrfActuatorExec *exec = user_data;
  g_autofree char *problem = NULL;

  exec->watch_id = 0;
  exec->process.pid = -1;
  read_rest (exec->process.fd, exec->read_id, exec->output);
  read_rest (exec->process.log_fd, exec->log_id, exec->log);
  problem = wait_status != 0 ? describe (exec, wait_status) : NULL;
  exec->ended (exec->user_data, exec->output, problem);
  exec_free (exec);
}

static void
reaped_cb (GPid pid, gint wait_status, gpointer user_data)
{
  /* nobody waits for it any more: reaping it was all */
}

OrfActuatorExec *
orf_actuator_exec_start (const char *const *argv,
                         char *ask,
                         OrfActuatorExecEnded ended,
                         gpointer user_data,
                         GError **error)
{
  g_autofree char *owned_ask = ask;
  OrfProcess process = { -1, -1, -1 };
  OrfActuatorExec *exec;

  if (!orf_process_spawn (argv, &process, error))
    return NULL;
  exec = g_new0 (OrfActuatorExec, 1);
  exec->process = process;
  exec->ask = g_steal_pointer (&owned_ask);
  exec->ask_length = strlen (exec->ask);
  exec->output = g_string_new (NULL);
  exec->log = g_string_new (NULL);
  exec->ended = ended;
  exec->user_data = user_data;
  exec->read_id = g_unix_fd_add (process.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, exec);
  exec->write_id = g_unix_fd_add (process.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable_cb, exec);
  exec->log_id = g_unix_fd_add (process.log_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, log_cb, exec);
  exec->watch_id = g_child_watch_add (process.pid, ended_cb, exec);
  return exec;
}

void
orf_actuator_exec_kill (OrfActuatorExec *exec)
{
  pid_t pid = exec->process.pid;

  kill (-pid, SIGKILL);
  exec_free (exec); /* with its watch */
  g_child_watch_add (pid, reaped_cb, NULL);
}
