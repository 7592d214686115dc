/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Load for a server that speaks newline-delimited JSON on a Unix socket:
 *
 *   socket-load PATH CONNECTIONS IN_FLIGHT SECONDS TEXT
 *
 * sends TEXT as a line, IN_FLIGHT of them at once on each connection, a new one for each answer,
 * and prints {"calls_per_s":…,"p50_us":…,"p99_us":…,"errors":…}.  One thread and epoll; it does not
 * parse the answers (it must be quicker than the server), but looks for the word error in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define MAX_IN_FLIGHT 1024
#define BUFFER_BYTES  262144

typedef struct {
  int fd;
  int64_t sent_us[MAX_IN_FLIGHT]; /* a ring: the server answers one connection's calls in order */
  unsigned oldest, in_flight;
} Connection;

static const char *line;
static size_t line_length;
static unsigned depth;
static Latencies latencies;
static uint64_t errors;

static int64_t
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
die (const char *what)
{
  fprintf (stderr, "socket-load: %s: %s\n", what, strerror (errno));
  exit (1);
}

static void
open_connection (Connection *self, const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (strlen (path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    die (path);
  }
  strcpy (address.sun_path, path);
  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->fd < 0 || connect (self->fd, (struct sockaddr *) &address, sizeof address) != 0)
    die (path);
  fcntl (self->fd, F_SETFL, O_NONBLOCK);
}

/* Lines go out together: what a client with many calls in flight does. */
static void
refill (Connection *self)
{
  char out[64 * 1024];
  unsigned missing = depth - self->in_flight;
  unsigned fit = (unsigned) (sizeof out / line_length);
  size_t length = 0;
  int64_t now = now_us ();

  if (missing > fit)
    missing = fit;
  for (unsigned i = 0; i < missing; i++) {
    memcpy (out + length, line, line_length);
    length += line_length;
    self->sent_us[(self->oldest + self->in_flight++) % MAX_IN_FLIGHT] = now;
  }
  while (length > 0) {
    ssize_t n = write (self->fd, out, length);

    if (n < 0 && errno == EAGAIN)
      continue; /* a few KiB to a server that reads: a moment */
    if (n < 0)
      die ("write");
    memmove (out, out + n, length - (size_t) n);
    length -= (size_t) n;
  }
}

static void
count_answer (Connection *self, int64_t now)
{
  latencies_add (&latencies, now - self->sent_us[self->oldest]);
  self->oldest = (self->oldest + 1) % MAX_IN_FLIGHT;
  self->in_flight--;
}

static void
read_answers (Connection *self)
{
  static char buffer[BUFFER_BYTES];
  ssize_t n = read (self->fd, buffer, sizeof buffer);
  int64_t now = now_us ();
  const char *end = buffer + n;

  if (n == 0 || (n < 0 && errno != EAGAIN))
    die ("read");
  if (n < 0)
    return;
  for (const char *at = buffer; (at = memchr (at, '\n', (size_t) (end - at))) != NULL; at++)
    count_answer (self, now);
  if (memmem (buffer, (size_t) n, "\"error\"", 7) != NULL)
    errors++;
  refill (self);
}

static void
run (Connection *connections, unsigned count, int epoll_fd, int64_t duration_us)
{
  struct epoll_event events[64];
  int64_t end_us = now_us () + duration_us;

  for (unsigned i = 0; i < count; i++)
    refill (&connections[i]);
  while (now_us () < end_us) {
    int n = epoll_wait (epoll_fd, events, 64, 100);

    for (int i = 0; i < n; i++)
      read_answers (events[i].data.ptr);
  }
}

int
main (int argc, char **argv)
{
  unsigned count = argc == 6 ? (unsigned) atoi (argv[2]) : 0;
  int seconds = argc == 6 ? atoi (argv[4]) : 0;
  Connection *connections = calloc (count > 0 ? count : 1, sizeof *connections);
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  char *text;

  depth = argc == 6 ? (unsigned) atoi (argv[3]) : 0;
  if (count == 0 || depth == 0 || depth > MAX_IN_FLIGHT || seconds <= 0) {
    fprintf (stderr, "usage: socket-load PATH CONNECTIONS IN_FLIGHT SECONDS TEXT\n");
    return 2;
  }
  line_length = strlen (argv[5]) + 1;
  text = malloc (line_length);
  memcpy (text, argv[5], line_length - 1);
  text[line_length - 1] = '\n';
  line = text;

  for (unsigned i = 0; i < count; i++) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };

    open_connection (&connections[i], argv[1]);
    epoll_ctl (epoll_fd, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  run (connections, count, epoll_fd, (int64_t) seconds * 1000000);
  printf ("{\"calls_per_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%llu}\n",
          (double) latencies.n / seconds, latencies_get (&latencies, 0.5),
          latencies_get (&latencies, 0.99), (unsigned long long) errors);
  free (text);
  free (connections);
  return 0;
}
