/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Load for a server that speaks JSON-RPC by WebSocket at /rpc:
 *
 *   websocket-load PORT calls CONNECTIONS IN_FLIGHT SECONDS TEXT
 *   websocket-load PORT watch CONNECTIONS SILENT SECONDS TEXT
 *
 * calls: sends TEXT, IN_FLIGHT of them at once on each connection, a new one for each answer, and
 * prints {"calls_per_s":…,"p50_us":…,"p99_us":…,"errors":…}.
 * watch: each connection sends TEXT, which opens a stream of values with "t_us", and reads it;
 * SILENT more of them never read again.  Prints the time from t_us to the arrival:
 * {"values":…,"p50_us":…,"p99_us":…,"max_us":…,"dropped":…,"open":…}.
 *
 * One thread and epoll; frames are counted, not parsed as JSON: it must be quicker than the server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define MAX_IN_FLIGHT 1024
#define BUFFER_BYTES  (1 << 18)

typedef struct {
  int fd;
  int64_t sent_us[MAX_IN_FLIGHT]; /* a ring: the server answers one connection's calls in order */
  unsigned oldest, in_flight;
  unsigned char *buffer; /* what came and is no whole frame yet */
  size_t length;
} Connection;

static unsigned char frame[4096 + 14]; /* TEXT, masked with zeros */
static size_t frame_length;
static unsigned depth;
static int watching;
static Latencies latencies;
static uint64_t errors, dropped, closed;
static int64_t started_us; /* real time: all connections are open, and read from */

static int64_t
clock_us (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
die (const char *what)
{
  fprintf (stderr, "websocket-load: %s: %s\n", what, strerror (errno));
  exit (1);
}

static void
make_frame (const char *text)
{
  size_t length = strlen (text), head = length < 126 ? 2 : 4;

  if (length > 4096)
    die ("TEXT is too long");
  frame[0] = 0x81;
  frame[1] = (unsigned char) (0x80 | (length < 126 ? length : 126));
  frame[2] = (unsigned char) (length >> 8);
  frame[3] = (unsigned char) length;
  memset (frame + head, 0, 4);
  memcpy (frame + head + 4, text, length);
  frame_length = head + 4 + length;
}

static void
write_all (int fd, const void *data, size_t length)
{
  while (length > 0) {
    ssize_t n = write (fd, data, length);

    if (n < 0 && errno == EAGAIN)
      continue; /* a few KiB to a server that reads: a moment */
    if (n < 0)
      die ("write");
    data = (const char *) data + n;
    length -= (size_t) n;
  }
}

static void
open_connection (Connection *self, int port)
{
  static const char request[] = "GET /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t) port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  const int on = 1;
  size_t length = 0;

  self->buffer = malloc (BUFFER_BYTES);
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->fd < 0 || connect (self->fd, (struct sockaddr *) &address, sizeof address) != 0)
    die ("connect");
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  write_all (self->fd, request, sizeof request - 1);
  while (length < 4 || memcmp (self->buffer + length - 4, "\r\n\r\n", 4) != 0) {
    if (length == BUFFER_BYTES || read (self->fd, self->buffer + length, 1) != 1)
      die ("handshake");
    length++;
  }
  if (memcmp (self->buffer, "HTTP/1.1 101", 12) != 0)
    die ("no 101");
  fcntl (self->fd, F_SETFL, O_NONBLOCK);
}

static void
refill (Connection *self)
{
  static unsigned char out[65536];
  size_t length = 0;
  int64_t now = clock_us (CLOCK_MONOTONIC);

  while (self->in_flight < depth && length + frame_length <= sizeof out) {
    memcpy (out + length, frame, frame_length);
    length += frame_length;
    self->sent_us[(self->oldest + self->in_flight++) % MAX_IN_FLIGHT] = now;
  }
  write_all (self->fd, out, length);
}

static void
take_value (const unsigned char *text, size_t length, int64_t now_us)
{
  const unsigned char *at = memmem (text, length, "\"t_us\":", 7);
  int64_t t_us;

  if (memmem (text, length, "\"seq\":1,", 8) != NULL || at == NULL)
    return; /* the answer, or the first value, which no tick sent */
  if (memmem (text, length, "\"dropped\":", 10) != NULL)
    dropped++;
  t_us = strtoll ((const char *) at + 7, NULL, 10);
  if (t_us > started_us)
    latencies_add (&latencies, now_us - t_us);
}

static void
take_message (
  Connection *self, const unsigned char *text, size_t length, int64_t mono_us, int64_t now_us)
{
  if (watching) {
    take_value (text, length, now_us);
    return;
  }
  latencies_add (&latencies, mono_us - self->sent_us[self->oldest]);
  self->oldest = (self->oldest + 1) % MAX_IN_FLIGHT;
  self->in_flight--;
  if (memmem (text, length, "\"error\"", 7) != NULL)
    errors++;
}

