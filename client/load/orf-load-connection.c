/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES 65536

struct _OrfLoadConnection {
  int fd;
  OrfLoadTls *tls;       /* NULL: without; or the descriptor is not connected yet */
  OrfLoadTrust *trust;   /* NULL: without */
  gboolean is_connected; /* and hands are shaken */
  gboolean is_greeting;  /* of a WebSocket: its handshake is not answered yet */
  gboolean is_busy;      /* a request is under way, or waits for the connection */
  GString *output;       /* what is not written yet */
  GString *waiting;      /* the request, behind a handshake */
  OrfLoadReader *reader;
};

static gboolean
begin_connect (int fd, const OrfLoadTarget *target)
{
  const int one = 1;

  if (target->way != ORF_LOAD_WAY_SOCKET)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return connect (fd, (const struct sockaddr *) &target->address, target->address_length) == 0 ||
         errno == EINPROGRESS;
}

OrfLoadConnection *
orf_load_connection_new (const OrfLoadTarget *target, const OrfLoadRequests *requests)
{
  OrfLoadConnection *connection;
  int fd = socket (target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return NULL;
  if (!begin_connect (fd, target)) {
    int reason = errno;

    close (fd);
    errno = reason;
    return NULL;
  }
  connection = g_new0 (OrfLoadConnection, 1);
  connection->fd = fd;
  connection->trust = target->trust;
  connection->output = g_string_new (NULL);
  connection->waiting = g_string_new (NULL);
  connection->reader = orf_load_reader_new (target->way, orf_load_target_is_rpc (target));
  if (target->way == ORF_LOAD_WAY_WEBSOCKET) {
    orf_load_requests_append_handshake (requests, connection->output);
    connection->is_greeting = TRUE;
  }
  return connection;
}

void
orf_load_connection_free (OrfLoadConnection *connection)
{
  if (connection == NULL)
    return;
  orf_load_tls_free (connection->tls);
  close (connection->fd);
  g_string_free (connection->output, TRUE);
  g_string_free (connection->waiting, TRUE);
  orf_load_reader_free (connection->reader);
  g_free (connection);
}

int
orf_load_connection_get_fd (const OrfLoadConnection *connection)
{
  return connection->fd;
}

gboolean
orf_load_connection_wants_write (const OrfLoadConnection *connection)
{
  if (connection->tls != NULL && !connection->is_connected)
    return orf_load_tls_wants_write (connection->tls);
  return !connection->is_connected || connection->output->len > 0;
}

static OrfLoadConnectionState
break_off (OrfLoadConnection *connection, OrfLoadFault *fault)
{
  *fault = connection->is_connected ? ORF_LOAD_FAULT_PROTOCOL : ORF_LOAD_FAULT_CONNECT;
  return ORF_LOAD_CONNECTION_BROKEN;
}

static ssize_t
send_some (OrfLoadConnection *connection)
{
  const GString *output = connection->output;

  return connection->tls != NULL ? orf_load_tls_send (connection->tls, output->str, output->len)
                                 : send (connection->fd, output->str, output->len, MSG_NOSIGNAL);
}

static OrfLoadConnectionState
flush (OrfLoadConnection *connection, OrfLoadFault *fault)
{
  ssize_t n;

  if (!connection->is_connected || connection->output->len == 0)
    return ORF_LOAD_CONNECTION_GOES_ON;
  do
    n = send_some (connection);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? ORF_LOAD_CONNECTION_GOES_ON : break_off (connection, fault);
  g_string_erase (connection->output, 0, n);
  return ORF_LOAD_CONNECTION_GOES_ON;
}

OrfLoadConnectionState
orf_load_connection_send (OrfLoadConnection *connection,
                          const GString *request,
                          OrfLoadFault *fault)
{
  GString *out = connection->is_greeting ? connection->waiting : connection->output;

  g_string_append_len (out, request->str, (gssize) request->len);
  connection->is_busy = TRUE;
  if (g_str_has_prefix (request->str, "HEAD "))
    orf_load_reader_expect_no_body (connection->reader);
  return flush (connection, fault);
}

static gboolean
has_connected (const OrfLoadConnection *connection)
{
  int code = 0;
  socklen_t size = sizeof code;

  return getsockopt (connection->fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0;
}

/* FALSE: there is no connection, and there will be none. */
static gboolean
go_on_connecting (OrfLoadConnection *connection, guint32 events)
{
  if (connection->tls == NULL && !(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
    return TRUE;
  if (connection->tls == NULL && !has_connected (connection))
    return FALSE;
  if (connection->trust != NULL && connection->tls == NULL)
    connection->tls = orf_load_tls_new (connection->trust, connection->fd);
  if (connection->tls != NULL && orf_load_tls_shake_hands (connection->tls) != 0)
    return errno == EAGAIN;
  connection->is_connected = TRUE;
  return TRUE;
}

/* What an answer means here: that of a handshake is none. */
static OrfLoadConnectionState
take_answer (OrfLoadConnection *connection, OrfLoadFault *fault)
{
  if (connection->is_greeting) {
    connection->is_greeting = FALSE;
    if (*fault != ORF_LOAD_FAULT_NONE)
      return ORF_LOAD_CONNECTION_BROKEN;
    g_string_append_len (connection->output, connection->waiting->str,
                         (gssize) connection->waiting->len);
    g_string_truncate (connection->waiting, 0);
    return flush (connection, fault);
  }
  if (!connection->is_busy)
    return ORF_LOAD_CONNECTION_GOES_ON; /* what nobody asked for */
  connection->is_busy = FALSE;
  return orf_load_reader_keeps_alive (connection->reader) ? ORF_LOAD_CONNECTION_ENDED
                                                          : ORF_LOAD_CONNECTION_BROKEN;
}

static OrfLoadConnectionState
take_end (OrfLoadConnection *connection, OrfLoadFault *fault)
{
  if (orf_load_reader_end (connection->reader, fault) != ORF_LOAD_READ_DONE)
    return break_off (connection, fault);
  return ORF_LOAD_CONNECTION_BROKEN;
}

static OrfLoadConnectionState
receive (OrfLoadConnection *connection, guint64 *received_bytes, OrfLoadFault *fault)
{
  char data[READ_BYTES];
  ssize_t n;

  do
    n = connection->tls != NULL ? orf_load_tls_receive (connection->tls, data, sizeof data)
                                : recv (connection->fd, data, sizeof data, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? ORF_LOAD_CONNECTION_GOES_ON : break_off (connection, fault);
  if (n == 0)
    return take_end (connection, fault);
  *received_bytes += (guint64) n;
  switch (orf_load_reader_feed (connection->reader, data, (gsize) n, fault)) {
  case ORF_LOAD_READ_MORE:
    orf_load_reader_take_pongs (connection->reader, connection->output);
    return flush (connection, fault);
  case ORF_LOAD_READ_DONE:
    return take_answer (connection, fault);
  case ORF_LOAD_READ_BROKEN:
  default:
    return break_off (connection, fault);
  }
}

OrfLoadConnectionState
orf_load_connection_ready (OrfLoadConnection *connection,
                           guint32 events,
                           guint64 *received_bytes,
                           OrfLoadFault *fault)
{
  if (!connection->is_connected) {
    if (!go_on_connecting (connection, events))
      return break_off (connection, fault);
    /* what comes behind a handshake is told by the next event */
    return flush (connection, fault);
  }
  if ((events & EPOLLOUT) && flush (connection, fault) == ORF_LOAD_CONNECTION_BROKEN)
    return ORF_LOAD_CONNECTION_BROKEN;
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
    return receive (connection, received_bytes, fault);
  return ORF_LOAD_CONNECTION_GOES_ON;
}
