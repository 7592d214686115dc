/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants, all in the default main context:
 * - process.pid is not reaped, so that no other process can have its number, until ended_cb.
 * - A source of a descriptor exists exactly while that one is open.
 * - Its end is the end: output of what it left running is not waited for.
 */
#include "exec/orf-command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-fd.h"
#include "core/orf-process.h"

/* What is kept of either output; the rest is read and dropped, so that it does not stall. */
#define MAX_OUTPUT_BYTES 16384
#define READ_BYTES       4096
/* Of its standard error, in a problem's text. */
#define MAX_REASON_BYTES 200

struct _OrfCommand {
  OrfProcess process;
  char *ask;
  gsize ask_length, n_sent;
  GString *output, *log;
  guint read_id, write_id, log_id, watch_id;
  OrfCommandEnded ended;
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
command_free (OrfCommand *command)
{
  g_clear_handle_id (&command->write_id, g_source_remove);
  close_fd (&command->process.fd, &command->read_id);
  close_fd (&command->process.log_fd, &command->log_id);
  g_clear_handle_id (&command->watch_id, g_source_remove);
  g_string_free (command->output, TRUE);
  g_string_free (command->log, TRUE);
  g_free (command->ask);
  g_free (command);
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
  OrfCommand *command = user_data;

  if (read_some (fd, command->output))
    return G_SOURCE_CONTINUE;
  command->read_id = 0; /* the descriptor stays for what is still to be written */
  return G_SOURCE_REMOVE;
}

static gboolean
log_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfCommand *command = user_data;

  if (read_some (fd, command->log))
    return G_SOURCE_CONTINUE;
  command->log_id = 0;
  return G_SOURCE_REMOVE;
}

/* Its input ends behind the line: many a program reads to the end. */
static gboolean
writable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfCommand *command = user_data;

  if (orf_fd_send_some (fd, command->ask, command->ask_length, &command->n_sent))
    return G_SOURCE_CONTINUE;
  shutdown (fd, SHUT_WR); /* one that reads nothing is fine too */
  command->write_id = 0;
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
describe (OrfCommand *command, int wait_status)
{
  g_autofree char *end = orf_process_describe_end (wait_status);
  g_autofree char *line = g_utf8_make_valid (command->log->str,
                                             (gssize) MIN (command->log->len, MAX_REASON_BYTES));

  for (char *at = line; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  g_strstrip (line);
  return g_strconcat (end, line[0] != '\0' ? ": " : "", line, NULL);
}

static void
ended_cb (GPid pid, gint wait_status, gpointer user_data)
{
  OrfCommand *command = user_data;
  g_autofree char *problem = NULL;

  command->watch_id = 0;
  command->process.pid = -1;
  read_rest (command->process.fd, command->read_id, command->output);
  read_rest (command->process.log_fd, command->log_id, command->log);
  problem = wait_status != 0 ? describe (command, wait_status) : NULL;
  command->ended (command->user_data, WIFEXITED (wait_status) ? WEXITSTATUS (wait_status) : -1,
                  command->output, problem);
  command_free (command);
}

static void
reaped_cb (GPid pid, gint wait_status, gpointer user_data)
{
  /* nobody waits for it any more: reaping it was all */
}

OrfCommand *
orf_command_start (const char *const *argv,
                   const char *const *environment,
                   char *ask,
                   OrfCommandEnded ended,
                   gpointer user_data,
                   GError **error)
{
  g_autofree char *owned_ask = ask;
  OrfProcess process = { -1, -1, -1 };
  OrfCommand *command;

  if (!orf_process_spawn (argv, environment, &process, error))
    return NULL;
  command = g_new0 (OrfCommand, 1);
  command->process = process;
  command->ask = g_steal_pointer (&owned_ask);
  command->ask_length = strlen (command->ask);
  command->output = g_string_new (NULL);
  command->log = g_string_new (NULL);
  command->ended = ended;
  command->user_data = user_data;
  command->read_id = g_unix_fd_add (process.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb,
                                    command);
  command->write_id = g_unix_fd_add (process.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable_cb,
                                     command);
  command->log_id = g_unix_fd_add (process.log_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, log_cb, command);
  command->watch_id = g_child_watch_add (process.pid, ended_cb, command);
  return command;
}

void
orf_command_kill (OrfCommand *command)
{
  pid_t pid = command->process.pid;

  kill (-pid, SIGKILL);
  command_free (command); /* with its watch */
  g_child_watch_add (pid, reaped_cb, NULL);
}
