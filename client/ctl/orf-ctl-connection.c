/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-reply.h"

char *
orf_ctl_dup_default_socket (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");

  if (runtime != NULL && g_path_is_absolute (runtime))
    return g_build_filename (runtime, "orfeas", "orfeas.sock", NULL);
  return g_strdup_printf ("/tmp/orfeas-%u/orfeas.sock", (guint) getuid ());
}

/* /tmp is everyone's: a folder of that name which is not ours was put there by someone else, to be
 * told what we send. */
static gboolean
check_owner (const char *socket_path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (socket_path);
  struct stat info;

  if (lstat (folder, &info) != 0 || (S_ISDIR (info.st_mode) && info.st_uid == getuid ()))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
               "%s belongs to someone else: name the socket with --socket", folder);
  return FALSE;
}

static OrfCtlExit
open_default (gint64 deadline_us, OrfCtlConnection *connection, GError **error)
{
  g_autofree char *path = orf_ctl_dup_default_socket ();

  if (!check_owner (path, error))
    return ORF_CTL_NO_CONNECTION;
  return orf_ctl_socket_open (path, deadline_us, connection, error);
}

OrfCtlExit
orf_ctl_connection_open (const OrfCtlTarget *target,
                         gint64 deadline_us,
                         OrfCtlConnection **connection,
                         GError **error)
{
  g_autofree OrfCtlConnection *opened = g_new0 (OrfCtlConnection, 1);
  OrfCtlExit verdict;

  if (target->url != NULL)
    verdict = orf_ctl_http_open (target->url, target->token_file, target->ca_file, opened, error);
  else if (target->db != NULL)
    verdict = orf_ctl_stdio_open (target->db, opened, error);
  else if (target->socket != NULL)
    verdict = orf_ctl_socket_open (target->socket, deadline_us, opened, error);
  else
    verdict = open_default (deadline_us, opened, error);
  if (verdict == ORF_CTL_DONE)
    *connection = g_steal_pointer (&opened);
  return verdict;
}

void
orf_ctl_connection_close (OrfCtlConnection *connection)
{
  if (connection == NULL)
    return;
  connection->transport->close (connection->self);
  g_free (connection);
}

OrfCtlExit
orf_ctl_connection_call (const OrfCtlConnection *connection,
                         const OrfCtlAsk *ask,
                         char **result,
                         GError **error)
{
  g_autoptr (GString) request = orf_ctl_request_new (ask->method, ask->params, ask->told_ms);
  g_autoptr (GString) reply = g_string_new (NULL);
  OrfCtlExit verdict = connection->transport->exchange (connection->self, request, ask->deadline_us,
                                                        reply, error);

  if (verdict != ORF_CTL_DONE) {
    g_prefix_error (error, "%s: ", ask->method);
    return verdict;
  }
  return orf_ctl_reply_get_result (ask->method, reply->str, reply->len, result, error);
}

OrfCtlExit
orf_ctl_fail_deadline (GError **error)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                       "DEADLINE_EXCEEDED: no answer in time (--timeout MS sets how long)");
  return ORF_CTL_DEADLINE;
}

int
orf_ctl_poll_timeout_ms (gint64 deadline_us)
{
  gint64 left_us = deadline_us - g_get_monotonic_time ();

  if (deadline_us == G_MAXINT64)
    return -1;
  /* rounded up: else the last millisecond is spent spinning */
  return (int) CLAMP ((left_us + 999) / 1000, 0, G_MAXINT);
}
