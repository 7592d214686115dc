/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-http-post.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PARTS      8
#define MAX_HEAD_BYTES 16384
/* Of an answer's body, which nobody reads; a longer one ends the connection. */
#define MAX_BODY_BYTES (64 * 1024)
/* A day: longer than anyone waits, and no product overflows. */
#define MAX_RETRY_S 86400

/* ---- the target ------------------------------------------------------------------------------ */

/* "HOST", "HOST:PORT", "[::1]:PORT"; what stands behind a slash has to be nothing. */
static bool
split_authority (const char *text, char **host, char **port)
{
  size_t length = strcspn (text, "/");
  const char *colon;
  size_t host_length;

  if (text[length] == '/' && text[length + 1] != '\0')
    return false;
  if (text[0] == '[') {
    const char *end = memchr (text, ']', length);

    if (end == NULL)
      return false;
    colon = end + 1 < text + length ? end + 1 : NULL;
    *host = strndup (text + 1, (size_t) (end - text) - 1);
  } else {
    colon = memchr (text, ':', length);
    host_length = colon != NULL ? (size_t) (colon - text) : length;
    *host = strndup (text, host_length);
  }
  if (colon != NULL && *colon != ':')
    return false;
  *port = colon != NULL ? strndup (colon + 1, length - (size_t) (colon + 1 - text)) : strdup ("80");
  return *host != NULL && **host != '\0' && *port != NULL &&
         (*port)[strspn (*port, "0123456789")] == '\0' && **port != '\0';
}

static bool
is_clean (const char *text)
{
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~')
      return false;
  return true;
}

bool
orf_http_target_init (OrfHttpTarget *target,
                      const char *endpoint,
                      const char *path,
                      const char *type,
                      const char *token)
{
  static const char scheme[] = "http://";
  const char *authority = endpoint + sizeof scheme - 1;
  int length;

  *target = (OrfHttpTarget){ NULL, NULL, NULL };
  if (strncasecmp (endpoint, scheme, sizeof scheme - 1) != 0 || !is_clean (endpoint) ||
      strpbrk (authority, " @?#") != NULL || (token != NULL && !is_clean (token)) ||
      !split_authority (authority, &target->host, &target->port)) {
    orf_http_target_clear (target);
    return false;
  }
  length = asprintf (&target->head,
                     "POST %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: liborfeas\r\n"
                     "Content-Type: %s\r\n%s%s%sContent-Length: ",
                     path, (int) strcspn (authority, "/"), authority, type,
                     token != NULL ? "Authorization: Bearer " : "", token != NULL ? token : "",
                     token != NULL ? "\r\n" : "");
  if (length < 0)
    target->head = NULL;
  if (target->head == NULL)
    orf_http_target_clear (target);
  return target->head != NULL;
}

void
orf_http_target_clear (OrfHttpTarget *target)
{
  free (target->host);
  free (target->port);
  free (target->head);
  *target = (OrfHttpTarget){ NULL, NULL, NULL };
}

/* ---- the connection -------------------------------------------------------------------------- */

void
orf_http_post_close (OrfHttpPost *post)
{
  if (post->fd >= 0)
    close (post->fd);
  post->fd = -1;
}

