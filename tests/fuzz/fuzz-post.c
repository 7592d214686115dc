/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what a collector answers to liborfeas' tracer by HTTP: on a connection that is there
 * already, and on the one that is made where that is of no use, to a socket of ours.  And any text
 * as where a collector is. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "orf-http-post.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define PATH "/v1/traces"
#define TYPE "application/x-protobuf"
/* Larger than a socket takes at once. */
#define LARGE_BYTES (4 << 20)

/* The other side, which speaks when it is waited for. */
typedef struct {
  const uint8_t *data;
  size_t size;
  int listener, fd; /* -1: nobody came */
  guint n_waits;
} Collector;

/* ---- where it is ----------------------------------------------------------------------------- */

/* No line of the head is not ours. */
static void
check_head (const char *head)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);

  if (strcspn (head, "\n") != strlen (lines[0]) + 1 ||
      !g_str_has_prefix (lines[0], "POST " PATH " ") || !g_str_has_prefix (lines[1], "Host: ") ||
      g_strv_length (lines) < 5 || g_strv_length (lines) > 6)
    g_error ("a head of other lines: %s", head);
}

static void
read_endpoint (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\t", 2);
  const char *token = parts[0] != NULL ? parts[1] : NULL;
  OrfHttpTarget target;

  if (parts[0] == NULL || !orf_http_target_init (&target, parts[0], PATH, TYPE, token))
    return;
  check_head (target.head);
  orf_http_target_clear (&target);
}

/* ---- what it answers ------------------------------------------------------------------------- */

static void
drain (int fd)
{
  static char bytes[1 << 16];

  while (recv (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    continue;
}

/* It takes what is sent, and says all that it has at once; then it is over. */
static bool
wait_cb (void *user_data, int fd, short events)
{
  Collector *collector = user_data;
  struct pollfd ready = { fd, events, 0 };

  if (collector->fd < 0)
    collector->fd = accept4 (collector->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (collector->fd >= 0)
    drain (collector->fd);
  if (collector->fd >= 0 && events == POLLIN && collector->size > 0) {
    send (collector->fd, collector->data, collector->size, MSG_NOSIGNAL);
    shutdown (collector->fd, SHUT_WR);
    collector->size = 0;
  }
  return ++collector->n_waits < 100 && poll (&ready, 1, 0) > 0;
}

static int
listen_here (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (bind (fd, (const struct sockaddr *) &address, sizeof address) != 0 || listen (fd, 4) != 0 ||
      getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    g_error ("no socket");
  *port = ntohs (address.sin_port);
  return fd;
}

static void
check_answer (const OrfHttpAnswer *answer)
{
  if (answer->status != 0 && (answer->status < 200 || answer->status > 599))
    g_error ("a status of %d", answer->status);
  if (answer->retry_after_us < -1)
    g_error ("to be tried again %lld us before", (long long) answer->retry_after_us);
  if ((answer->reason[0] == '\0') != (answer->status != 0 && answer->status < 300))
    g_error ("status %d, and the reason %s", answer->status, answer->reason);
}

/* On a connection that is there already. */
static void
answer_at_once (const OrfHttpTarget *target, Collector *collector)
{
  const struct iovec part = { (char *) "spans", 5 };
  OrfHttpPost post = { .target = target, .wait = wait_cb, .user_data = collector };
  OrfHttpAnswer answer;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return;
  post.fd = ends[0];
  if (write (ends[1], collector->data, collector->size) == (gssize) collector->size) {
    shutdown (ends[1], SHUT_WR);
    orf_http_post_send (&post, &part, 1, &answer);
    check_answer (&answer);
  }
  orf_http_post_close (&post);
  close (ends[1]);
}

/* On a new one, and to a request that does not go out at once. */
static void
answer_later (const OrfHttpTarget *target, Collector *collector)
{
  static char large[LARGE_BYTES];
  gboolean is_large = collector->size > 0 && collector->data[collector->size - 1] == '!';
  const struct iovec parts[] = { { (char *) "spans", 5 }, { large, is_large ? sizeof large : 1 } };
  OrfHttpPost post = { .target = target, .wait = wait_cb, .user_data = collector, .fd = -1 };
  OrfHttpAnswer answer;

  orf_http_post_send (&post, parts, G_N_ELEMENTS (parts), &answer);
  check_answer (&answer);
  orf_http_post_close (&post);
}

/* Nobody listens at port 1. */
static void
ask_nobody (void)
{
  static OrfHttpTarget target;
  const struct iovec part = { (char *) "spans", 5 };
  Collector nobody = { .fd = -1, .listener = -1 };
  OrfHttpPost post = { .target = &target, .wait = wait_cb, .user_data = &nobody, .fd = -1 };
  OrfHttpAnswer answer;

  if (target.head == NULL &&
      !orf_http_target_init (&target, "http://127.0.0.1:1", PATH, TYPE, NULL))
    g_error ("no target");
  orf_http_post_send (&post, &part, 1, &answer);
  if (answer.status != 0)
    g_error ("status %d of nobody", answer.status);
  check_answer (&answer);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static OrfHttpTarget target;
  static int listener = -1;
  g_autofree char *text = g_strndup ((const char *) data, size);
  Collector collector = { .data = data, .size = size, .fd = -1 };
  guint16 port;

  if (listener < 0) {
    g_autofree char *endpoint = NULL;

    listener = listen_here (&port);
    endpoint = g_strdup_printf ("http://127.0.0.1:%u", port);
    if (!orf_http_target_init (&target, endpoint, PATH, TYPE, NULL))
      g_error ("no target");
  }
  read_endpoint (text);
  if (size > 65536)
    return 0;
  collector.listener = listener;
  answer_at_once (&target, &collector);
  answer_later (&target, &collector);
  if (size == 1)
    ask_nobody ();
  if (collector.fd >= 0)
    close (collector.fd);
  while ((collector.fd = accept (listener, NULL, NULL)) >= 0)
    close (collector.fd);
  return 0;
}