/* The length of the frame at data with its head, 0: not whole yet. */
static size_t
measure (const unsigned char *data, size_t length, size_t *head)
{
  size_t payload;

  if (length < 2)
    return 0;
  payload = data[1] & 0x7f;
  *head = payload == 126 ? 4 : payload == 127 ? 10 : 2;
  if (length < *head)
    return 0;
  if (payload == 126)
    payload = (size_t) data[2] << 8 | data[3];
  else if (payload == 127)
    for (int i = payload = 0; i < 8; i++)
      payload = payload << 8 | data[2 + i];
  return length < *head + payload ? 0 : *head + payload;
}

static void
answer_ping (Connection *self)
{
  static const unsigned char pong[] = { 0x8a, 0x80, 0, 0, 0, 0 };

  write_all (self->fd, pong, sizeof pong);
}

static void
take (Connection *self)
{
  ssize_t n = read (self->fd, self->buffer + self->length, BUFFER_BYTES - self->length);
  int64_t mono_us = clock_us (CLOCK_MONOTONIC), now_us = clock_us (CLOCK_REALTIME);
  size_t at = 0, head, whole;

  if (n < 0 && errno == EAGAIN)
    return;
  if (n <= 0) {
    close (self->fd);
    self->fd = -1;
    closed++;
    return;
  }
  self->length += (size_t) n;
  while ((whole = measure (self->buffer + at, self->length - at, &head)) > 0) {
    const unsigned char *data = self->buffer + at;

    if ((data[0] & 0x0f) == 1)
      take_message (self, data + head, whole - head, mono_us, now_us);
    else if ((data[0] & 0x0f) == 9)
      answer_ping (self);
    at += whole;
  }
  memmove (self->buffer, self->buffer + at, self->length - at);
  self->length -= at;
  if (!watching)
    refill (self);
}

static void
loop (int epoll_fd, int64_t duration_us)
{
  int64_t end_us = clock_us (CLOCK_MONOTONIC) + duration_us;
  struct epoll_event events[256];

  while (clock_us (CLOCK_MONOTONIC) < end_us) {
    int n = epoll_wait (epoll_fd, events, 256, 100);

    for (int i = 0; i < n; i++) {
      Connection *self = events[i].data.ptr;

      if (self->fd >= 0)
        take (self);
    }
  }
}

static int
is_open (const Connection *self)
{
  char byte;
  ssize_t n = self->fd < 0 ? 0 : recv (self->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  struct tcp_info info;
  socklen_t length = sizeof info;

  if (self->fd < 0 || n == 0 || (n < 0 && errno != EAGAIN))
    return 0;
  return getsockopt (self->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
         info.tcpi_state == TCP_ESTABLISHED;
}

int
main (int argc, char **argv)
{
  struct rlimit limit = { 65536, 65536 };
  unsigned n_active, n_silent = 0, n_open = 0;
  double seconds;
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  Connection *all;

  if (argc != 7) {
    fprintf (stderr, "usage: websocket-load PORT calls|watch CONNECTIONS N SECONDS TEXT\n");
    return 2;
  }
  setrlimit (RLIMIT_NOFILE, &limit);
  watching = strcmp (argv[2], "watch") == 0;
  n_active = (unsigned) atoi (argv[3]);
  depth = watching ? 1 : (unsigned) atoi (argv[4]);
  n_silent = watching ? (unsigned) atoi (argv[4]) : 0;
  seconds = atof (argv[5]);
  if (n_active + n_silent == 0 || depth == 0 || depth > MAX_IN_FLIGHT || seconds <= 0) {
    fprintf (stderr, "websocket-load: SECONDS is above 0, IN_FLIGHT is 1 to %d\n", MAX_IN_FLIGHT);
    return 2;
  }
  make_frame (argv[6]);
  all = calloc (n_active + n_silent, sizeof *all);
  for (unsigned i = 0; i < n_active + n_silent; i++) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &all[i] };

    open_connection (&all[i], atoi (argv[1]));
    refill (&all[i]);
    if (i < n_active)
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  started_us = clock_us (CLOCK_REALTIME);
  loop (epoll_fd, (int64_t) (seconds * 1e6));
  for (unsigned i = 0; i < n_active + n_silent; i++)
    n_open += (unsigned) is_open (&all[i]);
  if (watching)
    printf (
      "{\"values\":%lu,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%ld,\"dropped\":%lu,\"open\":%u}\n",
      latencies.n, latencies_get (&latencies, 0.5), latencies_get (&latencies, 0.99),
      (long) latencies.largest_us, dropped, n_open);
  else
    printf ("{\"calls_per_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%lu}\n",
            (double) latencies.n / seconds, latencies_get (&latencies, 0.5),
            latencies_get (&latencies, 0.99), errors + closed);
  return 0;
}