static bool
connect_to (OrfHttpPost *post, const struct addrinfo *address)
{
  int error = 0;
  socklen_t size = sizeof error;

  post->fd = socket (address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (post->fd < 0)
    return false;
  if (connect (post->fd, address->ai_addr, address->ai_addrlen) == 0)
    return true;
  if (errno == EINPROGRESS) {
    if (!post->wait (post->user_data, post->fd, POLLOUT))
      error = ETIMEDOUT;
    else
      getsockopt (post->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
      return true;
    errno = error;
  }
  error = errno;
  orf_http_post_close (post);
  errno = error;
  return false;
}

static bool
open_connection (OrfHttpPost *post, OrfHttpAnswer *answer)
{
  const OrfHttpTarget *target = post->target;
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;
  int code = getaddrinfo (target->host, target->port, &hints, &found);

  if (code != 0) {
    snprintf (answer->reason, sizeof answer->reason, "%.100s: %s", target->host,
              gai_strerror (code));
    return false;
  }
  for (const struct addrinfo *at = found; at != NULL && post->fd < 0; at = at->ai_next)
    if (!connect_to (post, at))
      snprintf (answer->reason, sizeof answer->reason, "no connection to %.100s port %.10s: %s",
                target->host, target->port, strerror (errno));
  freeaddrinfo (found);
  return post->fd >= 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

static size_t
skip_written (struct iovec **parts, size_t n_parts, size_t written)
{
  while (n_parts > 0 && written >= (*parts)->iov_len) {
    written -= (*parts)->iov_len;
    ++*parts;
    n_parts--;
  }
  if (n_parts > 0) {
    (*parts)->iov_base = (char *) (*parts)->iov_base + written;
    (*parts)->iov_len -= written;
  }
  return n_parts;
}

static bool
send_parts (OrfHttpPost *post, struct iovec *parts, size_t n_parts)
{
  while (n_parts > 0) {
    const struct msghdr message = { .msg_iov = parts, .msg_iovlen = n_parts };
    ssize_t written = sendmsg (post->fd, &message, MSG_NOSIGNAL);

    if (written >= 0)
      n_parts = skip_written (&parts, n_parts, (size_t) written);
    else if (errno == EAGAIN) {
      if (!post->wait (post->user_data, post->fd, POLLOUT))
        return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

static bool
send_request (OrfHttpPost *post, const struct iovec *body, size_t n_parts)
{
  struct iovec all[MAX_PARTS + 2];
  size_t length = 0;
  char tail[32];

  all[0] = (struct iovec){ post->target->head, strlen (post->target->head) };
  for (size_t i = 0; i < n_parts; i++) {
    all[i + 2] = body[i];
    length += body[i].iov_len;
  }
  all[1] = (struct iovec){ tail, (size_t) snprintf (tail, sizeof tail, "%zu\r\n\r\n", length) };
  return send_parts (post, all, n_parts + 2);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Bytes that came; 0: the connection ended, or it took too long. */
static size_t
receive (OrfHttpPost *post, char *to, size_t size)
{
  for (;;) {
    ssize_t length = recv (post->fd, to, size, 0);

    if (length >= 0)
      return (size_t) length;
    if (errno == EAGAIN) {
      if (!post->wait (post->user_data, post->fd, POLLIN))
        return 0;
    } else if (errno != EINTR) {
      return 0;
    }
  }
}

/* Of a head that ends in NUL: the value of a header, up to the end of its line; NULL: none. */
static const char *
find_header (const char *head, const char *name)
{
  size_t length = strlen (name);

  for (const char *line = strstr (head, "\r\n"); line != NULL; line = strstr (line, "\r\n")) {
    line += 2;
    if (strncasecmp (line, name, length) == 0 && line[length] == ':')
      return line + length + 1 + strspn (line + length + 1, " \t");
  }
  return NULL;
}

static void
read_head (const char *head, OrfHttpAnswer *answer, bool *keeps, long long *body_bytes)
{
  const char *length = find_header (head, "Content-Length");
  const char *connection = find_header (head, "Connection");
  const char *retry = find_header (head, "Retry-After");

  answer->status = atoi (head + strcspn (head, " \r"));
  if (answer->status < 200 || answer->status > 599)
    answer->status = 0;
  /* a date is as if it were not there: the pause is ours then */
  if (retry != NULL && *retry >= '0' && *retry <= '9') {
    long long seconds = strtoll (retry, NULL, 10);

    answer->retry_after_us = (seconds < MAX_RETRY_S ? seconds : MAX_RETRY_S) * 1000000;
  }
  *body_bytes = length != NULL ? strtoll (length, NULL, 10) : answer->status == 204 ? 0 : -1;
  *keeps = *body_bytes >= 0 && *body_bytes <= MAX_BODY_BYTES &&
           find_header (head, "Transfer-Encoding") == NULL &&
           (connection == NULL || strncasecmp (connection, "close", 5) != 0) &&
           strncmp (head, "HTTP/1.1", 8) == 0;
}

static void
skip_body (OrfHttpPost *post, long long left)
{
  char bytes[1024];

  while (left > 0) {
    size_t got = receive (post, bytes,
                          left < (long long) sizeof bytes ? (size_t) left : sizeof bytes);

    if (got == 0) {
      orf_http_post_close (post);
      return;
    }
    left -= (long long) got;
  }
}

/* false: nothing came that is an answer. */
static bool
receive_answer (OrfHttpPost *post, OrfHttpAnswer *answer)
{
  char head[MAX_HEAD_BYTES + 1];
  size_t length = 0;
  char *end = NULL;
  bool keeps = false;
  long long body_bytes = 0;

  while (end == NULL && length < MAX_HEAD_BYTES) {
    size_t got = receive (post, head + length, MAX_HEAD_BYTES - length);

    if (got == 0)
      return false;
    length += got;
    head[length] = '\0';
    end = strstr (head, "\r\n\r\n");
  }
  if (end == NULL || strncmp (head, "HTTP/1.", 7) != 0)
    return false;
  end[2] = '\0';
  read_head (head, answer, &keeps, &body_bytes);
  if (keeps)
    skip_body (post, body_bytes - (long long) (length - (size_t) (end + 4 - head)));
  else
    orf_http_post_close (post);
  return answer->status != 0;
}

void
orf_http_post_send (OrfHttpPost *post,
                    const struct iovec *parts,
                    size_t n_parts,
                    OrfHttpAnswer *answer)
{
  bool is_kept = post->fd >= 0;

  *answer = (OrfHttpAnswer){ .retry_after_us = -1 };
  for (;;) {
    if (post->fd < 0 && !open_connection (post, answer))
      return;
    if (send_request (post, parts, n_parts) && receive_answer (post, answer))
      break;
    orf_http_post_close (post);
    snprintf (answer->reason, sizeof answer->reason, "%.100s gave no answer", post->target->host);
    if (!is_kept)
      return;
    is_kept = false;
  }
  if (answer->status >= 300)
    snprintf (answer->reason, sizeof answer->reason, "%.100s answered %d", post->target->host,
              answer->status);
  else
    answer->reason[0] = '\0';
}
