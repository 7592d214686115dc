/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-lines.h"

/* How often a full backlog is tried again: connect() on a Unix socket says EAGAIN then, and there
 * is nothing to poll for. */
#define RETRY_US 10000

typedef struct {
  char *path;
  int fd;
  OrfCtlLines *lines;
} SocketTransport;

static const char *
socket_get_address (gpointer self)
{
  return ((SocketTransport *) self)->path;
}

static OrfCtlExit
socket_exchange (
  gpointer self, const GString *request, gint64 deadline_us, GString *reply, GError **error)
{
  SocketTransport *transport = self;

  return orf_ctl_lines_exchange (transport->lines, request, deadline_us, reply, error);
}

static OrfCtlExit
socket_next (gpointer self, const int *stop_fds, GString *message, GError **error)
{
  return orf_ctl_lines_next (((SocketTransport *) self)->lines, stop_fds, message, error);
}

static void
socket_close (gpointer self)
{
  SocketTransport *transport = self;

  orf_ctl_lines_free (transport->lines);
  close (transport->fd);
  g_free (transport->path);
  g_free (transport);
}

static const OrfCtlTransport socket_transport = { socket_get_address, socket_exchange, socket_next,
                                                  socket_close };

static OrfCtlExit
fail_connect (const char *path, int reason, GError **error)
{
  g_set_error (
    error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
    "no connection: %s. Is orfeasd running? Tried %s; start it with script/server, or name "
    "it with --socket or --url",
    g_strerror (reason), path);
  return ORF_CTL_NO_CONNECTION;
}

static OrfCtlExit
connect_until (int fd, const struct sockaddr_un *address, gint64 deadline_us, GError **error)
{
  while (connect (fd, (const struct sockaddr *) address, sizeof *address) != 0) {
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return fail_connect (address->sun_path, errno, error);
    if (orf_ctl_poll_timeout_ms (deadline_us) == 0)
      return orf_ctl_fail_deadline (error);
    g_usleep (RETRY_US);
  }
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_socket_connect (const char *path, gint64 deadline_us, int *fd, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  OrfCtlExit verdict;
  int fresh;

  if (*path == '\0' || strlen (path) >= sizeof address.sun_path) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--socket: a path of 1 to %" G_GSIZE_FORMAT " bytes is what a socket can have",
                 sizeof address.sun_path - 1);
    return ORF_CTL_USAGE;
  }
  strcpy (address.sun_path, path);
  fresh = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fresh < 0)
    return fail_connect (path, errno, error);
  verdict = connect_until (fresh, &address, deadline_us, error);
  if (verdict == ORF_CTL_DONE)
    *fd = fresh;
  else
    close (fresh);
  return verdict;
}

OrfCtlExit
orf_ctl_socket_open (const char *path,
                     gint64 deadline_us,
                     OrfCtlConnection *connection,
                     GError **error)
{
  SocketTransport *transport;
  int fd = -1;
  OrfCtlExit verdict = orf_ctl_socket_connect (path, deadline_us, &fd, error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  transport = g_new0 (SocketTransport, 1);
  transport->path = g_strdup (path);
  transport->fd = fd;
  transport->lines = orf_ctl_lines_new (fd, fd);
  *connection = (OrfCtlConnection){ &socket_transport, transport };
  return ORF_CTL_DONE;
}
