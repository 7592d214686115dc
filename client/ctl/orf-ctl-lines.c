/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-lines.h"
#include "orf-ctl-reply.h"

/* One read; more only costs memory. */
#define CHUNK_BYTES (64 * 1024)

typedef struct {
  int read_fd;
  int write_fd; /* -1: all is written, or the other side takes no more */
  const GString *request;
  gsize written;
  GString *reply;
  gsize scanned;  /* of reply: no newline before */
  gboolean ended; /* the other side closed */
} Exchange;

/* A server may answer before it has read everything (too large, not allowed) and close: what it
 * said is worth more than EPIPE, so a failed write only ends writing. */
static void
write_some (Exchange *exchange)
{
  const GString *request = exchange->request;
  gssize done;

  done = write (exchange->write_fd, request->str + exchange->written,
                request->len - exchange->written);
  if (done > 0)
    exchange->written += (gsize) done;
  if (exchange->written == request->len || (done < 0 && errno != EAGAIN && errno != EINTR))
    exchange->write_fd = -1;
}

static void
read_some (Exchange *exchange)
{
  GString *reply = exchange->reply;
  gsize before = reply->len;
  gssize done;
  int reason;

  g_string_set_size (reply, before + CHUNK_BYTES);
  done = read (exchange->read_fd, reply->str + before, CHUNK_BYTES);
  reason = errno;
  g_string_set_size (reply, before + (gsize) MAX (done, 0));
  if (done == 0 || (done < 0 && reason != EAGAIN && reason != EINTR))
    exchange->ended = TRUE;
}

/* TRUE: reply is the response, alone.  Lines before it (notifications) are dropped. */
static gboolean
take_response (Exchange *exchange)
{
  GString *reply = exchange->reply;
  const char *newline;

  while (
    (newline = memchr (reply->str + exchange->scanned, '\n', reply->len - exchange->scanned))) {
    gsize length = (gsize) (newline - reply->str);

    exchange->scanned = 0;
    if (orf_ctl_reply_is_response (reply->str, length)) {
      g_string_truncate (reply, length);
      return TRUE;
    }
    g_string_erase (reply, 0, (gssize) length + 1);
  }
  exchange->scanned = reply->len;
  return FALSE;
}

static OrfCtlExit
fail_connection (GError **error, const char *message)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, message);
  return ORF_CTL_NO_CONNECTION;
}

OrfCtlExit
orf_ctl_lines_exchange (int read_fd,
                        int write_fd,
                        const GString *request,
                        gint64 deadline_us,
                        GString *reply,
                        GError **error)
{
  Exchange exchange = {
    .read_fd = read_fd, .write_fd = write_fd, .request = request, .reply = reply
  };

  g_string_truncate (reply, 0);
  while (!take_response (&exchange)) {
    struct pollfd fds[] = { { .fd = read_fd, .events = POLLIN },
                            { .fd = exchange.write_fd, .events = POLLOUT } };
    int ready;

    if (exchange.ended)
      return fail_connection (error, "the connection closed before the answer");
    if (reply->len > ORF_CTL_MAX_REPLY_BYTES)
      return fail_connection (error, "the answer is larger than 256 MiB");
    ready = poll (fds, G_N_ELEMENTS (fds), orf_ctl_poll_timeout_ms (deadline_us));
    if (ready == 0)
      return orf_ctl_fail_deadline (error);
    if (fds[1].revents != 0)
      write_some (&exchange);
    if (fds[0].revents != 0)
      read_some (&exchange);
  }
  return ORF_CTL_DONE;
}
