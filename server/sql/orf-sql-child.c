/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-fd.h"
#include "core/orf-process.h"

/*
 * Invariants, all in the default main context:
 * - process.pid >= 0 until we were told of its end; `ended` comes once that is so and its output is
 * at its end or given up.
 * - A source of a descriptor exists exactly while that one is open.
 */
#define READ_BYTES (64 * 1024)
/* Of its standard error: a sanitizer's first lines, or what GLib says as it aborts. */
#define MAX_LOG_BYTES 4096

struct _OrfSqlChild {
  OrfProcess process;
  char *ask;
  gsize ask_length;
  gsize n_sent;
  GString *answer;
  gsize max_answer_bytes;
  GString *log;
  char *problem;
  guint read_id, write_id, log_id, watch_id;
  OrfSqlChildEnded ended;
  gpointer user_data;
};

static void
clear_source (guint *id)
{
  if (*id != 0)
    g_source_remove (*id);
  *id = 0;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
stop_talking (OrfSqlChild *child)
{
  clear_source (&child->read_id);
  clear_source (&child->write_id);
  close_fd (&child->process.fd);
}

static void
stop_log (OrfSqlChild *child)
{
  clear_source (&child->log_id);
  close_fd (&child->process.log_fd);
}

static void
tell_log (OrfSqlChild *child)
{
  g_auto (GStrv) lines = g_strsplit (child->log->str, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0')
      g_message ("orfeas-sql: %s", lines[i]);
}

/* Its end may be seen before the last of its output. */
static void
end_if_over (OrfSqlChild *child)
{
  if (child->process.pid >= 0 || child->process.fd >= 0 || child->process.log_fd >= 0)
    return;
  tell_log (child);
  child->ended (child->user_data, child->answer, child->problem);
}

void
orf_sql_child_kill (OrfSqlChild *child)
{
  if (child->process.pid >= 0)
    kill (-child->process.pid, SIGKILL);
}

static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfSqlChild *child = user_data;
  gsize start = child->answer->len;
  gssize n;

  g_string_set_size (child->answer, start + READ_BYTES);
  n = read (fd, child->answer->str + start, READ_BYTES);
  g_string_set_size (child->answer, start + (gsize) MAX (n, 0));
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (child->answer->len > child->max_answer_bytes) {
    g_free (child->problem);
    child->problem = g_strdup ("wrote more than it may and was killed");
    orf_sql_child_kill (child);
    n = 0;
  }
  if (n > 0)
    return G_SOURCE_CONTINUE;
  stop_talking (child); /* the source too */
  end_if_over (child);
  return G_SOURCE_CONTINUE;
}

static gboolean
writable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfSqlChild *child = user_data;

  if (orf_fd_send_some (fd, child->ask, child->ask_length, &child->n_sent))
    return G_SOURCE_CONTINUE;
  child->write_id = 0; /* all sent, or it reads no more: its end tells why */
  g_clear_pointer (&child->ask, g_free);
  return G_SOURCE_REMOVE;
}

static gboolean
log_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfSqlChild *child = user_data;
  char buffer[READ_BYTES];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0) {
    gsize room = MAX_LOG_BYTES - child->log->len;

    g_string_append_len (child->log, buffer, (gssize) MIN ((gsize) n, room));
    return G_SOURCE_CONTINUE;
  }
  stop_log (child);
  end_if_over (child);
  return G_SOURCE_CONTINUE;
}

static void
ended_cb (GPid pid, gint wait_status, gpointer user_data)
{
  OrfSqlChild *child = user_data;

  child->process.pid = -1;
  child->watch_id = 0;
  if (wait_status != 0 && child->problem == NULL)
    child->problem = orf_process_describe_end (wait_status);
  end_if_over (child);
}

static void
reaped_cb (GPid pid, gint wait_status, gpointer user_data)
{
  /* Nobody waits for it any more; reaping it was all. */
}

OrfSqlChild *
orf_sql_child_start (const char *program,
                     char *ask,
                     gsize max_answer_bytes,
                     OrfSqlChildEnded ended,
                     gpointer user_data,
                     GError **error)
{
  const char *argv[] = { program, NULL };
  g_autofree char *owned_ask = ask;
  OrfProcess process = { -1, -1, -1 };
  OrfSqlChild *child;

  if (!orf_process_spawn (argv, NULL, &process, error))
    return NULL;
  child = g_new0 (OrfSqlChild, 1);
  child->process = process;
  child->ask = g_steal_pointer (&owned_ask);
  child->ask_length = strlen (child->ask);
  child->answer = g_string_new (NULL);
  child->max_answer_bytes = max_answer_bytes;
  child->log = g_string_new (NULL);
  child->ended = ended;
  child->user_data = user_data;
  child->read_id = g_unix_fd_add (process.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, child);
  child->write_id = g_unix_fd_add (process.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable_cb, child);
  child->log_id = g_unix_fd_add (process.log_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, log_cb, child);
  child->watch_id = g_child_watch_add (process.pid, ended_cb, child);
  return child;
}

void
orf_sql_child_free (OrfSqlChild *child)
{
  if (child == NULL)
    return;
  orf_sql_child_kill (child);
  clear_source (&child->watch_id);
  if (child->process.pid >= 0)
    g_child_watch_add (child->process.pid, reaped_cb, NULL);
  stop_talking (child);
  stop_log (child);
  g_free (child->ask);
  g_free (child->problem);
  g_string_free (child->answer, TRUE);
  g_string_free (child->log, TRUE);
  g_free (child);
}

gsize
orf_sql_child_get_size_bytes (const OrfSqlChild *child)
{
  return child->answer->allocated_len;
}
