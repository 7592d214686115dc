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

struct _OrfCtlLines {
  int read_fd;
  int write_fd;
  GString *read;  /* what came and was not taken yet */
  gsize scanned;  /* of it: no newline before */
  gboolean ended; /* the other side closed */
};

OrfCtlLines *
orf_ctl_lines_new (int read_fd, int write_fd)
{
  OrfCtlLines *lines = g_new0 (OrfCtlLines, 1);

  lines->read_fd = read_fd;
  lines->write_fd = write_fd;
  lines->read = g_string_new (NULL);
  return lines;
}

void
orf_ctl_lines_free (OrfCtlLines *lines)
{
  g_string_free (lines->read, TRUE);
  g_free (lines);
}

/* A server may answer before it has read everything (too large, not allowed) and close: what it
 * said is worth more than EPIPE, so a failed write only ends writing. */
static void
write_some (const OrfCtlLines *lines, const GString *request, gsize *written)
{
  gssize done = write (lines->write_fd, request->str + *written, request->len - *written);

  if (done > 0)
    *written += (gsize) done;
  else if (done < 0 && errno != EAGAIN && errno != EINTR)
    *written = request->len;
}

static void
read_some (OrfCtlLines *lines)
{
  GString *text = lines->read;
  gsize before = text->len;
  gssize done;
  int reason;

  g_string_set_size (text, before + CHUNK_BYTES);
  done = read (lines->read_fd, text->str + before, CHUNK_BYTES);
  reason = errno;
  g_string_set_size (text, before + (gsize) MAX (done, 0));
  if (done == 0 || (done < 0 && reason != EAGAIN && reason != EINTR))
    lines->ended = TRUE;
}

/* The next whole line, without its end; FALSE: it has not come yet. */
static gboolean
take_line (OrfCtlLines *lines, GString *line)
{
  GString *text = lines->read;
  const char *newline = memchr (text->str + lines->scanned, '\n', text->len - lines->scanned);
  gsize length;

  if (newline == NULL) {
    lines->scanned = text->len;
    return FALSE;
  }
  length = (gsize) (newline - text->str);
  g_string_truncate (line, 0);
  g_string_append_len (line, text->str, (gssize) length);
  g_string_erase (text, 0, (gssize) length + 1);
  lines->scanned = 0;
  return TRUE;
}

/* Lines before it (notifications) are dropped. */
static gboolean
take_response (OrfCtlLines *lines, GString *reply)
{
  while (take_line (lines, reply)) {
    if (orf_ctl_reply_is_response (reply->str, reply->len))
      return TRUE;
  }
  return FALSE;
}

/* The next line with something in it: one of nothing is no message, and to who follows a stream it
 * would be a stop. */
static gboolean
take_message (OrfCtlLines *lines, GString *line)
{
  do {
    if (!take_line (lines, line))
      return FALSE;
  } while (line->len == 0);
  return TRUE;
}

static OrfCtlExit
fail_connection (GError **error, const char *message)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, message);
  return ORF_CTL_NO_CONNECTION;
}

static OrfCtlExit
check_read (const OrfCtlLines *lines, const char *ended, GError **error)
{
  if (lines->ended)
    return fail_connection (error, ended);
  if (lines->read->len > ORF_CTL_MAX_REPLY_BYTES)
    return fail_connection (error, ORF_CTL_REPLY_TOO_LARGE);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_lines_exchange (
  OrfCtlLines *lines, const GString *request, gint64 deadline_us, GString *reply, GError **error)
{
  gsize written = 0;

  while (!take_response (lines, reply)) {
    struct pollfd fds[] = { { .fd = lines->read_fd, .events = POLLIN },
                            { .fd = written < request->len ? lines->write_fd : -1,
                              .events = POLLOUT } };
    OrfCtlExit verdict = check_read (lines, "the connection closed before the answer", error);
    int left_ms = orf_ctl_poll_timeout_ms (deadline_us);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    /* not left to poll(): of one who sends without pause it never says that the time is over */
    if (left_ms == 0)
      return orf_ctl_fail_deadline (error);
    if (poll (fds, G_N_ELEMENTS (fds), left_ms) <= 0)
      continue; /* after a signal what it says of the descriptors is nothing */
    if (fds[1].revents != 0)
      write_some (lines, request, &written);
    if (fds[0].revents != 0)
      read_some (lines);
  }
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_lines_next (OrfCtlLines *lines, const int *stop_fds, GString *line, GError **error)
{
  g_string_truncate (line, 0);
  while (!take_message (lines, line)) {
    /* of an output only its end is of interest, and poll() tells that unasked */
    struct pollfd fds[] = { { .fd = lines->read_fd, .events = POLLIN },
                            { .fd = stop_fds[ORF_CTL_STOP_SIGNAL], .events = POLLIN },
                            { .fd = stop_fds[ORF_CTL_STOP_OUTPUT], .events = 0 } };
    OrfCtlExit verdict = check_read (lines, "the connection closed", error);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
      continue;
    if (fds[1].revents != 0 || fds[2].revents != 0)
      break;
    if (fds[0].revents != 0)
      read_some (lines);
  }
  return ORF_CTL_DONE;
}
